// Models and data as Python holds them.
#pragma once

#include <memory>

#include "chainrule/data/dataset.h"
#include "chainrule/model/model.h"
#include "python/src/common.h"

namespace chainrule::python {

/// A model, and who works with it.
struct ModelHandle {
  Model model;
  mutable Usage usage = {};
  static constexpr const char* kWhat = "the model";
};

/// Rows for a model. Features stay in the array that they came in, which is kept alive.
struct DataHandle {
  Dataset data;
  py::object features;
};

}  // namespace chainrule::python
