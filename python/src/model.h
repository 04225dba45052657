// Models and data as Python holds them.
#pragma once

#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "chainrule/compare/compare.h"
#include "chainrule/data/dataset.h"
#include "chainrule/data/npz.h"
#include "chainrule/model/model.h"
#include "chainrule/optim/optimizer.h"
#include "python/src/common.h"

namespace chainrule::python {

/// What an optimizer remembered at the end of a run.
struct KeptOptimizer {
  std::string rule;
  OptimizerState<float> state;
};

/// A model, and who works with it.
struct ModelHandle {
  Model model;
  mutable Usage usage = {};
  std::optional<KeptOptimizer> optimizer = {};
  static constexpr const char* kWhat = "the model";
};

/// Rows for a model. Features stay in the array that they came in, which is kept alive.
struct DataHandle {
  Dataset data;
  py::object features;
};

inline std::vector<std::int32_t> all_rows(const Dataset& data) {
  std::vector<std::int32_t> rows(static_cast<std::size_t>(data.rows()));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

/// Arrays by name, as compare() takes them, and what it found, as views.py does.
std::vector<data::NpzArray> given_arrays(const py::dict& arrays);
py::dict comparison_dict(const Comparison& c);

}  // namespace chainrule::python
