// Recorded graphs, the gradient check and the optimizers for Python.
#include <cmath>
#include <unistd.h>

#include "python/src/program.h"

namespace chainrule::python {
namespace {

template <class T>
py::class_<Program<T>> bind_program(py::module_& m, const char* name) {
  py::class_<Program<T>> c(m, name);
  c.def(py::init<const py::list&>(), py::arg("nodes"))
      .def("rebind", &Program<T>::rebind)
      .def("refresh", &Program<T>::refresh)
      .def("run", &Program<T>::run)
      .def("is_fresh", &Program<T>::is_fresh)
      .def("step", &Program<T>::step)
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

template <class T>
void bind_stepper(py::module_& m, const char* name) {
  py::class_<Stepper<T>>(m, name)
      .def(py::init<const std::string&, const OptimizerSettings&, Index>())
      .def(py::init<const py::tuple&, Index>())
      .def(
          "step",
          [](Stepper<T>& s, Array<T>& values, const Array<T>& grads, double lr) {
            s.step(values, span_of(grads), lr);
          },
          py::arg("values").noconvert(), py::arg("grads").noconvert(), py::arg("lr"))
      .def_property_readonly("lr", &Stepper<T>::lr)
      .def("state", &Stepper<T>::state);
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

/// The place of the first element that is NaN or infinite, or -1.
Index first_not_finite(const py::array& a) {
  const auto first = [](const auto& values) -> Index {
    const std::span all(values.data(), static_cast<std::size_t>(values.size()));
    if (all_finite(all, alone())) return -1;
    return std::ranges::find_if(all, [](auto v) { return !std::isfinite(v); }) - all.begin();
  };
  if (py::isinstance<Array<double>>(a)) return first(a.cast<Array<double>>());
  return first(a.cast<py::array_t<float, py::array::c_style | py::array::forcecast>>());
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
  py::class_<Leaf>(m, "Leaf")
      .def(py::init([](py::object value) { return Leaf{std::move(value)}; }))
      .def_readwrite("value", &Leaf::value);
  m.def("first_not_finite", &first_not_finite, py::arg("array").noconvert());
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
