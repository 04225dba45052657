// How a raw row of a table becomes the features of a network, kept with the model.
#pragma once

#include <string>
#include <vector>

#include "chainrule/core/shape.h"

namespace chainrule {

/// One column of a table. A categorical column becomes one feature per category (one-hot); a
/// numeric one becomes (x - offset) / scale.
struct Column {
  std::string name;
  std::vector<std::string> categories;  ///< empty for a numeric column
  double offset = 0;
  double scale = 1;
  double mean = 0;  ///< of the training rows, not scaled; stands for a missing number on request
};

/// Images: `image` is {height, width}, `columns` is empty. Tables: the other way round.
struct Preprocess {
  std::vector<Column> columns;
  std::string target;                          ///< name of the target column
  double target_offset = 0, target_scale = 1;  ///< regression: prediction * scale + offset
  Shape image;
};

}  // namespace chainrule
