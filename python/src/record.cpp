#include "python/src/record.h"

#include <functional>
#include <map>

#include "chainrule/chainrule.h"
#include "chainrule/graph/registry.h"
#include "chainrule/losses/row_loss.h"

namespace chainrule::python {
namespace {

/// The arguments of one call.
struct Call {
  std::vector<Operand> in;
  py::dict options;

  Var at(std::size_t i) const { return i < in.size() ? in[i].var : Var{}; }
  LossOptions loss() const {
    const auto name = options["reduction"].cast<std::string>();
    const std::map<std::string, Reduction> known = {
        {"mean", Reduction::mean}, {"sum", Reduction::sum}, {"none", Reduction::none}};
    const auto it = known.find(name);
    if (it == known.end())
      throw Error(cat("there is no reduction '", name, "', expected mean, sum or none"));
    return {.weights = at(2), .reduction = it->second};
  }
};

const Location kNowhere{};  // Python adds its own line to an error

SettingValue setting_value(const py::handle& given) {
  if (py::isinstance<py::bool_>(given)) return given.cast<bool>();
  if (py::isinstance<py::int_>(given)) return given.cast<Index>();
  if (py::isinstance<py::float_>(given)) return given.cast<double>();
  return given.cast<std::vector<Index>>();
}

/// An operation of the registry; of a loss first one number for each row, then the reduction.
void make(const std::string& name, const Call& c, Graph& graph) {
  SettingList settings;
  for (const auto& [key, value] : c.options)
    if (const auto word = key.cast<std::string>(); word != "reduction")
      settings.push_back({word, setting_value(value)});
  std::vector<Var> inputs;
  for (const Operand& o : c.in)
    inputs.push_back(o.is_number ? graph.constant(o.number, kNowhere) : o.var);
  const bool classes = inputs.size() > 1 && graph.node(inputs[1]).kind == NodeKind::class_input;
  const std::string multiclass = cat("multiclass_", name);
  const OpKind& kind =
      op_kind(classes && find_op_kind(multiclass) != nullptr ? std::string_view(multiclass) : name);
  if (!c.options.contains("reduction")) {
    make_op(kind.name(), inputs, settings, kNowhere);
    return;
  }
  const LossOptions options = c.loss();
  inputs.resize(2);
  detail::reduce_rows(make_op(kind.name(), inputs, settings, kNowhere), options.weights,
                      options.reduction, kNowhere);
}

/// One input of a call: ("input", name, dims), ("class_input", name, classes, dims),
/// ("param", name, dims, trainable), or a number. Stands for a node that lies elsewhere.
Operand stand_in(Graph& graph, const py::handle& given) {
  if (py::isinstance<py::float_>(given)) return {given.cast<double>(), kNowhere};
  const auto t = given.cast<py::tuple>();
  const auto kind = t[0].cast<std::string>();
  auto name = t[1].cast<std::string>();
  if (name.empty()) name = graph.unused_name("operand");
  if (kind == "class_input")
    return {graph.class_input(name, t[2].cast<Index>(), shape_of(t[3].cast<std::vector<Index>>()),
                              kNowhere),
            kNowhere};
  const Shape shape = shape_of(t[2].cast<std::vector<Index>>());
  if (kind == "input") return {graph.input(name, shape, kNowhere), kNowhere};
  return {graph.param(name, shape, {.init = {}, .trainable = t[3].cast<bool>()}, kNowhere),
          kNowhere};
}

/// The nodes that a call appended: ("constant", array) or ("op", OpHandle, inputs), each with dims
/// and batched. Inputs are numbers of arguments, or of nodes counted on from there.
py::list appended(const Graph& graph, const std::vector<int>& places, int first) {
  std::map<int, int> number;
  for (std::size_t i = 0; i < places.size(); ++i)
    if (places[i] >= 0) number[places[i]] = static_cast<int>(i);
  py::list nodes;
  for (int id = first; id < graph.size(); ++id) {
    const Node& n = graph.node(id);
    number[id] = static_cast<int>(places.size()) + id - first;
    const std::vector<Index> dims(n.shape.dims().begin(), n.shape.dims().end());
    if (n.kind == NodeKind::constant) {
      const std::vector<py::ssize_t> d(dims.begin(), dims.end());
      nodes.append(py::make_tuple("constant", copied(std::span<const double>(n.constant), d),
                                  py::tuple(), dims, false));
      continue;
    }
    py::list inputs;
    for (const int i : n.inputs) inputs.append(number.at(i));
    nodes.append(py::make_tuple("op", OpHandle{n.op}, inputs, dims, n.shape.batched()));
  }
  return nodes;
}

py::list record(const py::object& what, const py::list& inputs, const py::dict& options) {
  Graph graph;
  Call call{{}, options};
  std::vector<int> places;  // of the inputs in the graph, -1 for numbers
  for (const py::handle& i : inputs) {
    call.in.push_back(stand_in(graph, i));
    places.push_back(call.in.back().is_number ? -1 : call.in.back().var.id());
  }
  const int first = graph.size();
  if (py::isinstance<OpHandle>(what)) {
    std::vector<Var> vars;
    for (const Operand& o : call.in) vars.push_back(o.var);
    detail::add_node(what.cast<OpHandle>().op, vars, kNowhere);
  } else {
    make(what.cast<std::string>(), call, graph);
  }
  return appended(graph, places, first);
}

}  // namespace

std::vector<Var> append_nodes(Graph& graph, const py::list& nodes, std::span<const Var> arguments) {
  std::vector<Var> vars;
  const auto dims = [](const py::handle& h) { return shape_of(h.cast<std::vector<Index>>()); };
  for (const py::handle& item : nodes) {
    const auto t = item.cast<py::tuple>();
    const auto kind = t[0].cast<std::string>();
    if (kind == "argument") {
      vars.push_back(arguments[t[1].cast<std::size_t>()]);
    } else if (kind == "constant") {
      const auto a = t[1].cast<Array<double>>();
      const std::vector<Index> d(a.shape(), a.shape() + a.ndim());
      vars.push_back(graph.constant(shape_of(d), {a.data(), a.data() + a.size()}, kNowhere));
    } else if (kind == "op") {
      std::vector<Var> inputs;
      for (const py::handle& i : t[2]) inputs.push_back(vars[i.cast<std::size_t>()]);
      Var v = graph.append(t[1].cast<OpHandle>().op, inputs, kNowhere);
      if (const auto name = t[3].cast<std::string>(); !name.empty()) v = graph.rename(v, name);
      vars.push_back(v);
    } else {
      auto name = t[1].cast<std::string>();
      if (name.empty())
        name = graph.unused_name(kind == "param" ? "w" : kind == "input" ? "x" : "t");
      if (kind == "input")
        vars.push_back(graph.input(name, dims(t[2]), kNowhere));
      else if (kind == "class_input")
        vars.push_back(graph.class_input(name, t[2].cast<Index>(), dims(t[3]), kNowhere));
      else
        vars.push_back(
            graph.param(name, dims(t[2]), {.init = {}, .trainable = t[3].cast<bool>()}, kNowhere));
    }
  }
  return vars;
}

void bind_record(py::module_& m) {
  py::class_<OpHandle>(m, "Op")
      .def_property_readonly("name", [](const OpHandle& o) { return o.op->doc().name; })
      .def_property_readonly("settings", [](const OpHandle& o) { return str(o.op->settings()); })
      .def_property_readonly("options",
                             [](const OpHandle& o) {
                               py::dict all;
                               for (const Setting& s : o.op->settings())
                                 std::visit([&](const auto& v) { all[py::str(s.name)] = v; },
                                            s.value);
                               return all;
                             })
      .def_property_readonly("custom", [](const OpHandle& o) { return custom_recipe(*o.op); })
      .def_property_readonly("forward", [](const OpHandle& o) { return o.op->doc().forward; })
      .def_property_readonly("backward", [](const OpHandle& o) { return o.op->doc().backward; })
      .def_property_readonly("stateful", [](const OpHandle& o) { return o.op->has_state(); });
  m.def("operations", [] {
    py::list all;
    for (const auto& [name, kind] : op_kinds()) {
      py::list settings;
      for (const SettingInfo& s : kind.settings)
        settings.append(py::make_tuple(s.name, s.required ? std::string() : str(s.fallback)));
      all.append(py::make_tuple(std::string(name), kind.doc->inputs, kind.doc->forward,
                                kind.doc->backward, settings, kind.doc->optional));
    }
    return all;
  });
  m.def("record", &record, py::arg("what"), py::arg("inputs"), py::arg("options"));
}

}  // namespace chainrule::python
