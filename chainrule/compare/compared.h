// What somebody's gradients are compared with: a graph that has run, and where its loss is.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "chainrule/compare/compare.h"
#include "chainrule/compare/given_arrays.h"
#include "chainrule/compare/mistakes.h"
#include "chainrule/compare/replay.h"

namespace chainrule::detail {

/// A way to reckon the same loss: `factor` times ours.
struct Convention {
  int node;  ///< where the factor is
  double factor;
  std::string words;  ///< "the loss is summed over 20 rows, ours is the mean"
};

struct Compared {
  const Graph& graph;
  int loss;
  int mean;                      ///< node that makes one number of the rows
  int output = -1, target = -1;  ///< what the loss compares; -1: not known
  std::vector<int> inputs;       ///< whose gradients may be given
  Index rows = 1;
  std::vector<Convention> conventions;
  double reduction = 1;  ///< what the rows' mean is multiplied by for certain
  /// The passes in double, with the gradients of `inputs`.
  std::function<Replay<double>(const std::map<int, std::vector<double>>& masks)> run;
};

/// Ways in which a loss of that kind is reckoned.
std::vector<Convention> conventions_of(const Model& model, int mean, Index rows,
                                       const std::string& reduction);

/// `search`: look for causes, too; otherwise only what agrees.
Comparison compare(const Compared& subject, std::span<const data::NpzArray> gradients,
                   const CompareOptions& options, bool search);

/// What a model and its batch are compared by; all must outlive it.
Compared compared_of(const Model& model, const Dataset& batch, ThreadPool& pool,
                     const CompareOptions& options);

/// About the first array of `search` that `now` does not reproduce.
class Search;
struct Trial;
Unexplained unexplained(const Case& c, const Search& search, const std::vector<GivenArray>& arrays,
                        const Trial& plain, const Trial& now);

}  // namespace chainrule::detail
