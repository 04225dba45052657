// What operations y = f(a, b) of operands have in common: broadcasting and its gradient.
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>
#include <vector>

#include "chainrule/graph/op.h"
#include "chainrule/ops/nest.h"
#include "chainrule/ops/operand.h"

namespace chainrule::detail {

/// The result's shape, as numpy has it: feature axes meet from the last one on, those that are
/// missing or of length 1 are stretched; batched if one operand is. Throws ShapeError otherwise.
Shape broadcast_shape(std::span<const Shape> operands);

/// Calls body<steps...>() with the operands' steps along the innermost axis of the result, 0 or 1,
/// as compile-time constants. Along that axis at least one operand moves.
template <Index... known, std::size_t N, class Body>
void with_steps(const std::array<Index, N>& steps, const Body& body) {
  constexpr std::size_t kKnown = sizeof...(known);
  if constexpr (kKnown == N)
    body.template operator()<known...>();
  else if constexpr (kKnown + 1 == N && ((known == 0) && ...))
    with_steps<known..., 1>(steps, body);
  else if (steps[kKnown] == 0)
    with_steps<known..., 0>(steps, body);
  else
    with_steps<known..., 1>(steps, body);
}

/// F has a static OpDoc `doc` and a static function value(a, b), perhaps of more operands before
/// these; and, unless they are 0, the gradients of the last two, da(dy, a, b) and db(dy, a, b). The
/// operands are numbered by the indices k.
template <class F, class Operands>
struct Broadcast;

template <class F, std::size_t... k>
struct Broadcast<F, std::index_sequence<k...>> {
  static constexpr const OpDoc& doc = F::doc;
  static constexpr OpTraits traits = [] {
    OpTraits t;
    if constexpr (requires { F::traits; }) t = F::traits;
    return t;
  }();
  static constexpr bool kAssigns = true;
  static constexpr std::size_t kOperands = sizeof...(k);

  Shape infer(std::span<const Shape> in) const { return broadcast_shape(in); }

  template <class T>
  void forward(const Context<T>& c) const {
    const Shape& result = c.out_shape();
    const auto loop = nest<kOperands + 1>(
        result, c.rows(), {axis_steps(result), axis_steps(c.in_shape(k), result)...});
    T* const y = c.out().data();
    const std::array x{c.in(k).data()...};
    with_steps(
        std::array{loop.inner()[1 + k]...}, [&]<Index... step>() {
          c.pool().split(loop.size(), kCheap, [&](Index begin, Index end) {
            loop.runs(begin, end, [&](const auto& at, Index n) {
              run<step...>(n, y + at[0], (x[k] + at[1 + k])...);
            });
          });
        });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    (differentiate<k>(c), ...);
  }

 private:
  template <Index... step, class T, class... X>
  static void run(Index n, T* y, const X*... x) {
    for (Index i = 0; i < n; ++i) y[i] = F::value(x[i * step]...);
  }

  /// Gradient of an operand. An element that was used often collects a sum.
  template <std::size_t operand, class T>
  static void differentiate(const Context<T>& c) {
    constexpr int kInput = static_cast<int>(operand);
    if (!c.wants(kInput)) return;
    const View<T> d = c.din(kInput);
    if constexpr (operand + 2 >= kOperands && requires(T v) { F::da(v, (void(k), v)...); }) {
      const Shape& result = c.out_shape();
      const Folding<kOperands + 2> loop(result, c.rows(),
                                        {axis_steps(c.in_shape(kInput), result), axis_steps(result),
                                         axis_steps(c.in_shape(k), result)...});
      const T* const dy = c.dout().data();
      const std::array x{c.in(k).data()...};
      with_steps(
          std::array{loop.innermost().inner()[2 + k]...}, [&]<Index... step>() {
            add_up(c.pool(), loop, d.data(), c.first(kInput), [&](const auto& at) {
              return term<operand, step...>(dy + at[1], (x[k] + at[2 + k])...);
            });
          });
    } else if (c.first(kInput)) {
      std::fill(d.begin(), d.end(), T{0});
    }
  }

  template <std::size_t operand, Index... step, class T, class... X>
  static auto term(const T* dy, const X*... x) {
    return [=](Index i) {
      if constexpr (operand + 2 == kOperands) return F::da(dy[i], x[i * step]...);
      if constexpr (operand + 1 == kOperands) return F::db(dy[i], x[i * step]...);
    };
  }
};

/// The operands as nodes of one graph; a number becomes a constant. Throws Error when none is a
/// node.
std::vector<Var> as_vars(const OpDoc& doc, std::initializer_list<Operand> operands);

/// Adds y = f(operands...) to the graph of the operands.
template <class F, class... Operands>
Var broadcast(const Operand& first, const Operands&... others) {
  return add_op(Broadcast<F, std::make_index_sequence<1 + sizeof...(others)>>{},
                as_vars(F::doc, {first, others...}), first.at);
}

}  // namespace chainrule::detail
