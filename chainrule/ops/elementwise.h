// What operations y[i] = f(x[i]) have in common: everything but f and its derivative.
#pragma once

#include <string>

#include "chainrule/graph/op.h"
#include "chainrule/ops/sums.h"

namespace chainrule {
namespace detail {

/// F has a static OpDoc `doc`, `T value(T x) const`, `T derivative(T x, T y) const` with y =
/// value(x), and settings() if it has hyper-parameters.
template <class F, Index kGrain>
struct Elementwise {
  static constexpr const OpDoc& doc = F::doc;
  static constexpr bool kAssigns = true;
  F f;

  std::string settings() const {
    if constexpr (requires { f.settings(); }) return f.settings();
    return "";
  }

  Shape infer(std::span<const Shape> in) const { return in[0]; }

  template <class T>
  void forward(const Context<T>& c) const {
    const T* const x = c.in(0).data();
    T* const y = c.out().data();
    c.pool().split(c.out().size(), kGrain, [=, this](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) y[i] = f.value(x[i]);
    });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const T* const x = c.in(0).data();
    const T* const y = c.out().data();
    const T* const dy = c.dout().data();
    T* const dx = c.din(0).data();
    c.pool().split(c.out().size(), kGrain, [=, this, first = c.first(0)](Index begin, Index end) {
      if (first)
        for (Index i = begin; i < end; ++i) dx[i] = dy[i] * f.derivative(x[i], y[i]);
      else
        for (Index i = begin; i < end; ++i) dx[i] += dy[i] * f.derivative(x[i], y[i]);
    });
  }
};

}  // namespace detail

/// Adds y = f.value(x), element by element; `detail::Elementwise` says what F must have. kGrain is
/// the number of elements that are worth a thread.
template <Index kGrain, class F>
Var elementwise(F f, Var x, Location at) {
  return add_op(detail::Elementwise<F, kGrain>{f}, {x}, at);
}

}  // namespace chainrule
