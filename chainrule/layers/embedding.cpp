#include "chainrule/layers/embedding.h"

#include "chainrule/layers/init.h"
#include "chainrule/layers/layer.h"
#include "chainrule/ops/embedding.h"

namespace chainrule {

Var Embedding::operator()(Var indices, std::string_view name, Location at) const {
  Graph& g = detail::graph_of(indices, "embedding", name, at);
  const Index rows = vocabulary == 0 ? g.node(indices).classes : vocabulary;
  if (rows < 1 || dim < 1)
    throw ShapeError(cat("[embedding \"", name, "\"] has a table of ", rows, " x ", dim,
                         ", expected class indices and a dim of at least 1 ", describe(at)));
  const Var table =
      g.param(cat(name, ".weight"), {rows, dim}, {.init = init ? init : init::normal(1)}, at);
  return g.rename(embedding(indices, table, at), name);
}

}  // namespace chainrule
