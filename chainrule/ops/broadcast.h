// What operations y = f(a, b) of two operands have in common: broadcasting and its gradient.
#pragma once

#include <algorithm>
#include <array>
#include <type_traits>

#include "chainrule/graph/op.h"
#include "chainrule/ops/operand.h"
#include "chainrule/ops/sums.h"

namespace chainrule::detail {

/// The result's shape: batched if one operand is; the feature axes of one operand must be equal to
/// the last feature axes of the other (a scalar has none). Throws ShapeError otherwise.
Shape broadcast_shape(const Shape& a, const Shape& b);

/// The result as `segments` stretches of `length` elements in which each operand either advances
/// with the result (step 1) or stays at one element (step 0).
struct BroadcastPlan {
  struct Side {
    Index size;     ///< elements of one row
    Index row;      ///< elements from one row of the result to the next: size, or 0
    Index step;     ///< 0 or 1
    bool batched;   ///< has rows of its own
    bool complete;  ///< as large as the result: no element is used twice
  };
  BroadcastPlan(const Shape& a, const Shape& b, const Shape& y, Index rows);

  /// Where the operand stands when the result stands at its element p.
  Index offset(const Side& side, Index p) const {
    return p / columns * side.row + p % columns % side.size;
  }

  Side side[2];
  Index columns;  ///< elements in one row of the result
  Index length, segments;
};

/// Calls f(step of a, step of b) with both as compile-time constants; never (0, 0).
template <class Body>
void with_steps(const BroadcastPlan& plan, Body body) {
  using Zero = std::integral_constant<Index, 0>;
  using One = std::integral_constant<Index, 1>;
  if (plan.side[0].step == 0)
    body(Zero{}, One{});
  else if (plan.side[1].step == 0)
    body(One{}, Zero{});
  else
    body(One{}, One{});
}

/// F has a static OpDoc `doc` and static functions value(a, b), da(dy, a, b) and db(dy, a, b).
template <class F>
struct Broadcast {
  static constexpr const OpDoc& doc = F::doc;
  static constexpr OpTraits traits = [] {
    OpTraits t;
    if constexpr (requires { F::traits; }) t = F::traits;
    return t;
  }();
  static constexpr bool kAssigns = true;

  Shape infer(std::span<const Shape> in) const { return broadcast_shape(in[0], in[1]); }

  template <class T>
  void forward(const Context<T>& c) const {
    const BroadcastPlan plan(c.in_shape(0), c.in_shape(1), c.out_shape(), c.out().rows());
    with_steps(plan, [&](auto a_step, auto b_step) {
      const auto part = [&](Index segment, Index begin, Index end) {
        const Index p = segment * plan.length;
        const T* const a = c.in(0).data() + plan.offset(plan.side[0], p);
        const T* const b = c.in(1).data() + plan.offset(plan.side[1], p);
        T* const y = c.out().data() + p;
        for (Index i = begin; i < end; ++i) y[i] = F::value(a[i * a_step], b[i * b_step]);
      };
      if (plan.segments == 1)
        c.pool().split(plan.length, kCheap, [&](Index begin, Index end) { part(0, begin, end); });
      else
        c.pool().split(plan.segments, 1 + kCheap / plan.length, [&](Index first, Index last) {
          for (Index s = first; s < last; ++s) part(s, 0, plan.length);
        });
    });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const BroadcastPlan plan(c.in_shape(0), c.in_shape(1), c.out_shape(), c.out().rows());
    with_steps(plan, [&](auto a_step, auto b_step) {
      if (c.wants(0)) differentiate<0>(c, plan, a_step, b_step);
      if (c.wants(1)) differentiate<1>(c, plan, a_step, b_step);
    });
  }

 private:
  /// Gradient of operand k. An element that was used often collects a sum, always by one thread
  /// and in the order of the result: threads share rows where the operand has rows, else columns.
  template <int k, class T, class AStep, class BStep>
  static void differentiate(const Context<T>& c, const BroadcastPlan& plan, AStep a_step,
                            BStep b_step) {
    constexpr bool kAdvances = (k == 0 ? AStep::value : BStep::value) == 1;
    const BroadcastPlan::Side& side = plan.side[k];
    const bool assign = c.first(k) && side.complete;
    if (c.first(k) && !side.complete) std::fill(c.din(k).begin(), c.din(k).end(), T{0});
    const auto part = [&](Index segment, Index begin, Index end) {
      const Index p = segment * plan.length;
      const T* const a = c.in(0).data() + plan.offset(plan.side[0], p);
      const T* const b = c.in(1).data() + plan.offset(plan.side[1], p);
      const T* const dy = c.dout().data() + p;
      T* const d = c.din(k).data() + plan.offset(side, p);
      const auto term = [=](Index i) {
        if constexpr (k == 0) return F::da(dy[i], a[i * a_step], b[i * b_step]);
        if constexpr (k == 1) return F::db(dy[i], a[i * a_step], b[i * b_step]);
      };
      if constexpr (!kAdvances)
        *d += summed<T>(end - begin, [=](Index i) { return term(begin + i); });
      else if (assign)
        for (Index i = begin; i < end; ++i) d[i] = term(i);
      else
        for (Index i = begin; i < end; ++i) d[i] += term(i);
    };
    if (side.batched && plan.segments > 1) {
      const Index per_row = plan.columns / plan.length;
      c.pool().split(plan.segments / per_row, 1 + kCheap / plan.columns,
                     [&](Index first, Index last) {
                       for (Index s = first * per_row; s < last * per_row; ++s)
                         part(s, 0, plan.length);
                     });
    } else if (kAdvances) {
      c.pool().split(plan.length, 1 + kCheap / plan.segments, [&](Index begin, Index end) {
        for (Index s = 0; s < plan.segments; ++s) part(s, begin, end);
      });
    } else {
      part(0, 0, plan.length);
    }
  }
};

/// The operands as nodes of one graph; a number becomes a constant. Throws Error when neither is a
/// node.
std::array<Var, 2> as_vars(const OpDoc& doc, const Operand& a, const Operand& b);

/// Adds y = f(a, b) to the graph of the operands.
template <class F>
Var broadcast(const Operand& a, const Operand& b) {
  return add_op(Broadcast<F>{}, as_vars(F::doc, a, b), a.at);
}

}  // namespace chainrule::detail
