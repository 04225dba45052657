// chainrule._core: the library for Python. The files of the package build on it.
#include "chainrule/core/plain_text.h"
#include "python/src/common.h"

PYBIND11_MODULE(_core, m) {
  namespace py = pybind11;
  using namespace chainrule;
  m.doc() = "The C++ library; use the package chainrule instead.";
  m.attr("__version__") = CHAINRULE_VERSION;
  static py::exception<Error> error(m, "Error", PyExc_ValueError);
  static py::exception<ShapeError> shape_error(m, "ShapeError", error.ptr());
  static py::exception<DataError> data_error(m, "DataError", error.ptr());
  static py::exception<NumericError> numeric_error(m, "NumericError", error.ptr());
  py::register_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const ShapeError& e) {
      shape_error(lines_without_controls(e.what()).c_str());
    } catch (const DataError& e) {
      data_error(lines_without_controls(e.what()).c_str());
    } catch (const NumericError& e) {
      numeric_error(lines_without_controls(e.what()).c_str());
    } catch (const Error& e) {
      error(lines_without_controls(e.what()).c_str());
    }
  });
  python::bind_explain(m);
  python::bind_graph(m);
  python::bind_model(m);
  python::bind_fit(m);
  python::bind_files(m);
  python::bind_data(m);
  python::bind_objective(m);
}
