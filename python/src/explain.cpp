// Explanations of gradients: of a formula, a graph, a model, one number.
#include "chainrule/explain/element.h"
#include "chainrule/explain/text.h"
#include "chainrule/formula/formula.h"
#include "chainrule/picture/drawing.h"
#include "chainrule/picture/page.h"
#include "python/src/common.h"

namespace chainrule::python {
namespace {

Explanation explain_formula(const std::string& text, const py::dict& values) {
  FormulaValues all;
  for (const auto& [name, value] : values) {
    const auto a = value.cast<Array<double>>();
    if (a.ndim() > 2)
      throw ShapeError(cat("'", name.cast<std::string>(), "' has ", a.ndim(),
                           " axes, a formula knows numbers, vectors and matrices"));
    const std::vector<Index> dims(a.shape(), a.shape() + a.ndim());
    all[name.cast<std::string>()] = {shape_of(dims), {a.data(), a.data() + a.size()}};
  }
  const Formula formula(text, all);
  const auto tape = formula.run();
  return explain(*tape, formula.result(), {.fixed = formula.literals()});
}

py::list nodes_of(const Explanation& e) {
  py::list all;
  for (const ExplainedNode& n : e.nodes) {
    py::dict d;
    d["name"] = n.name, d["label"] = n.label, d["op"] = n.op, d["formula"] = n.formula;
    d["shape"] = py::tuple(py::cast(n.shape));
    d["value"] = n.value.empty() ? py::object(py::none()) : py::object(copied(n.value));
    d["grad"] = n.gradient.empty() ? py::object(py::none()) : py::object(copied(n.gradient));
    d["grad_norm"] = n.gradient_stats.norm;
    d["check"] = n.check ? py::object(py::cast(std::string(to_string(n.check->verdict))))
                         : py::object(py::none());
    all.append(d);
  }
  return all;
}

}  // namespace

void bind_explain(py::module_& m) {
  py::class_<Explanation>(m, "RawExplanation")
      .def("text", &explanation_text)
      .def("json", &explanation_json)
      .def("svg", &explanation_svg)
      .def("page", &explanation_page)
      .def("nodes", &nodes_of)
      .def_readonly("rows", &Explanation::rows);
  py::class_<ElementExplanation>(m, "RawElement")
      .def_readonly("name", &ElementExplanation::name)
      .def_readonly("value", &ElementExplanation::value)
      .def_readonly("gradient", &ElementExplanation::gradient)
      .def_readonly("sum", &ElementExplanation::sum)
      .def_readonly("difference", &ElementExplanation::difference)
      .def_readonly("magnitude", &ElementExplanation::magnitude)
      .def_property_readonly("terms",
                             [](const ElementExplanation& e) {
                               py::list all;
                               for (const GradientTerm& t : e.terms)
                                 all.append(py::make_tuple(t.row, t.through, t.local_name, t.local,
                                                           t.upstream, t.amount));
                               return all;
                             })
      .def_property_readonly("path", [](const ElementExplanation& e) {
        py::list all;
        for (const auto& a : e.path)
          all.append(py::make_tuple(a.name, a.op, a.formula, a.gradient_norm));
        return all;
      });
  m.def("explain_formula", &explain_formula);
}

}  // namespace chainrule::python
