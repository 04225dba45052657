#include "chainrule/layers/batch_norm.h"

#include "chainrule/layers/init.h"
#include "chainrule/layers/layer.h"
#include "chainrule/ops/batch_norm.h"

namespace chainrule {

Var BatchNorm::operator()(Var x, std::string_view name, Location at) const {
  Graph& g = detail::graph_of(x, "batch_norm", name, at);
  const auto param = [&](std::string_view part, double start, bool trainable) {
    return g.param(cat(name, ".", part), {x.shape().last()},
                   {.init = init::constant(start), .trainable = trainable}, at);
  };
  const Var gamma = param("weight", 1, true), beta = param("bias", 0, true);
  const Var mean = param("running_mean", 0, false), var = param("running_var", 1, false);
  const BatchNormOptions options{.momentum = momentum, .epsilon = epsilon};
  return g.rename(batch_norm(x, gamma, beta, mean, var, options, at), name);
}

}  // namespace chainrule
