// Somebody's rows and targets, in whichever way they lie.
#pragma once

#include <string>
#include <vector>

#include "chainrule/data/dataset.h"
#include "chainrule/data/npy.h"

namespace chainrule::detail {

/// What a loss wants to learn from.
struct WantedTargets {
  Index outputs = 1;
  bool classes = false;  ///< a class per row, for several outputs
  bool binary = false;   ///< yes or no for each output
};

/// One way to understand the arrays.
struct RowsReading {
  Dataset batch;
  std::vector<std::string> notes;  ///< how, where it is not [N, features] and one class per row
};

/// All ways that fit: samples as rows or columns, targets as classes from 0 or 1, one-hot of any
/// type, 0 and 1 or -1 and 1, or numbers; bytes as 0 to 1 or as they are. The most usual first.
/// `features`: how many there must be, 0 when any number will do. Throws DataError when nothing
/// fits.
std::vector<RowsReading> read_rows(const data::NpyArray& x, const data::NpyArray& y, Index features,
                                   const WantedTargets& wanted);

}  // namespace chainrule::detail
