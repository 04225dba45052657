// Runs a loss on given outputs and targets, for tests that compare with numbers from paper.
#pragma once

#include <vector>

#include "chainrule/losses/loss.h"
#include "tests/check.h"

namespace chainrule::testing {

template <class T = double>
struct LossRun {
  std::vector<T> loss, dx;
};

/// `function(x, target)` for x of `cols` columns; `classes` > 0: the target holds class indices.
template <class T = double, class F>
LossRun<T> run_loss(F function, Index cols, const std::vector<double>& x,
                    const std::vector<double>& target, Index classes = 0) {
  Graph g;
  const Var xv = g.input("x", {cols});
  const Var tv = classes > 0 ? g.class_input("t", classes) : g.input("t", {cols});
  const Var y = function(xv, tv);
  Tape<T> tape(g, {.rows = static_cast<Index>(x.size()) / cols});
  tape.set(xv, std::span<const double>(x));
  tape.set(tv, std::span<const double>(target));
  tape.forward();
  tape.backward(y);
  const auto loss = tape.value(y), dx = tape.grad(xv);
  return {{loss.begin(), loss.end()}, {dx.begin(), dx.end()}};
}

/// What an Error says, or "no error".
template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

/// Gradient checks of a loss between two arguments like `x` and `t`: each reduction, weighted or
/// not. `Options` is the loss's options struct.
template <class Options, class F>
void check_reductions(F loss, const Argument& x, const Argument& t,
                      const GradcheckOptions& options = {}) {
  const Argument w = Argument({x.dims[0]}).in(0.5, 2);
  for (const Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
    check([&](Var a, Var b) { return loss(a, b, Options{.reduction = reduction}); }, {x, t},
          options);
    check([&](Var a, Var b,
              Var c) { return loss(a, b, Options{.weights = c, .reduction = reduction}); },
          {x, t, w}, options);
  }
}

}  // namespace chainrule::testing
