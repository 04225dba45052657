#include "chainrule/ops/softmax.h"

#include <algorithm>
#include <cmath>

#include "chainrule/graph/op.h"
#include "chainrule/kernels/vector_math.h"
#include "chainrule/ops/sums.h"

namespace chainrule {
namespace {

/// Subtracting the maximum keeps exp from overflowing and changes nothing else: it cancels.
struct Softmax {
  inline static const OpDoc doc{"softmax",
                                {"x"},
                                "y = exp(x) / sum(exp(x)) over the last axis",
                                {"dx = y * (dy - sum(dy * y))"}};
  static constexpr OpTraits traits{.competes = true, .low = 0, .high = 1, .init = "glorot_uniform"};
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
};

struct LogSoftmax {
  inline static const OpDoc doc{"log_softmax",
                                {"x"},
                                "y = x - log(sum(exp(x))) over the last axis",
                                {"dx = dy - exp(y) * sum(dy)"}};
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
};

/// F along every line of the last axis.
template <class F>
struct OverLastAxis {
  static constexpr const OpDoc& doc = F::doc;
  static constexpr OpTraits traits = F::traits;

  Shape infer(std::span<const Shape> in) const {
    if (in[0].rank() == 0)
      throw ShapeError(cat("the input is ", in[0].str(), ", expected at least one feature axis"));
    return in[0];
  }

  template <class T>
  void forward(const Context<T>& c) const {
    lines(c, [x = c.in(0).data(), y = c.out().data()](Index at, Index n) {
      F::value(n, x + at, y + at);
    });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    lines(c, [y = c.out().data(), dy = c.dout().data(), dx = c.din(0).data()](Index at, Index n) {
      F::add_gradient(n, y + at, dy + at, dx + at);
    });
  }

 private:
  template <class T, class Line>
  static void lines(const Context<T>& c, Line line) {
    const Index n = c.in_shape(0).last();
    c.pool().split(c.in(0).size() / n, 1 + detail::kCostly / n, [=](Index first, Index last) {
      for (Index r = first; r < last; ++r) line(r * n, n);
    });
  }
};

}  // namespace

Var softmax(Var x, Location at) { return add_op(OverLastAxis<Softmax>{}, {x}, at); }
Var log_softmax(Var x, Location at) { return add_op(OverLastAxis<LogSoftmax>{}, {x}, at); }

}  // namespace chainrule
