#include "chainrule/ops/broadcast.h"

namespace chainrule::detail {

Shape broadcast_shape(const Shape& a, const Shape& b) {
  const Shape& large = a.rank() >= b.rank() ? a : b;
  const Shape& small = a.rank() >= b.rank() ? b : a;
  const auto tail = large.dims().last(static_cast<std::size_t>(small.rank()));
  if (!std::equal(tail.begin(), tail.end(), small.dims().begin()))
    throw ShapeError(cat("the operands are ", a.str(), " and ", b.str(),
                         ", expected one's feature axes to be the last ones of the other"));
  return large.with_batch(a.batched() || b.batched());
}

BroadcastPlan::BroadcastPlan(const Shape& a, const Shape& b, const Shape& y, Index rows)
    : columns(y.size()) {
  const Shape* const shapes[] = {&a, &b};
  bool flat = true;
  for (int k = 0; k < 2; ++k) {
    const Shape& s = *shapes[k];
    const bool complete = s.batched() == y.batched() && s.size() == y.size();
    const bool single = !s.batched() && s.size() == 1;
    side[k] = {.size = s.size(),
               .row = s.batched() ? s.size() : 0,
               .step = 0,
               .batched = s.batched(),
               .complete = complete};
    flat = flat && (complete || single);
  }
  // Without broadcasting, or with a single number, all rows are one stretch.
  if (flat)
    length = rows * columns;
  else
    length = std::min(a.size(), b.size()) == 1 ? columns : std::min(a.size(), b.size());
  segments = rows * columns / length;
  for (Side& s : side) s.step = flat ? s.complete : s.size > 1;
}

std::array<Var, 2> as_vars(const OpDoc& doc, const Operand& a, const Operand& b) {
  if (!a.var && !b.var)
    throw Error(cat("[", doc.name, "] got no Var, expected at least one ", describe(a.at)));
  Graph& graph = (a.var ? a : b).var.graph();
  const auto node = [&](const Operand& o) {
    return o.is_number ? graph.constant(o.number, o.at) : o.var;
  };
  const Var first = node(a);
  return {first, node(b)};
}

}  // namespace chainrule::detail
