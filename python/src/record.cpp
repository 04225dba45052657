#include "python/src/record.h"

#include <functional>
#include <map>

#include "chainrule/chainrule.h"

namespace chainrule::python {
namespace {

/// The arguments of one call.
struct Call {
  std::vector<Operand> in;
  py::dict options;

  Var at(std::size_t i) const { return i < in.size() ? in[i].var : Var{}; }
  template <class T>
  T option(const char* name) const {
    return options[name].cast<T>();
  }
  Reduction reduction() const {
    const auto name = option<std::string>("reduction");
    if (name == "mean") return Reduction::mean;
    if (name == "sum") return Reduction::sum;
    if (name == "none") return Reduction::none;
    throw Error(cat("there is no reduction '", name, "', expected mean, sum or none"));
  }
};

using Builder = Var (*)(const Call&);

const Location kNowhere{};  // Python adds its own line to an error

template <Var (*F)(Var, Location)>
Var unary(const Call& c) {
  return F(c.at(0), kNowhere);
}
template <Var (*F)(Operand, Operand)>
Var binary(const Call& c) {
  return F(c.in[0], c.in[1]);
}
template <Var (*F)(Var, Var, LossOptions, Location)>
Var loss(const Call& c) {
  return F(c.at(0), c.at(1), {.weights = c.at(2), .reduction = c.reduction()}, kNowhere);
}

const std::map<std::string, Builder, std::less<>> kBuilders = {
    {"add", binary<add>},
    {"subtract", binary<subtract>},
    {"multiply", binary<multiply>},
    {"divide", binary<divide>},
    {"maximum", binary<maximum>},
    {"minimum", binary<minimum>},
    {"negate", unary<negate>},
    {"abs", unary<abs>},
    {"exp", unary<exp>},
    {"log", unary<log>},
    {"sqrt", unary<sqrt>},
    {"square", unary<square>},
    {"relu", unary<relu>},
    {"selu", unary<selu>},
    {"gelu", unary<gelu>},
    {"gelu_tanh", unary<gelu_tanh>},
    {"silu", unary<silu>},
    {"sigmoid", unary<sigmoid>},
    {"tanh", unary<tanh>},
    {"softplus", unary<softplus>},
    {"softmax", unary<softmax>},
    {"log_softmax", unary<log_softmax>},
    {"transpose", unary<transpose>},
    {"flatten", unary<flatten>},
    {"sum", unary<sum>},
    {"mean", unary<mean>},
    {"sum_batch", unary<sum_batch>},
    {"mean_batch", unary<mean_batch>},
    {"sum_features", unary<sum_features>},
    {"mean_features", unary<mean_features>},
    {"squared_error", loss<squared_error>},
    {"half_squared_error", loss<half_squared_error>},
    {"absolute_error", loss<absolute_error>},
    {"hinge", loss<hinge>},
    {"binary_cross_entropy_logits", loss<binary_cross_entropy_logits>},
    {"leaky_relu",
     [](const Call& c) { return leaky_relu(c.at(0), c.option<double>("slope"), kNowhere); }},
    {"elu", [](const Call& c) { return elu(c.at(0), c.option<double>("alpha"), kNowhere); }},
    {"power", [](const Call& c) { return power(c.at(0), c.option<double>("exponent"), kNowhere); }},
    {"clip",
     [](const Call& c) {
       return clip(c.at(0), c.option<double>("low"), c.option<double>("high"), kNowhere);
     }},
    {"dropout", [](const Call& c) { return dropout(c.at(0), c.option<double>("rate"), kNowhere); }},
    {"matmul", [](const Call& c) { return matmul(c.at(0), c.at(1), kNowhere); }},
    {"affine", [](const Call& c) { return affine(c.at(0), c.at(1), c.at(2), kNowhere); }},
    {"weighted_mean", [](const Call& c) { return weighted_mean(c.at(0), c.at(1), kNowhere); }},
    {"embedding", [](const Call& c) { return embedding(c.at(0), c.at(1), kNowhere); }},
    {"reshape",
     [](const Call& c) {
       return reshape(c.at(0), shape_of(c.option<std::vector<Index>>("shape")), kNowhere);
     }},
    {"slice",
     [](const Call& c) {
       return slice(c.at(0), c.option<Index>("begin"), c.option<Index>("end"), kNowhere);
     }},
    {"concat",
     [](const Call& c) {
       std::vector<Var> all;
       for (std::size_t i = 0; i < c.in.size(); ++i) all.push_back(c.at(i));
       return concat(std::span<const Var>(all), kNowhere);
     }},
    {"layer_norm",
     [](const Call& c) {
       return layer_norm(c.at(0), c.at(1), c.at(2), c.option<double>("epsilon"), kNowhere);
     }},
    {"batch_norm",
     [](const Call& c) {
       return batch_norm(
           c.at(0), c.at(1), c.at(2), c.at(3), c.at(4),
           {.momentum = c.option<double>("momentum"), .epsilon = c.option<double>("epsilon")},
           kNowhere);
     }},
    {"l1_penalty",
     [](const Call& c) { return l1_penalty(c.at(0), c.option<double>("strength"), kNowhere); }},
    {"l2_penalty",
     [](const Call& c) { return l2_penalty(c.at(0), c.option<double>("strength"), kNowhere); }},
    {"huber",
     [](const Call& c) {
       return huber(
           c.at(0), c.at(1),
           {.weights = c.at(2), .reduction = c.reduction(), .delta = c.option<double>("delta")},
           kNowhere);
     }},
    {"binary_cross_entropy",
     [](const Call& c) {
       return binary_cross_entropy(c.at(0), c.at(1),
                                   {.weights = c.at(2), .reduction = c.reduction()}, kNowhere);
     }},
    {"categorical_cross_entropy",
     [](const Call& c) {
       return categorical_cross_entropy(c.at(0), c.at(1),
                                        {.weights = c.at(2), .reduction = c.reduction()}, kNowhere);
     }},
    {"softmax_cross_entropy",
     [](const Call& c) {
       return softmax_cross_entropy(c.at(0), c.at(1),
                                    {.weights = c.at(2),
                                     .reduction = c.reduction(),
                                     .label_smoothing = c.option<double>("label_smoothing")},
                                    kNowhere);
     }},
};

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
    const auto name = what.cast<std::string>();
    const auto found = kBuilders.find(name);
    if (found == kBuilders.end()) throw Error(cat("there is no operation '", name, "'"));
    found->second(call);
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
      .def_property_readonly("forward", [](const OpHandle& o) { return o.op->doc().forward; })
      .def_property_readonly("backward", [](const OpHandle& o) { return o.op->doc().backward; })
      .def_property_readonly("stateful", [](const OpHandle& o) { return o.op->has_state(); });
  m.def("record", &record, py::arg("what"), py::arg("inputs"), py::arg("options"));
}

}  // namespace chainrule::python
