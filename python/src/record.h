// Operations by name, and graphs from lists of nodes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "chainrule/graph/op.h"
#include "python/src/common.h"

namespace chainrule::python {

/// An operation as Python passes it around.
struct OpHandle {
  std::shared_ptr<const Op> op;
};

/// Appends nodes to `graph`, one for each tuple:
///   ("input", name, dims), ("class_input", name, classes, dims), ("constant", array),
///   ("param", name, dims, trainable), ("op", OpHandle, numbers of nodes, name or ""),
///   ("argument", i), which stands for arguments[i].
std::vector<Var> append_nodes(Graph& graph, const py::list& nodes,
                              std::span<const Var> arguments = {});

/// The arguments of custom_op() that made an operation, or None for one of the registry.
py::object custom_recipe(const Op& op);

void bind_record(py::module_& m);
void bind_custom(py::module_& m);
void bind_unbatch(py::module_& m);

}  // namespace chainrule::python
