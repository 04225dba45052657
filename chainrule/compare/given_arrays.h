// A user's arrays, matched with the nodes whose gradients (or whose values) they are.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "chainrule/compare/given_names.h"
#include "chainrule/data/npz.h"
#include "chainrule/graph/graph.h"

namespace chainrule::detail {

/// How arrays lie when their shape does not tell.
struct ArrayLayout {
  bool inputs_first = false;  ///< a square weight is [I, O], not [O, I] as in files
  bool bias_last = false;     ///< a bias within its weight comes after the weights, not before
};

struct GivenArray {
  std::string name;
  int node = -1;
  std::vector<double> values;  ///< as in memory; empty when the size is wrong
  std::string kind, note;      ///< what is wrong with shape or numbers; "" if nothing
  int digits = 24;             ///< of a float as it was stored
  bool turned = false;         ///< it was stored as [columns, rows] of what `values` are
  bool usable() const { return !values.empty(); }
};

struct GivenArrays {
  std::vector<GivenArray> gradients;         ///< from the loss to the inputs
  std::map<int, std::vector<double>> masks;  ///< by dropout node, scaled as forward uses them
  bool open_layout = false;                  ///< ArrayLayout::inputs_first decided about some
  bool open_bias = false;                    ///< and ArrayLayout::bias_last
  std::vector<std::string> conventions;      ///< what was understood, in sentences
  std::vector<std::string> not_given;        ///< parameters without an array
  std::vector<std::string> unknown;          ///< arrays without a meaning
};

/// Reads gradients, or with Owners::parameters the parameters themselves. Weights may be [O, I] or
/// [I, O], with their bias as a first or last row or column; biases rows or columns; values of
/// `rows` rows either way round. Throws DataError for sizes that fit nothing, for a name that is
/// nearly one of ours, for two arrays of one node, and when nothing is understood.
GivenArrays read_given(const Owners& owners, Index rows, std::span<const data::NpzArray> arrays,
                       const ArrayLayout& layout);

/// "W1, W2 and b1".
std::string names_listed(const std::vector<std::string>& names);

}  // namespace chainrule::detail
