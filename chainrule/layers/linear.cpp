#include "chainrule/layers/linear.h"

#include "chainrule/layers/init.h"
#include "chainrule/layers/layer.h"
#include "chainrule/ops/affine.h"

namespace chainrule {

Var Linear::operator()(Var x, std::string_view name, Location at) const {
  Graph& g = detail::graph_of(x, "linear", name, at);
  if (out < 1)
    throw ShapeError(
        cat("[linear \"", name, "\"] has ", out, " outputs, expected at least 1 ", describe(at)));
  const Var w = g.param(
      cat(name, ".weight"), {x.shape().last(), out},
      {.init = init ? init : init::glorot_uniform(), .file_layout = FileLayout::transposed}, at);
  const Var b = bias ? g.param(cat(name, ".bias"), {out}, {}, at) : Var();
  return g.rename(affine(x, w, b, at), name);
}

}  // namespace chainrule
