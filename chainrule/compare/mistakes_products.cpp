// Matrix products with another operand, another gradient, another step's weights.
#include <algorithm>
#include <cmath>

#include "chainrule/compare/mistakes.h"
#include "chainrule/core/error.h"
#include "chainrule/graph/op.h"

namespace chainrule::detail {
namespace {

using T = Turn<double>;

/// The gradient of one input of a product once more, with another factor.
void again(const T& t, std::size_t input, const T::Instead& instead) {
  if (input >= t.dx.size() || t.dx[input] == nullptr) return;
  std::vector<std::vector<double>*> only(t.dx.size(), nullptr);
  only[input] = t.dx[input];
  std::ranges::fill(*only[input], 0.0);
  T{t.replay, t.node, t.dy, only}.run(instead);
}

/// dx = dy w^T with the weight of another step, w - lr dw.
Rule<double> updated(double lr) {
  return [lr](const T& t) {
    t.run();
    if (t.dx[1] == nullptr) return;
    std::vector<double> later(t.in(1).begin(), t.in(1).end());
    for (std::size_t i = 0; i < later.size(); ++i) later[i] -= lr * (*t.dx[1])[i];
    again(t, 0, {.in1 = later});
  };
}

void add_stale(const Case& c, std::vector<int> products, bool later, std::vector<Mistake>& all) {
  std::erase_if(products,
                [&](int id) { return c.node(c.node(id).inputs[0]).kind != NodeKind::op; });
  if (products.empty()) return;
  const auto meaning = [later](double lr) {
    if (later)
      return Meaning{"weights already updated",
                     cat("the step was made before the gradient was handed down: dx = dy w^T used "
                         "w after an update with learning rate ",
                         lr, "; compute dx first")};
    return Meaning{"weights of the step before",
                   cat("dx = dy w^T used w as it was before an update with learning rate ", lr)};
  };
  const auto with = [products, later](double lr) {
    Change change;
    for (const int id : products) change.rules[id] = updated(later ? lr : -lr);
    return change;
  };
  all.push_back({c.node(products[0]).name, {}, {}, with, {1e-3, 0.01, 0.1, 1}, meaning});
}

/// Gradients computed from that of the activation's output, not of its input.
void add_wrong_upstream(const Case& c, int id, std::vector<Mistake>& all) {
  int above = -1;
  for (int k = id + 1; k <= c.loss && above < 0; ++k)
    if (std::ranges::find(c.node(k).inputs, id) != c.node(k).inputs.end()) above = k;
  if (above < 0 || !is_activation(c, above)) return;
  const std::vector<double>& up = c.right[static_cast<std::size_t>(above)];
  if (up.empty()) return;
  const Node& node = c.node(id);
  const bool bias = node.inputs.size() > 2;
  const auto add = [&](std::string first, const std::string& which,
                       std::vector<std::size_t> inputs) {
    all.push_back({std::move(first),
                   {"derivative missing",
                    cat(which, " computed from the gradient of the output of ", c.node(above).name,
                        ", before its derivative was multiplied in")},
                   rule(id, [up, inputs](const T& t) {
                     t.run();
                     for (const std::size_t i : inputs) again(t, i, {.dy = up});
                   })});
  };
  const std::string weight = c.node(node.inputs[1]).name;
  add(weight, "the gradient of the weight is", {1});
  if (bias) add(c.node(node.inputs[2]).name, "the gradient of the bias is", {2});
  if (bias) add(c.node(node.inputs[2]).name, "the gradients of weight and bias are", {1, 2});
  add(node.name, "what goes down is", {0});
}

/// Values and weights of other layers that have the same shape.
void add_other_operands(const Case& c, int id, std::vector<Mistake>& all) {
  const Node& node = c.node(id);
  const int x = node.inputs[0], w = node.inputs[1];
  constexpr int kMost = 12;
  int count = 0;
  for (int other = 0; other < c.loss && count < kMost; ++other) {
    const Node& o = c.node(other);
    if (other == id || o.kind == NodeKind::class_input || c.replay.value(other).empty()) continue;
    if (other != x && o.shape == c.node(x).shape && o.kind != NodeKind::param) {
      const bool before = std::ranges::find(c.node(x).inputs, other) != c.node(x).inputs.end();
      all.push_back({c.node(w).name,
                     {before ? "input in place of the output" : "another layer's values",
                      cat("dw = x^T dy was computed with the values of ", o.name, " instead of ",
                          c.node(x).name)},
                     rule(id, [other](const T& t) {
                       t.run();
                       again(t, 1, {.in0 = t.replay.value(other)});
                     })});
      ++count;
    }
    if (other != w && o.shape == c.node(w).shape && o.kind == c.node(w).kind) {
      all.push_back({node.name,
                     {"another layer's weight", cat("dx = dy w^T was computed with ", o.name,
                                                    " instead of ", c.node(w).name)},
                     rule(id, [other](const T& t) {
                       t.run();
                       again(t, 0, {.in1 = t.replay.value(other)});
                     })});
      ++count;
    }
  }
}

}  // namespace

void add_product_mistakes(const Case& c, int id, std::vector<Mistake>& all) {
  const Node& node = c.node(id);
  const Shape& shape = c.node(node.inputs[1]).shape;
  if (shape.rank() == 2 && shape[0] == shape[1]) {
    const Index n = shape[0];
    all.push_back({node.name,
                   {"transposed", "what goes down is dy w instead of dy w^T: transpose the weight"},
                   rule(id, [n](const T& t) {
                     t.run();
                     const std::vector<double> w(t.in(1).begin(), t.in(1).end());
                     const std::vector<double> turned = transposed(w, n, n);
                     again(t, 0, {.in1 = turned});
                   })});
  }
  add_wrong_upstream(c, id, all);
  add_other_operands(c, id, all);
}

void add_stale_weights(const Case& c, const std::vector<int>& products, std::vector<Mistake>& all) {
  for (const bool later : {true, false}) {
    add_stale(c, products, later, all);
    if (products.size() > 2)
      for (const int id : products) add_stale(c, {id}, later, all);
  }
}

}  // namespace chainrule::detail
