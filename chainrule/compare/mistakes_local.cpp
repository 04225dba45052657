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
  return c.node(id).op->traits().mask ? cat("the mask of ", op) : cat("the derivative of ", op);
}

void add_activation(const Case& c, int id, std::vector<Mistake>& all) {
  const std::string_view op = c.op(id);
  const std::string& name = c.node(id).name;
  const OpTraits& traits = c.node(id).op->traits();
  const bool masked = traits.mask;
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
  if (masked) {
    add("mask from the wrong side",
        cat("the mask of ", op,
            " is taken from the gradient, as if backward were forward: ", right),
        each([](const T& t, std::size_t i) { return t.dy[i] > 0 ? t.dy[i] : 0.0; }));
  }
  if (masked && traits.low == 0) {
    add("mask from the wrong side",
        cat("the mask is inverted: the gradient passes where the input is not positive, ", right),
        each([](const T& t, std::size_t i) { return t.in(0)[i] > 0 ? 0.0 : t.dy[i]; }));
    add("mask at zero",
        cat("at inputs of exactly 0 your gradient passes; here, as in PyTorch, it does not: use "
            "(x > 0), not (x >= 0)"),
        each([](const T& t, std::size_t i) { return t.in(0)[i] >= 0 ? t.dy[i] : 0.0; }));
  } else if (traits.random) {
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
    add("mask missing",
        "the mask of dropout is missing, only its scale is there: everything is divided by "
        "1 - rate, nothing is dropped",
        each([](const T& t, std::size_t i) {
          const auto all_of = t.replay.workspace(t.node);
          return *std::max_element(all_of.begin(), all_of.end()) * t.dy[i];
        }));
  } else {
    add("derivative at the output",
        cat("the derivative of ", op, " is taken at the layer's output instead of its input, ",
            right, " with x the input"),
        [](const T& t) { t.run({.in0 = t.out(), .forward = true}); });
    add("input in place of the output",
        cat("the formula wants the output y of ", op, ", but was given the input x, ", right),
        [](const T& t) { t.run({.out = t.in(0)}); });
  }
  if (traits.competes && traits.saturates())
    add("off-diagonal of softmax missing",
        "only the diagonal y (1 - y) of softmax's derivative was used; each output depends on all "
        "inputs: dx = y * (dy - sum(dy * y))",
        each([](const T& t, std::size_t i) { return t.dy[i] * t.out()[i] * (1 - t.out()[i]); }));
}

}  // namespace

bool is_activation(const Case& c, int id) {
  const Node& node = c.node(id);
  return node.inputs.size() == 1 && node.shape == c.node(node.inputs[0]).shape &&
         node.shape.batched();
}

bool is_product(const Case& c, int id) { return c.node(id).op && c.node(id).op->traits().product; }

void add_local_mistakes(const Case& c, std::vector<Mistake>& all) {
  std::vector<int> products;
  for (int id = c.loss; id >= 0; --id) {
    if (c.node(id).kind != NodeKind::op) continue;
    add_loss_mistakes(c, id, all);
    if (is_product(c, id))
      add_product_mistakes(c, id, all), products.push_back(id);
    else if (is_activation(c, id))
      add_activation(c, id, all), add_foreign_derivatives(c, id, all);
    else
      add_norm_mistakes(c, id, all);
  }
  add_stale_weights(c, products, all);
}

}  // namespace chainrule::detail
