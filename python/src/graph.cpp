// A recorded graph with its memory, the gradient check and the optimizers.
#include <cstring>
#include <optional>
#include <unistd.h>

#include "chainrule/check/gradcheck.h"
#include "chainrule/explain/element.h"
#include "chainrule/explain/explanation.h"
#include "chainrule/graph/tape.h"
#include "chainrule/optim/optimizers.h"
#include "python/src/model.h"
#include "python/src/record.h"

namespace chainrule::python {
namespace {

/// A graph, its parameters and a tape, of which Python sees nodes by their numbers. Inputs and
/// parameters are copied in before a pass.
template <class T>
class Program {
 public:
  Program(const py::list& nodes, Index rows) : vars_(append_nodes(graph_, nodes)), params_(graph_) {
    make_tape(rows);
  }

  /// True when the tape is a new one, whose inputs hold nothing.
  bool set_rows(Index rows) {
    const Usage::Hold hold(usage_, true, kWhat);
    if (rows <= tape_->capacity()) {
      tape_->set_rows(rows);
      return false;
    }
    make_tape(rows);
    return true;
  }

  /// Copies an input's or a parameter's value; false when it is there already, bit by bit.
  bool set(int node, const Array<T>& value) {
    const Usage::Hold hold(usage_, true, kWhat);
    const Var v = var(node);
    const bool is_param = graph_.node(v).kind == NodeKind::param;
    const View<T> to = is_param ? params_[v] : tape_->input(v);
    if (to.size() != value.size())
      throw ShapeError(
          cat("'", v.name(), "' was given ", value.size(), " numbers, expected ", to.size()));
    if (std::memcmp(to.data(), value.data(), sizeof(T) * static_cast<std::size_t>(to.size())) == 0)
      return false;
    std::copy_n(value.data(), value.size(), to.data());
    return true;
  }

  bool set_classes(int node, const Array<std::int32_t>& value) {
    const Usage::Hold hold(usage_, true, kWhat);
    const Var v = var(node);
    const auto to = tape_->class_input(v);
    const std::span<const std::int32_t> from = span_of(value);
    if (std::equal(from.begin(), from.end(), to.begin(), to.end())) return false;
    tape_->set(v, from);
    return true;
  }

  void forward(bool training, std::uint64_t seed, std::uint64_t step) {
    const Usage::Hold hold(usage_, true, kWhat);
    const py::gil_scoped_release release;
    pass_ = {.training = training, .seed = seed, .step = step};
    tape_->forward(pass_);
  }

  void backward(int from, const std::optional<Array<T>>& upstream) {
    const Usage::Hold hold(usage_, true, kWhat);
    const py::gil_scoped_release release;
    if (upstream)
      tape_->backward(var(from), span_of(*upstream));
    else
      tape_->backward(var(from));
  }

  /// Moves running statistics, and hands out their new values.
  void update_state() {
    const Usage::Hold hold(usage_, true, kWhat);
    tape_->update_state();
  }

  Array<T> value(int node) {
    const Usage::Hold hold(usage_, false, kWhat);
    return array(var(node), tape_->value(var(node)));
  }
  Array<T> param(int node) {
    const Usage::Hold hold(usage_, false, kWhat);
    return array(var(node), View<const T>(params_[var(node)]));
  }
  Array<T> grad(int node) {
    const Usage::Hold hold(usage_, false, kWhat);
    return array(var(node), tape_->grad(var(node)));
  }
  py::list contributions(int node) {
    const Usage::Hold hold(usage_, false, kWhat);
    py::list terms;
    for (const Term<T>& t : tape_->contributions(var(node)))
      terms.append(py::make_tuple(t.consumer.name(), t.input,
                                  array(var(node), View<const T>(t.amount.view()))));
    return terms;
  }
  std::string name(int node) { return var(node).name(); }

  /// The first node, in the order of computation, with NaN or infinity, and whether it is in the
  /// gradient.
  py::object find_nonfinite() {
    const Usage::Hold hold(usage_, false, kWhat);
    const auto found = tape_->find_nonfinite();
    if (!found) return py::none();
    return py::make_tuple(found->node.name(), found->in_gradient);
  }

  Explanation explain(int output, bool check) requires std::same_as<T, double> {
    const Usage::Hold hold(usage_, true, kWhat);
    std::vector<Var> fixed;
    return chainrule::explain(*tape_, var(output), {.pass = pass_, .check = check, .fixed = fixed});
  }
  ElementExplanation explain_element(int output,
                                     const std::string& name) requires std::same_as<T, double> {
    const Usage::Hold hold(usage_, true, kWhat);
    tape_->forward(pass_);
    tape_->backward(var(output));
    return chainrule::explain_element(*tape_, var(output),
                                      find_element(graph_, name, tape_->rows()), pass_);
  }
  py::dict compare(int output, const py::dict& arrays) requires std::same_as<T, double> {
    const std::vector<data::NpzArray> given = given_arrays(arrays);
    const Usage::Hold hold(usage_, true, kWhat);
    return comparison_dict(
        chainrule::compare<double>(*tape_, &params_, var(output), given, {.pass = pass_}));
  }
  GradcheckReport gradcheck(int output,
                            const GradcheckOptions& options) requires std::same_as<T, double> {
    const Usage::Hold hold(usage_, true, kWhat);
    return gradcheck_model(
        params_, var(output), tape_->rows(),
        [&](Tape<double>& to) {
          to.set_rows(tape_->rows());
          for (const int id : graph_.inputs()) {
            const Var v = graph_.var(id);
            if (graph_.node(id).kind == NodeKind::class_input) {
              const View<std::int32_t> from = tape_->class_input(v);
              to.set(v, std::span<const std::int32_t>(from.span()));
            } else {
              to.set(v, std::span<const double>(tape_->input(v).span()));
            }
          }
        },
        options);
  }

