#include "chainrule/layers/layer_norm.h"

#include "chainrule/layers/init.h"
#include "chainrule/layers/layer.h"
#include "chainrule/ops/layer_norm.h"

namespace chainrule {

Var LayerNorm::operator()(Var x, std::string_view name, Location at) const {
  Graph& g = detail::graph_of(x, "layer_norm", name, at);
  const Shape features{x.shape().last()};
  const Var gamma = g.param(cat(name, ".weight"), features, {.init = init::constant(1)}, at);
  const Var beta = g.param(cat(name, ".bias"), features, {}, at);
  return g.rename(layer_norm(x, gamma, beta, epsilon, at), name);
}

}  // namespace chainrule
