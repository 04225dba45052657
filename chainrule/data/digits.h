// Handwritten-looking digits, drawn on demand: MNIST's shape without a download.
#pragma once

#include <cstdint>

#include "chainrule/data/dataset.h"

namespace chainrule::data {

struct DigitsOptions {
  std::uint64_t seed = 1;
  Index train = 60000;
  Index test = 10000;
  int threads = 0;  ///< 0: all processors; the pictures do not depend on it
};

/// Pictures of 28 x 28 bytes, bright ink on black, fitted into 20 x 20 pixels and centred by
/// their mass, as MNIST's are. Each digit is drawn with a pen along strokes of one of several ways
/// to write it, bent, slanted, turned and stretched at random. Picture i depends on (seed, i)
/// alone; the test part uses other streams of random numbers than the training part.
Splits digits(const DigitsOptions& options = {});

}  // namespace chainrule::data
