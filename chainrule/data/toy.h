// Small problems of two inputs, x1 and x2, that a small network learns in a moment.
#pragma once

#include <cstdint>

#include "chainrule/data/dataset.h"

namespace chainrule::data {

/// The four rows of a truth table, in the order 00, 01, 10, 11; classes "0" and "1". The test part
/// is the training part: there are no other rows.
Splits and_gate();
Splits or_gate();
Splits xor_gate();

/// Rows are shared among the classes evenly; a fifth of each class is the test part. `noise` is
/// the standard deviation of what is added to the position (for the spiral: to the angle).
struct SpiralOptions {
  Index rows = 1500;
  int classes = 3;
  double noise = 0.2;
  std::uint64_t seed = 1;
};
/// Arms that wind around the origin by 4 radians, radius 0 to 1.
Splits spiral(const SpiralOptions& options = {});

struct PointsOptions {
  Index rows = 1000;
  double noise = 0.1;
  std::uint64_t seed = 1;
};
/// Two half circles that reach into each other.
Splits moons(const PointsOptions& options = {});
/// A circle of radius 1/2 in a circle of radius 1.
Splits circles(const PointsOptions& options = {});

struct BlobsOptions {
  Index rows = 1000;
  int classes = 3;
  double noise = 0.8;
  std::uint64_t seed = 1;
};
/// Round clouds of points whose middles stand on a circle of radius 2.
Splits blobs(const BlobsOptions& options = {});

}  // namespace chainrule::data
