#include "chainrule/model/loss_table.h"

#include <algorithm>

#include "chainrule/losses/absolute_error.h"
#include "chainrule/losses/binary_cross_entropy.h"
#include "chainrule/losses/binary_cross_entropy_logits.h"
#include "chainrule/losses/categorical_cross_entropy.h"
#include "chainrule/losses/half_squared_error.h"
#include "chainrule/losses/hinge.h"
#include "chainrule/losses/huber.h"
#include "chainrule/losses/softmax_cross_entropy.h"
#include "chainrule/losses/squared_error.h"
#include "chainrule/model/text.h"

namespace chainrule {
namespace {

bool always(Index) { return true; }
bool never(Index) { return false; }
bool if_several(Index outputs) { return outputs > 1; }

template <OutputKind kind>
OutputKind is(Index) {
  return kind;
}

/// A loss without options of its own.
template <auto function>
Var build(Var output, Var target, const ModelOptions&, Location at) {
  return function(output, target, {.reduction = Reduction::none}, at);
}

constexpr LossKind kTable[] = {
    {"softmax_cross_entropy", "classes, from logits", always, is<OutputKind::logits>,
     [](Var output, Var target, const ModelOptions& options, Location at) {
       return softmax_cross_entropy(
           output, target,
           {.reduction = Reduction::none, .label_smoothing = options.label_smoothing}, at);
     },
     true},
    {"categorical_cross_entropy", "classes, from probabilities (after softmax)", always,
     is<OutputKind::probabilities>, build<categorical_cross_entropy>},
    {"binary_cross_entropy_logits", "yes or no, from logits", never, is<OutputKind::binary_logit>,
     build<binary_cross_entropy_logits>},
    {"binary_cross_entropy", "yes or no, from probabilities (after sigmoid)", never,
     is<OutputKind::binary_probability>, build<binary_cross_entropy>},
    {"hinge", "classes, or yes or no with one output, from scores", if_several,
     [](Index outputs) { return outputs > 1 ? OutputKind::logits : OutputKind::binary_logit; },
     build<hinge>},
    {"squared_error", "numbers: mean of (x - t)^2", never, is<OutputKind::values>,
     build<squared_error>},
    {"half_squared_error", "numbers: half the sum of (x - t)^2", never, is<OutputKind::values>,
     build<half_squared_error>},
    {"absolute_error", "numbers: mean of |x - t|", never, is<OutputKind::values>,
     build<absolute_error>},
    {"huber", "numbers: (x - t)^2 / 2 up to a distance of 1, linear beyond", never,
     is<OutputKind::values>, build<huber>},
};

}  // namespace

std::span<const LossKind> loss_kinds() { return kTable; }

const LossKind& loss_kind(std::string_view name) {
  const auto kind = std::ranges::find(kTable, name, &LossKind::name);
  if (kind == std::end(kTable))
    throw Error(cat("unknown loss ", in_quotes(name), did_you_mean(name, loss_names())));
  return *kind;
}

}  // namespace chainrule
