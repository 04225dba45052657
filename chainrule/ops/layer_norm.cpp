#include "chainrule/ops/layer_norm.h"

#include <cmath>

#include "chainrule/graph/op.h"
#include "chainrule/ops/sums.h"

namespace chainrule {
namespace {

struct LayerNorm {
  inline static const OpDoc doc{
      "layer_norm",
      {"x", "gamma", "beta"},
      "y = gamma * z + beta, z = (x - mean(x)) / sqrt(var(x) + epsilon) over the last axis",
      {"dx = (dz - mean(dz) - z * mean(dz * z)) / sqrt(var(x) + epsilon), dz = dy * gamma",
       "dgamma = sum of dy * z over the lines", "dbeta = sum of dy over the lines"},
      "Ba, Kiros, Hinton: Layer normalization, 2016"};
  static constexpr OpTraits traits{.normalises = true};
  double epsilon = 1e-5;

  static void settings(auto& self, auto&& f) { f("epsilon", self.epsilon, kAboveZero); }

  Shape infer(std::span<const Shape> in) const {
    if (in[0].rank() == 0)
      throw ShapeError(cat("the input is ", in[0].str(), ", expected at least one feature axis"));
    for (std::size_t i = 1; i < 3; ++i)
      if (in[i] != Shape{in[0].last()})
        throw ShapeError(cat(doc.inputs[i], " is ", in[i].str(), ", expected [", in[0].last(),
                             "] like the last axis of the input"));
    return in[0];
  }

  /// Mean and 1 / sqrt(var + epsilon) of each line, for backward.
  Index workspace(std::span<const Shape> in, Index rows) const {
    return 2 * (in[0].batched() ? rows : 1) * (in[0].size() / in[0].last());
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const Lines<T> l(c);
    const T* const gamma = c.in(1).data();
    const T* const beta = c.in(2).data();
    c.pool().split(l.count, 1 + detail::kCheap / l.n, [=, this](Index first, Index last) {
      const T inverse_n = T{1} / static_cast<T>(l.n);
      for (Index r = first; r < last; ++r) {
        const T* const x = l.x + r * l.n;
        T* const y = l.y + r * l.n;
        const T mean = inverse_n * detail::summed<T>(l.n, [=](Index j) { return x[j]; });
        const T variance = inverse_n * detail::summed<T>(l.n, [=](Index j) {
                             return (x[j] - mean) * (x[j] - mean);
                           });
        const T scale = 1 / std::sqrt(variance + static_cast<T>(epsilon));
        for (Index j = 0; j < l.n; ++j) y[j] = gamma[j] * ((x[j] - mean) * scale) + beta[j];
        l.mean[r] = mean, l.scale[r] = scale;
      }
    });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const Lines<T> l(c);
    const T* const gamma = c.in(1).data();
    const T* const dy = c.dout().data();
    const auto z = [=](Index r, Index j) { return (l.x[r * l.n + j] - l.mean[r]) * l.scale[r]; };
    if (c.wants(0)) {
      T* const dx = c.din(0).data();
      c.pool().split(l.count, 1 + detail::kCheap / l.n, [=](Index first, Index last) {
        const T inverse_n = T{1} / static_cast<T>(l.n);
        for (Index r = first; r < last; ++r) {
          const auto dz = [=](Index j) { return dy[r * l.n + j] * gamma[j]; };
          const T mean = inverse_n * detail::summed<T>(l.n, dz);
          const T slope =
              inverse_n * detail::summed<T>(l.n, [=](Index j) { return dz(j) * z(r, j); });
          for (Index j = 0; j < l.n; ++j)
            dx[r * l.n + j] += l.scale[r] * (dz(j) - mean - z(r, j) * slope);
        }
      });
    }
    if (c.wants(1))
      detail::column_sums(c.pool(), l.count, l.n, c.din(1).data(), false,
                          [=](Index r, Index j) { return dy[r * l.n + j] * z(r, j); });
    if (c.wants(2))
      detail::column_sums(c.pool(), l.count, l.n, c.din(2).data(), false,
                          [=](Index r, Index j) { return dy[r * l.n + j]; });
  }

 private:
  template <class T>
  struct Lines {
    explicit Lines(const Context<T>& c)
        : n(c.in_shape(0).last()),
          count(c.in(0).size() / n),
          x(c.in(0).data()),
          y(c.out().data()),
          mean(c.workspace().data()),
          scale(mean + count) {}
    Index n, count;
    const T* x;
    T *y, *mean, *scale;
  };
};

}  // namespace

Var layer_norm(Var x, Var gamma, Var beta, double epsilon, Location at) {
  return add_op(LayerNorm{epsilon}, {x, gamma, beta}, at);
}

}  // namespace chainrule
