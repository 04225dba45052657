#include "chainrule/losses/row_loss.h"

#include "chainrule/ops/arithmetic.h"
#include "chainrule/ops/reduce.h"

namespace chainrule::detail {

Var reduce_rows(Var losses, Var weights, Reduction reduction, Location at) {
  if (reduction == Reduction::mean)
    return weights ? weighted_mean(losses, weights, at) : mean(losses, at);
  const Var rows = weights ? Operand(losses, at) * Operand(weights, at) : losses;
  return reduction == Reduction::sum ? sum(rows, at) : rows;
}

Index target_classes(Var target) { return target ? target.graph().node(target).classes : 0; }

void check_class_target(Index classes, const Shape& x, const Shape& target) {
  if (!x.batched() || x.rank() != 1)
    throw ShapeError(cat("the output has shape ", x.str(), ", expected [B, classes]"));
  if (classes == 0 && target != x)
    throw ShapeError(cat("the output has shape ", x.str(), ", the target ", target.str(),
                         ", expected the same shape or class indices [B]"));
  if (classes == 0) return;
  if (target.size() != 1)
    throw ShapeError(cat("the target has shape ", target.str(), ", expected one class per row"));
  if (classes != x.last())
    throw ShapeError(cat("the output has ", x.last(), " columns, the target ", classes,
                         " classes, expected as many columns as classes"));
}

}  // namespace chainrule::detail
