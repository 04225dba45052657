#include "chainrule/ops/batch_norm.h"

#include <algorithm>
#include <cmath>

#include "chainrule/graph/op.h"
#include "chainrule/ops/sums.h"

namespace chainrule {
namespace {

/// A matrix of N = B * (other axes) lines and F columns, a column per feature.
struct BatchNorm {
  inline static const OpDoc doc{
      "batch_norm",
      {"x", "gamma", "beta", "running_mean", "running_var"},
      "y = gamma * z + beta, z = (x - mean) / sqrt(var + epsilon); mean and var of the batch in "
      "training, running_mean and running_var in inference",
      {"dx = (dz - mean(dz) - z * mean(dz * z)) / sqrt(var + epsilon), dz = dy * gamma; inference: "
       "dx = dz / sqrt(var + epsilon)",
       "dgamma = sum of dy * z over the batch", "dbeta = sum of dy over the batch", "no gradient",
       "no gradient"},
      "Ioffe, Szegedy: Batch normalization, 2015"};
  static constexpr OpTraits traits{.normalises = true};
  BatchNormOptions options;

  static void settings(auto& self, auto&& f) {
    f("momentum", self.options.momentum, kShare);
    f("epsilon", self.options.epsilon, kAboveZero);
  }

  Shape infer(std::span<const Shape> in) const {
    if (!in[0].batched() || in[0].rank() == 0)
      throw ShapeError(cat("the input is ", in[0].str(), ", expected [B, ..., F]"));
    for (std::size_t i = 1; i < 5; ++i)
      if (in[i] != Shape{in[0].last()})
        throw ShapeError(cat(doc.inputs[i], " is ", in[i].str(), ", expected [", in[0].last(),
                             "] like the last axis of the input"));
    return in[0];
  }

  Index workspace(std::span<const Shape> in, Index) const { return 5 * in[0].last(); }

  template <class T>
  void forward(const Context<T>& c) const {
    const Columns<T> s(c);
    const T* const x = c.in(0).data();
    T* const y = c.out().data();
    if (c.training()) {
      const T share = T{1} / static_cast<T>(s.lines);
      detail::column_sums(c.pool(), s.lines, s.n, s.mean, true,
                          [=](Index r, Index j) { return share * x[r * s.n + j]; });
      detail::column_sums(c.pool(), s.lines, s.n, s.variance, true, [=](Index r, Index j) {
        const T d = x[r * s.n + j] - s.mean[j];
        return share * d * d;
      });
    } else {
      std::copy(c.in(3).begin(), c.in(3).end(), s.mean);
      std::copy(c.in(4).begin(), c.in(4).end(), s.variance);
    }
    for (Index j = 0; j < s.n; ++j)
      s.scale[j] = 1 / std::sqrt(s.variance[j] + static_cast<T>(options.epsilon));
    const T* const gamma = c.in(1).data();
    const T* const beta = c.in(2).data();
    c.pool().split(s.lines, 1 + detail::kCheap / s.n, [=](Index first, Index last) {
      for (Index r = first; r < last; ++r)
        for (Index j = 0; j < s.n; ++j)
          y[r * s.n + j] = gamma[j] * ((x[r * s.n + j] - s.mean[j]) * s.scale[j]) + beta[j];
    });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const Columns<T> s(c);
    const T* const x = c.in(0).data();
    const T* const dy = c.dout().data();
    const auto z = [=](Index r, Index j) { return (x[r * s.n + j] - s.mean[j]) * s.scale[j]; };
    detail::column_sums(c.pool(), s.lines, s.n, s.sum_dy, true,
                        [=](Index r, Index j) { return dy[r * s.n + j]; });
    detail::column_sums(c.pool(), s.lines, s.n, s.sum_dy_z, true,
                        [=](Index r, Index j) { return dy[r * s.n + j] * z(r, j); });
    if (c.wants(0)) {
      const T* const gamma = c.in(1).data();
      T* const dx = c.din(0).data();
      // How strongly the statistics answer to x: not at all when they are the running ones.
      const T share = c.training() ? T{1} / static_cast<T>(s.lines) : T{0};
      c.pool().split(s.lines, 1 + detail::kCheap / s.n, [=](Index first, Index last) {
        for (Index r = first; r < last; ++r)
          for (Index j = 0; j < s.n; ++j)
            dx[r * s.n + j] += gamma[j] * s.scale[j] *
                               (dy[r * s.n + j] - share * (s.sum_dy[j] + z(r, j) * s.sum_dy_z[j]));
      });
    }
    for (Index j = 0; c.wants(1) && j < s.n; ++j) c.din(1)[j] += s.sum_dy_z[j];
    for (Index j = 0; c.wants(2) && j < s.n; ++j) c.din(2)[j] += s.sum_dy[j];
  }

  /// As PyTorch: running = (1 - momentum) * running + momentum * batch.
  template <class T>
  void update_state(const Context<T>& c) const {
    const Columns<T> s(c);
    if (!c.training() || s.lines == 1) return;
    const T momentum = static_cast<T>(options.momentum);
    const T unbiased = static_cast<T>(s.lines) / static_cast<T>(s.lines - 1);
    const View<T> mean = c.state(3), variance = c.state(4);
    for (Index j = 0; j < s.n; ++j) {
      mean[j] += momentum * (s.mean[j] - mean[j]);
      variance[j] += momentum * (unbiased * s.variance[j] - variance[j]);
    }
  }

 private:
  template <class T>
  struct Columns {
    explicit Columns(const Context<T>& c)
        : n(c.in_shape(0).last()),
          lines(c.in(0).size() / n),
          mean(c.workspace().data()),
          variance(mean + n),
          scale(variance + n),
          sum_dy(scale + n),
          sum_dy_z(sum_dy + n) {}
    Index n, lines;
    T *mean, *variance;    // that forward used
    T* scale;              // 1 / sqrt(variance + epsilon)
    T *sum_dy, *sum_dy_z;  // over the lines; backward's own
  };
};

}  // namespace

Var batch_norm(Var x, Var gamma, Var beta, Var running_mean, Var running_var,
               BatchNormOptions options, Location at) {
  for (const Var& v : {running_mean, running_var}) {
    if (!v) continue;
    const Node& node = v.graph().node(v);
    if (node.kind != NodeKind::param || node.param_options.trainable)
      throw Error(cat("[batch_norm] '", node.name, "' must be a parameter with trainable = false ",
                      describe(at)));
  }
  return add_op(BatchNorm{options}, {x, gamma, beta, running_mean, running_var}, at);
}

}  // namespace chainrule
