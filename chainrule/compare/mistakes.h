// The mistakes that people make in a backward pass, as changes of ours: what compare() tries.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/compare/replay.h"

namespace chainrule::detail {

/// A backward pass that differs from the right one.
struct Change {
  std::map<int, Rule<double>> rules;  ///< by operation
  /// What is done to a finished parameter gradient before it is stored.
  std::map<int, std::function<void(std::vector<double>&)>> stored;
  std::function<void(std::vector<double>&)> each_stored;  ///< the same for every one
  std::shared_ptr<const Replay<double>> replay;           ///< another forward pass

  /// This and then the other; false when both want to change the same thing.
  bool add(const Change& other);
};

/// How good an explanation is when several fit: the lower the better.
enum class Rank { structure, known_factor, known_factor_below, any_factor, any_factor_below };

struct Meaning {
  std::string cause;   ///< "mask missing": the same words for the same kind everywhere
  std::string advice;  ///< one or two sentences
  Rank rank = Rank::structure;
};

/// One mistake at one place.
struct Mistake {
  std::string first;  ///< node or parameter whose gradient it makes wrong before any other
  Meaning meaning;
  Change change;
  /// Mistakes with an unknown number (a factor, an epsilon, a learning rate) instead of `change`:
  std::function<Change(double)> with = {};
  std::vector<double> starts = {};  ///< where to look for it; none: the gradients are linear in it
  std::function<Meaning(double)> name = {};
};

/// What is known when mistakes are looked for.
struct Case {
  const Replay<double>& replay;  ///< has run forward
  int loss;                      ///< node
  int mean;                      ///< node that reduces the batch
  int output, target;            ///< nodes that the loss compares; -1: not known
  const Gradients<double>& right;
  const std::map<int, std::vector<double>>& given;  ///< the user's gradients by node, as in memory
  Pass pass;

  const Graph& graph() const { return replay.graph(); }
  const Node& node(int id) const { return graph().node(id); }
  std::string_view op(int id) const;
};

/// `r` in place of one operation's backward pass.
inline Change rule(int id, Rule<double> r) { return {.rules = {{id, std::move(r)}}}; }
/// dx[i] = f(turn, i) for every element of the first input's gradient.
template <class F>
Rule<double> each(F f) {
  return [f](const Turn<double>& t) {
    for (std::size_t i = 0; i < t.dx[0]->size(); ++i) (*t.dx[0])[i] = f(t, i);
  };
}

/// One input, one output of the same shape, each element for itself or (softmax) along a line.
bool is_activation(const Case& c, int id);
bool is_product(const Case& c, int id);
bool is_penalty(const Case& c, int id);

/// Wrong derivatives: activations, masks, softmax and losses, matrix products.
void add_local_mistakes(const Case& c, std::vector<Mistake>& all);
/// Of one activation: another function's derivative, another layer's, one without its upstream.
void add_foreign_derivatives(const Case& c, int id, std::vector<Mistake>& all);
/// Of one matrix product.
void add_product_mistakes(const Case& c, int id, std::vector<Mistake>& all);
/// dx computed with weights of another step, in one layer or in all.
void add_stale_weights(const Case& c, const std::vector<int>& products, std::vector<Mistake>& all);
/// Terms that normalisations leave out.
void add_norm_mistakes(const Case& c, int id, std::vector<Mistake>& all);
/// Inputs of operations: a term missing, with another factor, the operands exchanged.
void add_edge_mistakes(const Case& c, std::vector<Mistake>& all);
/// One row in place of all, in every gradient or in one.
void add_row_mistakes(const Case& c, std::vector<Mistake>& all);
/// Penalties that the loss does not have.
void add_foreign_penalties(const Case& c, std::vector<Mistake>& all);
/// The same factor for all weights, all biases, all penalties.
void add_group_factors(const Case& c, std::vector<Mistake>& all);
/// The same for one loss, if it is one.
void add_loss_mistakes(const Case& c, int id, std::vector<Mistake>& all);
/// Factors at every place, named where they are N, 1/N, 2, lambda and their like.
void add_factors(const Case& c, std::vector<Mistake>& all);
/// What happens to a right gradient: transposed, clipped, permuted, in the place of another.
void add_stored_mistakes(const Case& c, std::vector<Mistake>& all);
/// Other labels, other weights.
void add_other_passes(const Case& c, std::vector<Mistake>& all);

/// Is an unknown number this one, within what rounding leaves of it?
bool near(double a, double b);
/// A number that an unknown factor may turn out to be.
struct Known {
  double value;
  std::string cause, advice;
};
/// N, 1/N, 2, -1 and their like.
std::vector<Known> common_factors(const Case& c);
std::vector<Known> penalty_factors(const Case& c, int penalty);
double lambda_of(const Case& c, int penalty);
Meaning meaning_of(double k, const std::vector<Known>& known, Rank rank);
/// The number behind `name` in the settings of a node's operation, or `otherwise`.
double setting_of(const Case& c, int id, std::string_view name, double otherwise);

/// Row-major [rows, cols] to [cols, rows].
std::vector<double> transposed(const std::vector<double>& from, Index rows, Index cols);

}  // namespace chainrule::detail
