#include "chainrule/layers/dropout.h"

#include "chainrule/layers/layer.h"
#include "chainrule/ops/dropout.h"

namespace chainrule {

Var Dropout::operator()(Var x, std::string_view name, Location at) const {
  return detail::graph_of(x, "dropout", name, at).rename(dropout(x, rate, at), name);
}

}  // namespace chainrule
