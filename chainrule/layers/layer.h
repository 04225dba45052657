// What the files of layers share.
#pragma once

#include <string_view>

#include "chainrule/graph/graph.h"

namespace chainrule::detail {

/// The graph to which a layer adds itself. Throws Error when its input is an empty Var.
inline Graph& graph_of(Var x, std::string_view layer, std::string_view name, Location at) {
  if (!x) throw Error(cat("[", layer, " \"", name, "\"] the input is an empty Var ", describe(at)));
  return x.graph();
}

}  // namespace chainrule::detail