 private:
  static constexpr const char* kWhat = "the graph";

  void make_tape(Index rows) { tape_.emplace(params_, TapeOptions{.rows = rows}); }
  Var var(int node) const { return vars_.at(static_cast<std::size_t>(node)); }
  Array<T> array(Var v, View<const T> values) const {
    return copied(std::span<const T>(values.span()), dims_of(v.shape(), tape_->rows()));
  }

  Graph graph_;
  std::vector<Var> vars_;
  Params<T> params_;
  std::optional<Tape<T>> tape_;
  Pass pass_;
  Usage usage_;
};

template <class T>
py::class_<Program<T>> bind_program(py::module_& m, const char* name) {
  py::class_<Program<T>> c(m, name);
  c.def(py::init<const py::list&, Index>(), py::arg("nodes"), py::arg("rows"))
      .def("set_rows", &Program<T>::set_rows)
      .def("set", &Program<T>::set, py::arg("node"), py::arg("value").noconvert())
      .def("set_classes", &Program<T>::set_classes)
      .def("forward", &Program<T>::forward)
      .def("backward", &Program<T>::backward, py::arg("node"),
           py::arg("upstream").none(true) = py::none())
      .def("update_state", &Program<T>::update_state)
      .def("value", &Program<T>::value)
      .def("param", &Program<T>::param)
      .def("grad", &Program<T>::grad)
      .def("contributions", &Program<T>::contributions)
      .def("name", &Program<T>::name)
      .def("find_nonfinite", &Program<T>::find_nonfinite);
  return c;
}

/// An optimizer with what it remembers about one parameter.
template <class T>
class Stepper {
 public:
  Stepper(const std::string& name, const OptimizerSettings& settings, Index size)
      : optimizer_(make_optimizer(name, settings)), state_(optimizer_.start<T>(size)) {}

  void step(Array<T>& values, const Array<T>& grads, double lr) {
    if (values.size() != grads.size()) throw ShapeError("values and gradients differ in size");
    ThreadPool pool(1);
    optimizer_.step(state_,
                    std::span<T>(values.mutable_data(), static_cast<std::size_t>(values.size())),
                    span_of(grads), lr, pool);
  }
  double lr() const { return optimizer_.lr(); }

 private:
  Optimizer optimizer_;
  OptimizerState<T> state_;
};

template <class T>
void bind_stepper(py::module_& m, const char* name) {
  py::class_<Stepper<T>>(m, name)
      .def(py::init<const std::string&, const OptimizerSettings&, Index>())
      .def("step", &Stepper<T>::step, py::arg("values").noconvert(), py::arg("grads").noconvert(),
           py::arg("lr"))
      .def_property_readonly("lr", &Stepper<T>::lr);
}

/// ("rows" or "param" or "classes", dims, classes, low, high, values or [])
Argument argument_of(const py::tuple& t) {
  Argument a({1});
  a.dims = t[1].cast<std::vector<Index>>();
  a.is_param = t[0].cast<std::string>() == "param";
  a.class_count = t[2].cast<Index>();
  a.low = t[3].cast<double>(), a.high = t[4].cast<double>();
  a.values = t[5].cast<std::vector<double>>();
  return a;
}

GradcheckReport check_function(const py::list& nodes, int result, const py::list& arguments,
                               const GradcheckOptions& options) {
  // The check keeps threads for later checks, and a fork does not copy threads.
  static const pid_t first = getpid();
  if (getpid() != first)
    throw Error(
        "gradcheck() has run before this process was forked and cannot run here; use a new "
        "process (multiprocessing with 'spawn')");
  std::vector<Argument> all;
  for (const py::handle& a : arguments) all.push_back(argument_of(a.cast<py::tuple>()));
  return gradcheck_function(
      [&](std::span<const Var> vars) {
        return append_nodes(vars[0].graph(), nodes, vars).at(static_cast<std::size_t>(result));
      },
      all, options);
}

}  // namespace

void bind_graph(py::module_& m) {
  bind_record(m);
  bind_custom(m);
  bind_unbatch(m);
  py::class_<GradcheckOptions>(m, "GradcheckOptions")
      .def(py::init([](double tolerance, bool training, bool allow_zero, bool fixed_rows,
                       std::uint64_t seed) {
        return GradcheckOptions{.tolerance = tolerance,
                                .training = training,
                                .allow_zero = allow_zero,
                                .fixed_rows = fixed_rows,
                                .seed = seed};
      }));
  py::class_<GradcheckReport>(m, "GradcheckReport")
      .def_readonly("failure", &GradcheckReport::failure)
      .def_property_readonly("max_error", &GradcheckReport::max_error)
      .def_property_readonly("entries", [](const GradcheckReport& r) {
        py::list all;
        for (const GradcheckEntry& e : r.entries)
          all.append(py::make_tuple(e.name, e.shape.str(), e.checked, e.resampled, e.max_error,
                                    e.mean_abs_error, e.max_gradient));
        return all;
      });
  m.def("gradcheck", &check_function);
  bind_program<float>(m, "Program32");
  bind_program<double>(m, "Program64")
      .def("explain", &Program<double>::explain)
      .def("explain_element", &Program<double>::explain_element)
      .def("compare", &Program<double>::compare)
      .def("gradcheck", &Program<double>::gradcheck);
  bind_stepper<float>(m, "Stepper32");
  bind_stepper<double>(m, "Stepper64");
  m.def("optimizer_names", &optimizer_names);
}

}  // namespace chainrule::python
