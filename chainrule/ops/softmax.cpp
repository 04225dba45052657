#include "chainrule/ops/softmax.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "chainrule/graph/op.h"
#include "chainrule/kernels/vector_math.h"
#include "chainrule/ops/axes.h"
#include "chainrule/ops/sums.h"

namespace chainrule {
namespace {

/// Lines side by side, no more than kColumns: element i of line j lies at i * step + j.
struct Lines {
  static constexpr Index kColumns = 64;
  Index n, step, columns;

  /// Calls f(element, j) for every line j of element 0, then of element 1, ...
  template <class F>
  void each(F f) const {
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < columns; ++j) f(i * step + j, static_cast<std::size_t>(j));
  }
};
template <class T>
using PerLine = std::array<T, Lines::kColumns>;

/// y = exp(x - the greatest x of the line), `top`. Subtracting it keeps exp from overflowing and
/// changes nothing else: it cancels. Returns the sums over the lines.
template <class T>
PerLine<double> exponentials(const Lines& lines, const T* x, T* y, PerLine<T>& top) {
  std::copy_n(x, lines.columns, top.begin());
  lines.each([&](Index at, std::size_t j) { top[j] = std::max(top[j], x[at]); });
  lines.each([&](Index at, std::size_t j) { y[at] = x[at] - top[j]; });
  for (Index i = 0; i < lines.n; ++i)
    kernels::exp(y + i * lines.step, y + i * lines.step, lines.columns);
  PerLine<double> total{};
  lines.each([&](Index at, std::size_t j) { total[j] += static_cast<double>(y[at]); });
  return total;
}

struct Softmax {
  inline static const OpDoc doc{
      "softmax", {"x"}, "y = exp(x) / sum(exp(x), axis)", {"dx = y * (dy - sum(dy * y))"}};
  static constexpr OpTraits traits{.competes = true, .low = 0, .high = 1, .init = "glorot_uniform"};
  /// One line of contiguous elements.
  template <class T>
  static void value(Index n, const T* x, T* y) {
    const T top = *std::max_element(x, x + n);
    for (Index i = 0; i < n; ++i) y[i] = x[i] - top;
    kernels::exp(y, y, n);
    const T inverse = 1 / detail::summed<T>(n, [=](Index i) { return y[i]; });
    for (Index i = 0; i < n; ++i) y[i] *= inverse;
  }
  template <class T>
  static void add_gradient(Index n, const T* y, const T* dy, T* dx) {
    const T mean = detail::summed<T>(n, [=](Index i) { return dy[i] * y[i]; });
    for (Index i = 0; i < n; ++i) dx[i] += y[i] * (dy[i] - mean);
  }
  template <class T>
  static void values(const Lines& lines, const T* x, T* y) {
    PerLine<T> top;
    const PerLine<double> total = exponentials(lines, x, y, top);
    lines.each([&](Index at, std::size_t j) { y[at] /= static_cast<T>(total[j]); });
  }
  template <class T>
  static void add_gradients(const Lines& lines, const T* y, const T* dy, T* dx) {
    PerLine<double> mean{};
    lines.each([&](Index at, std::size_t j) { mean[j] += static_cast<double>(dy[at] * y[at]); });
    lines.each(
        [&](Index at, std::size_t j) { dx[at] += y[at] * (dy[at] - static_cast<T>(mean[j])); });
  }
};

struct LogSoftmax {
  inline static const OpDoc doc{
      "log_softmax", {"x"}, "y = x - log(sum(exp(x), axis))", {"dx = dy - exp(y) * sum(dy)"}};
  static constexpr OpTraits traits{.competes = true, .high = 0, .init = "glorot_uniform"};
  template <class T>
  static void value(Index n, const T* x, T* y) {
    const T top = *std::max_element(x, x + n);
    for (Index i = 0; i < n; ++i) y[i] = x[i] - top;
    kernels::exp(y, y, n);
    const T log_total = std::log(detail::summed<T>(n, [=](Index i) { return y[i]; }));
    for (Index i = 0; i < n; ++i) y[i] = (x[i] - top) - log_total;
  }
  template <class T>
  static void add_gradient(Index n, const T* y, const T* dy, T* dx) {
    const T total = detail::summed<T>(n, [=](Index i) { return dy[i]; });
    constexpr Index kBlock = 256;
    T p[kBlock];
    for (Index begin = 0; begin < n; begin += kBlock) {
      const Index end = std::min(n, begin + kBlock);
      kernels::exp(y + begin, p, end - begin);
      for (Index i = begin; i < end; ++i) dx[i] += dy[i] - p[i - begin] * total;
    }
  }
  template <class T>
  static void values(const Lines& lines, const T* x, T* y) {
    PerLine<T> top;
    PerLine<double> total = exponentials(lines, x, y, top);
    for (double& t : total) t = std::log(t);
    lines.each(
        [&](Index at, std::size_t j) { y[at] = (x[at] - top[j]) - static_cast<T>(total[j]); });
  }
  template <class T>
  static void add_gradients(const Lines& lines, const T* y, const T* dy, T* dx) {
    PerLine<double> total{};
    lines.each([&](Index at, std::size_t j) { total[j] += static_cast<double>(dy[at]); });
    PerLine<T> p;
    for (Index i = 0; i < lines.n; ++i) {
      const Index row = i * lines.step;
      kernels::exp(y + row, p.data(), lines.columns);
      for (Index j = 0; j < lines.columns; ++j) {
        const auto line = static_cast<std::size_t>(j);
        dx[row + j] += dy[row + j] - p[line] * static_cast<T>(total[line]);
      }
    }
  }
};

/// F along every line of one axis.
template <class F>
struct OverAxis {
  static constexpr const OpDoc& doc = F::doc;
  static constexpr OpTraits traits = F::traits;
  Index axis = -1;

