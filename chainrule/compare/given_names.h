// What people call their arrays: W1, b1, dW1, theta, fc1.weight, layers.0.weight, grad_W2, ...
#pragma once

#include <span>
#include <string>
#include <vector>

#include "chainrule/data/npz.h"
#include "chainrule/graph/graph.h"

namespace chainrule::detail {

/// What one array is.
struct Meant {
  int node = -1;      ///< -1: unknown
  bool mask = false;  ///< what a dropout multiplies by, not a gradient
  bool exact = true;  ///< named as here
};

/// Whose arrays may be among them.
struct Owners {
  const Graph& graph;
  int loss = -1;
  std::vector<int> inputs;  ///< whose gradients are asked for
  bool parameters = false;  ///< the parameters themselves, running statistics too
};

/// One for each array. A name that only resembles ours is read by its parts: what it is (weight,
/// bias, gamma, beta, mask), which (a number, counted from the smallest that occurs; hidden and
/// output), and when that leaves several, by the number of elements.
std::vector<Meant> read_names(const Owners& owners, std::span<const data::NpzArray> arrays);

/// The names that an array may have, for errors.
std::vector<std::string_view> known_names(const Owners& owners);

}  // namespace chainrule::detail
