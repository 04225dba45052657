// What the files of losses are made of. A loss that adds up one term per feature is only its
// formula: RowLoss has the loops.
#pragma once

#include <bit>
#include <cstdint>
#include <string>

#include "chainrule/graph/op.h"
#include "chainrule/losses/loss.h"

namespace chainrule::detail {

/// [B] -> what `reduction` asks for, as nodes of its own, so that the losses of the single rows
/// stay visible in the graph.
Var reduce_rows(Var losses, Var weights, Reduction reduction, Location at);

/// How many classes the target names, or 0 when it holds numbers.
Index target_classes(Var target);

/// Checks an output x [B, C] against a target of class indices [B] (classes > 0) or of numbers
/// [B, C] (classes = 0). Throws ShapeError.
void check_class_target(Index classes, const Shape& x, const Shape& target);

/// Element j of the target of row r; class indices count as one-hot rows.
template <class T>
T target_at(const Context<T>& c, Index classes, Index r, Index j) {
  return classes > 0 ? static_cast<T>(c.indices(1)[r] == j) : c.in(1)(r, j);
}

/// Writes the first term of a gradient, adds the others.
template <class T>
void put(T& gradient, bool first, T term) {
  gradient = first ? term : gradient + term;
}

/// Rows that are worth a thread, for about 2^13 elements with an exp or log each, without a
/// division: it would take as long as a row of a small network.
inline Index row_grain(Index cols) {
  return (Index{1} << 13 >> std::bit_width(static_cast<std::uint64_t>(cols))) + 1;
}

/// y[B] = sum_j value(x_j, t_j), divided by the number of features N if Term::kMean, for the
/// output x and the target t of a network, both [B, N].
///
/// Term offers a static OpDoc `doc`, `kMean`, `value(x, t)`, its derivative `dx(x, t)` by x, and
/// `dt(x, t)` by t, unless it depends on x - t alone, so that dt = -dx; the visitor `settings(self,
/// f)` if it has any.
template <class Term>
struct RowLoss {
  inline static const OpDoc& doc = Term::doc;
  static constexpr bool kAssigns = true;

  Term term = {};

  static constexpr OpTraits traits{.loss = true};
  static void settings(auto& self, auto&& f) {
    if constexpr (requires { Term::settings(self.term, f); }) Term::settings(self.term, f);
  }

  Shape infer(std::span<const Shape> in) const {
    const Shape &x = in[0], &t = in[1];
    const bool fits = x == t || (x.size() == 1 && t.size() == 1 && x.batched() == t.batched());
    if (!fits)
      throw ShapeError(
          cat("the output has shape ", x.str(), ", the target ", t.str(), ", expected the same"));
    return Shape().with_batch(x.batched());
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const auto x = c.in(0), t = c.in(1);
    const auto y = c.out();
    const T scale = factor<T>(x.cols());
    c.pool().split(x.rows(), row_grain(x.cols()), [=, this](Index begin, Index end) {
      for (Index r = begin; r < end; ++r) {
        T sum = 0;
        for (Index j = 0; j < x.cols(); ++j) sum += term.value(x(r, j), t(r, j));
        y[r] = sum * scale;
      }
    });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    if (c.wants(0)) write(c, 0, [this](T x, T t) { return term.dx(x, t); });
    if (c.wants(1))
      write(c, 1, [this](T x, T t) {
        if constexpr (requires { term.dt(x, t); })
          return term.dt(x, t);
        else
          return -term.dx(x, t);
      });
  }

 private:
  template <class T, class F>
  static void write(const Context<T>& c, int input, F slope) {
    const auto x = c.in(0), t = c.in(1);
    const auto dy = c.dout();
    const auto d = c.din(input);
    const bool first = c.first(input);
    const T scale = factor<T>(x.cols());
    c.pool().split(x.rows(), row_grain(x.cols()), [=](Index begin, Index end) {
      for (Index r = begin; r < end; ++r) {
        const T g = dy[r] * scale;
        for (Index j = 0; j < x.cols(); ++j) put(d(r, j), first, g * slope(x(r, j), t(r, j)));
      }
    });
  }

  template <class T>
  static T factor(Index features) {
    return Term::kMean ? T{1} / static_cast<T>(features) : T{1};
  }
};

}  // namespace chainrule::detail
