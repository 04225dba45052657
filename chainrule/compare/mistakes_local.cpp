// Derivatives that are wrong in themselves.
#include <algorithm>
#include <cmath>

#include "chainrule/compare/mistakes.h"
#include "chainrule/core/error.h"
#include "chainrule/graph/op.h"

namespace chainrule::detail {
namespace {

using T = Turn<double>;

std::string formula(const Case& c, int id) { return std::string(c.node(id).op->doc().backward[0]); }

std::string derivative_words(const Case& c, int id) {
  const std::string_view op = c.op(id);
  return op == "relu" || op == "leaky_relu" || op == "dropout" ? cat("the mask of ", op)
                                                               : cat("the derivative of ", op);
}

/// One input, one output of the same shape, each element for itself or (softmax) along a line.
bool is_activation(const Case& c, int id) {
  const Node& node = c.node(id);
  return node.inputs.size() == 1 && node.shape == c.node(node.inputs[0]).shape &&
         node.shape.batched();
}

void add_activation(const Case& c, int id, std::vector<Mistake>& all) {
  const std::string_view op = c.op(id);
  const std::string& name = c.node(id).name;
  const bool masked = op == "relu" || op == "leaky_relu" || op == "dropout";
  const std::string right = cat("it should be ", formula(c, id));
  const auto add = [&](std::string cause, std::string advice, Rule<double> r) {
    all.push_back({name, {std::move(cause), std::move(advice)}, rule(id, std::move(r))});
  };
  add(masked ? "mask missing" : "derivative missing",
      cat(derivative_words(c, id), " is missing: the gradient passes unchanged, ", right),
      each([](const T& t, std::size_t i) { return t.dy[i]; }));
  add(masked ? "mask twice" : "derivative twice",
      cat(derivative_words(c, id), " is multiplied in twice, ", right), [](const T& t) {
        t.run();
        const std::vector<double> once = *t.dx[0];
        std::ranges::fill(*t.dx[0], 0.0);
        t.run({.dy = once});
      });
  if (op == "relu" || op == "leaky_relu" || op == "dropout") {
    add("mask from the wrong side",
        cat("the mask of ", op,
            " is taken from the gradient, as if backward were forward: ", right),
        each([](const T& t, std::size_t i) { return t.dy[i] > 0 ? t.dy[i] : 0.0; }));
  }
  if (op == "relu") {
    add("mask from the wrong side",
        cat("the mask is inverted: the gradient passes where the input is not positive, ", right),
        each([](const T& t, std::size_t i) { return t.in(0)[i] > 0 ? 0.0 : t.dy[i]; }));
    add("mask at zero",
        cat("at inputs of exactly 0 your gradient passes; here, as in PyTorch, it does not: use "
            "(x > 0), not (x >= 0)"),
        each([](const T& t, std::size_t i) { return t.in(0)[i] >= 0 ? t.dy[i] : 0.0; }));
  } else if (op == "dropout") {
    const auto mask = [](const T& t, std::size_t i) { return t.replay.workspace(t.node)[i]; };
    add("scale of dropout missing",
        "elements are dropped, but what is kept is not divided by 1 - rate as forward did",
        each([=](const T& t, std::size_t i) { return mask(t, i) > 0 ? t.dy[i] : 0.0; }));
    add("mask from the wrong side",
        "the mask of dropout is inverted: the gradient passes where forward dropped",
        each([=](const T& t, std::size_t i) { return mask(t, i) > 0 ? 0.0 : t.dy[i]; }));
    const auto inverted = [=](const T& t, std::size_t i) {
      const auto all_of = t.replay.workspace(t.node);
      const double kept = *std::max_element(all_of.begin(), all_of.end());
      return mask(t, i) > 0 ? 0.0 : kept * t.dy[i];
    };
    add("mask from the wrong side",
        "the mask of dropout is inverted: the gradient passes where forward dropped",
        each(inverted));
  } else {
    add("derivative at the output",
        cat("the derivative of ", op, " is taken at the layer's output instead of its input, ",
            right, " with x the input"),
        [](const T& t) { t.run({.in0 = t.out(), .forward = true}); });
    add("input in place of the output",
        cat("the formula wants the output y of ", op, ", but was given the input x, ", right),
        [](const T& t) { t.run({.out = t.in(0)}); });
  }
  if (op == "softmax")
    add("off-diagonal of softmax missing",
        "only the diagonal y (1 - y) of softmax's derivative was used; each output depends on all "
        "inputs: dx = y * (dy - sum(dy * y))",
        each([](const T& t, std::size_t i) { return t.dy[i] * t.out()[i] * (1 - t.out()[i]); }));
}

/// The gradient of one input of a product once more, with another factor.
void again(const T& t, std::size_t input, const T::Instead& instead) {
  if (t.dx[input] == nullptr) return;
  std::vector<std::vector<double>*> only(t.dx.size(), nullptr);
  only[input] = t.dx[input];
  std::ranges::fill(*only[input], 0.0);
  T{t.replay, t.node, t.dy, only}.run(instead);
}

/// dx = dy w^T with the weight after its step, w - lr dw.
Rule<double> updated(double lr) {
  return [lr](const T& t) {
    t.run();
    if (t.dx[1] == nullptr) return;
    std::vector<double> later(t.in(1).begin(), t.in(1).end());
    for (std::size_t i = 0; i < later.size(); ++i) later[i] -= lr * (*t.dx[1])[i];
    again(t, 0, {.in1 = later});
  };
}

/// In every layer, as in a backward pass that also makes the step; or in one.
void add_updated(const Case& c, std::vector<int> products, std::vector<Mistake>& all) {
  std::erase_if(products,
                [&](int id) { return c.node(c.node(id).inputs[0]).kind != NodeKind::op; });
  if (products.empty()) return;
  const auto meaning = [](double lr) {
    return Meaning{"weights already updated",
                   cat("the step was made before the gradient was handed down: dx = dy w^T used w "
                       "after an update with learning rate ",
                       lr, "; compute dx first")};
  };
  const auto with = [products](double lr) {
    Change change;
    for (const int id : products) change.rules[id] = updated(lr);
    return change;
  };
  all.push_back({c.node(products[0]).name, {}, {}, with, {1e-3, 0.01, 0.1, 1}, meaning});
}

void add_product(const Case& c, int id, std::vector<Mistake>& all) {
  const Node& node = c.node(id);
  const int x = node.inputs[0], w = node.inputs[1];
  const Shape& shape = c.node(w).shape;
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
  if (c.node(x).kind == NodeKind::op && is_activation(c, x)) {
    const int before = c.node(x).inputs[0];
    all.push_back(
        {c.node(w).name,
         {"input in place of the output", cat("dw = x^T dy was computed with what goes into ",
                                              c.node(x).name, " instead of what comes out of it")},
         rule(id, [before](const T& t) {
           t.run();
           again(t, 1, {.in0 = t.replay.value(before)});
         })});
  }
}

}  // namespace

void add_local_mistakes(const Case& c, std::vector<Mistake>& all) {
  std::vector<int> products;
  for (int id = c.loss; id >= 0; --id) {
    const Node& node = c.node(id);
    if (node.kind != NodeKind::op) continue;
    const std::string_view op = c.op(id);
    add_loss_mistakes(c, id, all);
    if (op == "affine" || op == "matmul")
      add_product(c, id, all), products.push_back(id);
    else if (is_activation(c, id))
      add_activation(c, id, all);
  }
  add_updated(c, products, all);
  if (products.size() > 2)
    for (const int id : products) add_updated(c, {id}, all);
}

}  // namespace chainrule::detail
