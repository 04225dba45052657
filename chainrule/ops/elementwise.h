// What operations y[i] = f(x[i]) have in common: everything but f and its derivative.
#pragma once

#include <algorithm>

#include "chainrule/graph/op.h"
#include "chainrule/ops/sums.h"

namespace chainrule {
namespace detail {

/// F has a static OpDoc `doc`; traits; the visitor settings() if it has hyper-parameters; and the
/// function and its derivative, each for one number or for n of them:
///   T value(T x) const, or void values(const T* x, T* y, Index n) const;
///   T derivative(T x, T y) const, or void derivatives(const T* x, T* d, Index n) const.
template <class F, Index kGrain>
struct Elementwise {
  static constexpr const OpDoc& doc = F::doc;
  static constexpr bool kAssigns = true;
  F f;

  static constexpr OpTraits traits = [] {
    OpTraits t;
    if constexpr (requires { F::traits; }) t = F::traits;
    t.elementwise = true;
    return t;
  }();
  static void settings(auto& self, auto&& visit) {
    if constexpr (requires { F::settings(self.f, visit); }) F::settings(self.f, visit);
  }

  Shape infer(std::span<const Shape> in) const { return in[0]; }

  template <class T>
  void forward(const Context<T>& c) const {
    const T* const x = c.in(0).data();
    T* const y = c.out().data();
    c.pool().split(c.out().size(), kGrain, [=, this](Index begin, Index end) {
      if constexpr (requires { f.values(x, y, end); })
        f.values(x + begin, y + begin, end - begin);
      else
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
      if constexpr (requires { f.derivatives(x, dx, end); }) {
        constexpr Index kBlock = 256;
        T d[kBlock];
        for (Index at = begin; at < end; at += kBlock) {
          const Index n = std::min(kBlock, end - at);
          f.derivatives(x + at, d, n);
          add(first, at, at + n, dx, [&](Index i) { return dy[i] * d[i - at]; });
        }
      } else {
        add(first, begin, end, dx, [=, this](Index i) { return dy[i] * f.derivative(x[i], y[i]); });
      }
    });
  }

 private:
  template <class T, class Term>
  static void add(bool first, Index begin, Index end, T* dx, Term term) {
    if (first)
      for (Index i = begin; i < end; ++i) dx[i] = term(i);
    else
      for (Index i = begin; i < end; ++i) dx[i] += term(i);
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
