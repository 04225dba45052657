#include "chainrule/losses/softmax_cross_entropy.h"

#include <cmath>

#include "chainrule/kernels/vector_math.h"
#include "chainrule/losses/row_loss.h"

namespace chainrule {
namespace {

// With u the smoothed target and log p_j = x_j - max x - log sum_k exp(x_k - max x), the loss of a
// row is -sum_j u_j log p_j. As d log p_j / d x_k = [j = k] - p_k, its derivative by x_k is
// (sum_j u_j) p_k - u_k. The workspace keeps p [B, C] and the logarithms of the sums [B].
struct SoftmaxCrossEntropy {
  inline static const OpDoc doc{
      "softmax_cross_entropy",
      {"x", "t"},
      "y = -sum_j u_j log softmax(x)_j, u = (1 - label_smoothing) t + label_smoothing / C",
      {"dx = dy * (softmax(x) * sum_j u_j - u)",
       "dt = dy * (label_smoothing - 1) * log softmax(x)"}};
  static constexpr bool kAssigns = true;

  static constexpr OpTraits traits{.loss = true};
  Index classes = 0;  // 0: the target holds numbers
  double smoothing = 0;

  static void settings(auto& self, auto&& f) { f("label_smoothing", self.smoothing, kPart); }
  void bind(std::span<const Var> in) { classes = detail::target_classes(in[1]); }
  bool takes_indices(int input) const { return input == 1 && classes > 0; }

  Shape infer(std::span<const Shape> in) const {
    detail::check_class_target(classes, in[0], in[1]);
    return Shape().with_batch(true);
  }

  Index workspace(std::span<const Shape> in, Index rows) const { return rows * (in[0].size() + 1); }

  template <class T>
  void forward(const Context<T>& c) const {
    const auto x = c.in(0);
    const auto y = c.out(), p = softmax(c);
    T* const log_sums = p.end();
    const Index n = x.cols();
    c.pool().split(x.rows(), detail::row_grain(n), [=, this, &c](Index begin, Index end) {
      for (Index r = begin; r < end; ++r) {
        const T max = y[r] = greatest(x.row(r));
        for (Index j = 0; j < n; ++j) p(r, j) = x(r, j) - max;
      }
      kernels::exp(p.row(begin).data(), p.row(begin).data(), (end - begin) * n);
      for (Index r = begin; r < end; ++r) {
        const T max = y[r];
        T sum = 0;
        for (Index j = 0; j < n; ++j) sum += p(r, j);
        const T log_sum = log_sums[r] = std::log(sum), inverse = 1 / sum;
        for (Index j = 0; j < n; ++j) p(r, j) *= inverse;
        if (one_hot()) {
          y[r] = log_sum - (x(r, c.indices(1)[r]) - max);
        } else {
          y[r] = 0;
          for (Index j = 0; j < n; ++j) y[r] += wanted(c, r, j) * (log_sum - (x(r, j) - max));
        }
      }
    });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const auto x = c.in(0), dy = c.dout();
    const auto p = softmax(c), dx = c.din(0), dt = c.din(1);
    const T* const log_sums = p.end();
    const Index n = x.cols();
    c.pool().split(x.rows(), detail::row_grain(n), [=, this, &c](Index begin, Index end) {
      for (Index r = begin; r < end; ++r) {
        const T g = dy[r];
        if (c.wants(0) && one_hot()) {
          for (Index j = 0; j < n; ++j) detail::put(dx(r, j), c.first(0), g * p(r, j));
          dx(r, c.indices(1)[r]) -= g;
        } else if (c.wants(0)) {
          T total = 0;
          for (Index j = 0; j < n; ++j) total += wanted(c, r, j);
          for (Index j = 0; j < n; ++j)
            detail::put(dx(r, j), c.first(0), g * (total * p(r, j) - wanted(c, r, j)));
        }
        if (c.wants(1)) {
          const T max = greatest(x.row(r)), scale = g * static_cast<T>(1 - smoothing);
          for (Index j = 0; j < n; ++j)
            detail::put(dt(r, j), c.first(1), scale * (log_sums[r] - (x(r, j) - max)));
        }
      }
    });
  }

 private:
  /// A target of a single 1 among zeros.
  bool one_hot() const { return classes > 0 && smoothing == 0; }
  template <class T>
  static T greatest(std::span<const T> x) {
    T max = x[0];
    for (const T v : x) max = v > max ? v : max;
    return max;
  }
  template <class T>
  static View<T> softmax(const Context<T>& c) {
    return {c.workspace().data(), c.in(0).rows(), c.in(0).cols()};
  }
  template <class T>
  T wanted(const Context<T>& c, Index r, Index j) const {
    const T e = static_cast<T>(smoothing);
    return (1 - e) * detail::target_at(c, classes, r, j) + e / static_cast<T>(c.in(0).cols());
  }
};

}  // namespace

Var softmax_cross_entropy(Var x, Var target, SoftmaxCrossEntropyOptions options, Location at) {
  const SoftmaxCrossEntropy op{.smoothing = options.label_smoothing};
  return detail::reduce_rows(add_op(op, {x, target}, at), options.weights, options.reduction, at);
}

}  // namespace chainrule
