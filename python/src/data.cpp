// Data that the library makes.
#include "chainrule/data/digits.h"
#include "python/src/model.h"

namespace chainrule::python {
namespace {

/// (pictures [N, 784] from 0 to 1, digits [N])
py::tuple arrays_of(const Dataset& data) {
  Array<float> x({data.rows(), data.features.size()});
  data.gather<float>(all_rows(data), {x.mutable_data(), static_cast<std::size_t>(x.size())});
  return py::make_tuple(x, copied(data.classes));
}

py::tuple digits(Index train, Index test, std::uint64_t seed, int threads) {
  Splits splits;
  {
    const py::gil_scoped_release release;
    splits = data::digits({.seed = seed, .train = train, .test = test, .threads = threads});
  }
  return py::make_tuple(arrays_of(splits.train), arrays_of(splits.test));
}

}  // namespace

void bind_data(py::module_& m) { m.def("digits", &digits); }

}  // namespace chainrule::python
