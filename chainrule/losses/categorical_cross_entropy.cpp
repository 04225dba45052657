#include "chainrule/losses/categorical_cross_entropy.h"

#include <algorithm>
#include <cmath>

#include "chainrule/losses/row_loss.h"

namespace chainrule {
namespace {

struct CategoricalCrossEntropy {
  inline static const OpDoc doc{"categorical_cross_entropy",
                                {"p", "t"},
                                "y = -sum_j t_j log q_j, q = max(p, epsilon)",
                                {"dp = dy * -t / q where p = q, else 0", "dt = dy * -log q"}};
  static constexpr bool kAssigns = true;

  static constexpr OpTraits traits{.loss = true};
  static constexpr Range kEpsilon{.low = 1e-30, .high = 1, .with_high = false};

  Index classes = 0;  // 0: the target holds numbers
  double epsilon = 1e-7;

  static void settings(auto& self, auto&& f) { f("epsilon", self.epsilon, kEpsilon); }
  void bind(std::span<const Var> in) { classes = detail::target_classes(in[1]); }
  bool takes_indices(int input) const { return input == 1 && classes > 0; }

  Shape infer(std::span<const Shape> in) const {
    detail::check_class_target(classes, in[0], in[1]);
    return Shape().with_batch(true);
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const auto p = c.in(0);
    const auto y = c.out();
    c.pool().split(p.rows(), detail::row_grain(p.cols()), [&](Index begin, Index end) {
      for (Index r = begin; r < end; ++r) {
        y[r] = 0;
        for (Index j = 0; j < p.cols(); ++j)
          if (const T t = detail::target_at(c, classes, r, j);
              t != 0)  // most are, with one-hot rows
            y[r] -= t * std::log(clipped(p(r, j)));
      }
    });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const auto p = c.in(0), dy = c.dout();
    const auto dp = c.din(0), dt = c.din(1);
    c.pool().split(p.rows(), detail::row_grain(p.cols()), [&](Index begin, Index end) {
      for (Index r = begin; r < end; ++r)
        for (Index j = 0; j < p.cols(); ++j) {
          const T q = clipped(p(r, j));
          const T slope = p(r, j) == q ? -detail::target_at(c, classes, r, j) / q : T{0};
          if (c.wants(0)) detail::put(dp(r, j), c.first(0), dy[r] * slope);
          if (c.wants(1)) detail::put(dt(r, j), c.first(1), dy[r] * -std::log(q));
        }
    });
  }

 private:
  template <class T>
  T clipped(T p) const {
    return std::max(p, static_cast<T>(epsilon));
  }
};

}  // namespace

Var categorical_cross_entropy(Var p, Var target, CategoricalCrossEntropyOptions options,
                              Location at) {
  const Var rows = add_op(CategoricalCrossEntropy{.epsilon = options.epsilon}, {p, target}, at);
  return detail::reduce_rows(rows, options.weights, options.reduction, at);
}

}  // namespace chainrule
