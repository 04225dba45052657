// Which rows a network is trained, chosen and tested on.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "chainrule/core/shape.h"

namespace chainrule::data {

struct PartitionOptions {
  double test = 0.2, validation = 0;  ///< both of all rows
  std::uint64_t seed = 1;             ///< of the order in which rows are dealt out
  /// Above 1: the test part is part `fold`, from 0, of so many of about the same size.
  Index folds = 0, fold = 0;
  /// The last rows are for the test, those before them for validation; nothing is drawn.
  bool in_order = false;
};

/// Row numbers in ascending order.
struct Partition {
  std::vector<std::int32_t> train, validation, test;
};

/// Deals out `rows` rows, at least one of which is left to train on. `classes`, one per row or
/// none: each class is in every part in proportion, unless the rows are dealt out in order. Throws
/// Error for parts that leave no rows, and for folds in order.
Partition partition(Index rows, std::span<const std::int32_t> classes,
                    const PartitionOptions& options);

}  // namespace chainrule::data
