// Somebody's own gradients against ours, on the same weights and the same rows: where do they
// differ first on the way back from the loss, and what does that look like?
#pragma once

#include <span>
#include <string>
#include <vector>

#include "chainrule/data/dataset.h"
#include "chainrule/data/npz.h"
#include "chainrule/graph/tape.h"
#include "chainrule/model/model.h"

namespace chainrule {

struct CompareOptions {
  Pass pass = {.training = true};
  int threads = 0;  ///< 0: all that there are
};

/// One of the arrays, in the order of the backward pass.
struct ArrayVerdict {
  std::string name;
  bool equal = false;
  bool corrected = false;     ///< it agrees when the mistakes of Comparison::causes are made
  double max_difference = 0;  ///< greatest |theirs - ours|
  double max_gradient = 0;    ///< greatest |ours|
  double tolerance = 0;       ///< differences up to this are rounding of float
  double ratio = 0;           ///< theirs / ours in the sense of least squares
  double cosine = 0;          ///< of the angle between the two
  std::string note;           ///< about shape, layout, NaN; mostly empty
};

/// A mistake that explains what differs.
struct Cause {
  std::string at;      ///< node or parameter whose gradient is wrong first
  std::string kind;    ///< "mask missing", "summed instead of averaged", ...; "unknown"
  std::string advice;  ///< one or two sentences
};

struct Comparison {
  bool equal = false;
  std::string first;          ///< what differs first, "" when equal
  std::vector<Cause> causes;  ///< the first one first; empty when equal
  std::vector<ArrayVerdict> arrays;
  bool explained = false;  ///< with all causes every array agrees
};

/// Compares gradients of model.loss() on all rows of `batch`. Arrays are named like parameters, and
/// lie as in model files (weights [O, I]; [I, O] is understood and noted), like operations
/// ([rows, ...], the gradient of the node's output), or like the input (that of the rows
/// themselves). "dropout1.mask" is what the node of that name multiplied by, or 0 and 1 for dropped
/// and kept; in training every dropout needs it.
///
/// How a cause is found: the backward pass is run again with each of a table of known mistakes at
/// each place where it can be made; one that reproduces all arrays is the cause. Several mistakes
/// are found one after another from the loss down. What no mistake reproduces is called unknown.
///
/// Throws DataError when an array has an unknown name or a size that fits nothing.
Comparison compare(const Model& model, const Dataset& batch,
                   std::span<const data::NpzArray> gradients, const CompareOptions& options = {});

}  // namespace chainrule