  static void settings(auto& self, auto&& f) { f("axis", self.axis, kAnyNumber); }

  Shape infer(std::span<const Shape> in) const {
    if (in[0].rank() == 0)
      throw ShapeError(cat("the input is ", in[0].str(), ", expected at least one feature axis"));
    detail::feature_axis(in[0], axis);
    return in[0];
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const T* const x = c.in(0).data();
    T* const y = c.out().data();
    lines(
        c, [=](Index at, Index n) { F::value(n, x + at, y + at); },
        [=](Index at, const Lines& l) { F::values(l, x + at, y + at); });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const T* const y = c.out().data();
    const T* const dy = c.dout().data();
    T* const dx = c.din(0).data();
    lines(
        c, [=](Index at, Index n) { F::add_gradient(n, y + at, dy + at, dx + at); },
        [=](Index at, const Lines& l) { F::add_gradients(l, y + at, dy + at, dx + at); });
  }

 private:
  /// Calls line(place, n) for lines of contiguous elements, else side_by_side(place, lines).
  template <class T, class Line, class Side>
  void lines(const Context<T>& c, Line line, Side side_by_side) const {
    const Shape& x = c.in_shape(0);
    const int a = detail::feature_axis(x, axis);
    const Index n = x[a], count = c.in(0).size() / n;
    Index behind = 1;
    for (int i = a + 1; i < x.rank(); ++i) behind *= x[i];
    c.pool().split(count, 1 + detail::kCostly / n, [=](Index first, Index last) {
      for (Index r = first; r < last;) {
        const Index column = r % behind, place = r / behind * n * behind + column;
        const Index columns = std::min({last - r, behind - column, Lines::kColumns});
        if (behind == 1)
          line(place, n);
        else
          side_by_side(place, Lines{n, behind, columns});
        r += columns;
      }
    });
  }
};

}  // namespace

Var softmax(Var x, Location at) { return softmax(x, -1, at); }
Var softmax(Var x, Index axis, Location at) { return add_op(OverAxis<Softmax>{axis}, {x}, at); }
Var log_softmax(Var x, Location at) { return log_softmax(x, -1, at); }
Var log_softmax(Var x, Index axis, Location at) {
  return add_op(OverAxis<LogSoftmax>{axis}, {x}, at);
}

}  // namespace chainrule
