// Somebody's own gradients against ours, on the same weights and the same rows: where do they
// differ first on the way back from the loss, and what does that look like?
#pragma once

#include <functional>
#include <optional>
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
  /// What the loss does with the rows: "mean" or "sum"; "" when the arrays shall tell.
  std::string reduction;
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
  std::string kind;    ///< "mask missing", "summed instead of averaged", ...; "not explained"
  std::string advice;  ///< one or two sentences
};

/// What is known about the first array that no cause reproduces, at its worst element.
struct Unexplained {
  std::string array;
  std::string between;  ///< the operations between what is right and what is wrong, in a sentence
  std::string element;  ///< "W1[3,7]", as the array was given
  double yours = 0, right = 0;
  double ratio = 0;                            ///< yours / right; NaN when right is 0
  double least_ratio = 0, greatest_ratio = 0;  ///< over all elements that are not small
  std::string terms;       ///< the greatest of the terms that rows add to the right number
  std::string correlates;  ///< what the difference goes with; "" when with nothing looked at
  double correlation = 0;
};

struct Comparison {
  bool equal = false;
  std::string first;          ///< what differs first, "" when equal
  std::vector<Cause> causes;  ///< the first one first; empty when equal
  std::vector<ArrayVerdict> arrays;
  bool explained = false;  ///< with all causes every array agrees
  std::optional<Unexplained> unexplained;
  std::vector<std::string> conventions;  ///< how the arrays were understood, in sentences
  std::vector<std::string> not_given;    ///< parameters without an array
  std::vector<std::string> unknown;      ///< arrays without a meaning, with their shapes
};

/// Compares gradients of model.loss() on all rows of `batch`. Arrays are named like parameters, or
/// so that it can be told which they are (W1, db1, theta, layers.0.weight); weights are [O, I] or
/// [I, O]; names of operations are gradients of the node's output [rows, ...], that of the input
/// the gradient of the rows themselves. "dropout1.mask" is what the node of that name multiplied
/// by, or 0 and 1 for dropped and kept; in training every dropout needs it. A loss that is summed
/// over the rows, halved, or summed over the outputs is a convention, no mistake, and is noted.
///
/// How a cause is found: the backward pass is run again with each of a table of known mistakes at
/// each place where it can be made; one that reproduces the first array that differs, to rounding,
/// and leaves right what was right, is a cause. Several mistakes are found one after another from
/// the loss down. What no mistake reproduces is called not explained.
///
/// Throws DataError when an array has an unknown name or a size that fits nothing.
Comparison compare(const Model& model, const Dataset& batch,
                   std::span<const data::NpzArray> gradients, const CompareOptions& options = {});

/// The same for any recorded graph: gradients of `of` by the named inputs and parameters. The tape
/// must have run forward() with options.pass; `params` null: there are none.
template <class T>
Comparison compare(Tape<T>& tape, const Params<T>* params, Var of,
                   std::span<const data::NpzArray> gradients, const CompareOptions& options = {});

/// Files as somebody has them, before it is known how they are to be understood.
struct GivenFiles {
  data::NpyArray x, y;
  std::vector<data::NpzArray> gradients;
  std::vector<data::NpzArray> weights;  ///< empty: the model has its own
  Index features = 0;                   ///< that x must have; 0: whatever it has
  std::vector<std::string> losses;      ///< to be tried, the most likely first
  /// A new model.
  std::function<Model(Index features, const std::string& loss)> model;
};

/// compare() for the way of understanding x, y and the weights with which most arrays agree. Throws
/// DataError when there is none.
Comparison compare(const GivenFiles& files, const CompareOptions& options = {});

}  // namespace chainrule
