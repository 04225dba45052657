#include "chainrule/ops/broadcast.h"

namespace chainrule::detail {

Shape broadcast_shape(std::span<const Shape> operands) {
  std::array<Index, Shape::kMaxRank> dims;  // from the last one
  dims.fill(1);
  int rank = 0;
  bool batched = false;
  for (const Shape& s : operands) {
    for (int i = 0; i < s.rank(); ++i) {
      Index& d = dims[static_cast<std::size_t>(i)];
      const Index own = s[s.rank() - 1 - i];
      if (d != own && d != 1 && own != 1) {
        std::string all = operands[0].str();
        for (std::size_t k = 1; k < operands.size(); ++k)
          all += cat(k + 1 < operands.size() ? ", " : " and ", operands[k].str());
        throw ShapeError(cat("the operands are ", all, ": along feature axis ", -1 - i, " ", d,
                             " elements meet ", own, ", expected as many or 1"));
      }
      d = std::max(d, own);
    }
    rank = std::max(rank, s.rank());
    batched = batched || s.batched();
  }
  std::reverse(dims.begin(), dims.begin() + rank);
  return Shape(std::span<const Index>(dims.data(), static_cast<std::size_t>(rank)), batched);
}

std::vector<Var> as_vars(const OpDoc& doc, std::initializer_list<Operand> operands) {
  const auto node = std::find_if(operands.begin(), operands.end(),
                                 [](const Operand& o) { return static_cast<bool>(o.var); });
  if (node == operands.end())
    throw Error(
        cat("[", doc.name, "] got no Var, expected at least one ", describe(operands.begin()->at)));
  Graph& graph = node->var.graph();
  std::vector<Var> vars;
  for (const Operand& o : operands)
    vars.push_back(o.is_number ? graph.constant(o.number, o.at) : o.var);
  return vars;
}

}  // namespace chainrule::detail
