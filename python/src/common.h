// What the parts of the module share: arrays, shapes, and who may use an object at the moment.
#pragma once

#include <atomic>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/core/shape.h"

namespace chainrule::python {

namespace py = pybind11;

/// The Python files of the package convert and check; what arrives here has the right type already.
template <class T>
using Array = py::array_t<T, py::array::c_style>;

template <class T>
std::span<const T> span_of(const Array<T>& a) {
  return {a.data(), static_cast<std::size_t>(a.size())};
}

inline Shape shape_of(const std::vector<Index>& dims, bool batched = false) {
  return Shape(std::span<const Index>(dims), batched);
}

/// The shape of an array that holds a node: the rows first, when it is batched.
inline std::vector<py::ssize_t> dims_of(const Shape& shape, Index rows) {
  std::vector<py::ssize_t> dims;
  if (shape.batched()) dims.push_back(rows);
  for (const Index d : shape.dims()) dims.push_back(d);
  return dims;
}

template <class T>
Array<T> copied(std::span<const T> values, const std::vector<py::ssize_t>& dims) {
  Array<T> a(dims);
  std::copy(values.begin(), values.end(), a.mutable_data());
  return a;
}

template <class T>
Array<T> copied(const std::vector<T>& values) {
  return copied(std::span<const T>(values), {static_cast<py::ssize_t>(values.size())});
}

/// Who uses an object while the interpreter's lock is released: one thread that changes it, or any
/// number that read it. The thread that changes it may also read (a callback that predicts).
class Usage {
 public:
  class Hold {
   public:
    Hold(Usage& usage, bool change, const char* what) : usage_(usage), change_(change) {
      const bool mine = usage.changes_ && usage.owner_ == std::this_thread::get_id();
      nested_ = mine && !change;
      if (nested_) return;
      if (usage.changes_)
        throw Error(
            cat(what, mine ? " is already at work: it cannot be changed from within a callback"
                           : " is in use by another thread"));
      if (change && usage.readers_ > 0) throw Error(cat(what, " is in use by another thread"));
      if (change) {
        usage.changes_ = true;
        usage.owner_ = std::this_thread::get_id();
      } else {
        ++usage.readers_;
      }
    }
    ~Hold() {
      if (nested_) return;
      if (change_)
        usage_.changes_ = false;
      else
        --usage_.readers_;
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    Usage& usage_;
    bool change_, nested_;
  };

 private:
  // Read and written with the interpreter's lock only.
  bool changes_ = false;
  int readers_ = 0;
  std::thread::id owner_;
};

/// What is surprising, as warnings of whoever called the package.
inline void warn(const std::vector<std::string>& notes) {
  for (const std::string& note : notes)
    if (PyErr_WarnEx(PyExc_UserWarning, note.c_str(), 3) != 0) throw py::error_already_set();
}

void bind_graph(py::module_& m);
void bind_explain(py::module_& m);
void bind_model(py::module_& m);
void bind_fit(py::module_& m);
void bind_files(py::module_& m);
void bind_data(py::module_& m);
void bind_objective(py::module_& m);

}  // namespace chainrule::python
