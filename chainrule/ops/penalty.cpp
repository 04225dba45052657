#include "chainrule/ops/penalty.h"

#include <cmath>

#include "chainrule/graph/op.h"
#include "chainrule/ops/sums.h"

namespace chainrule {
namespace {

struct L1 {
  inline static const OpDoc doc{
      "l1_penalty", {"w"}, "y = lambda * sum(|w|)", {"dw = dy * lambda * sign(w)"}};
  template <class T>
  static T value(T w) {
    return std::abs(w);
  }
  template <class T>
  static T derivative(T w) {
    return static_cast<T>((w > 0) - (w < 0));
  }
};

struct L2 {
  inline static const OpDoc doc{
      "l2_penalty", {"w"}, "y = lambda * sum(w^2)", {"dw = dy * 2 * lambda * w"}};
  template <class T>
  static T value(T w) {
    return w * w;
  }
  template <class T>
  static T derivative(T w) {
    return 2 * w;
  }
};

template <class F>
struct Penalty {
  static constexpr const OpDoc& doc = F::doc;
  double lambda = kRequired;

  static void settings(auto& self, auto&& f) { f("lambda", self.lambda, kAnyNumber); }
  Shape infer(std::span<const Shape>) const { return {}; }
  Index workspace(std::span<const Shape> in, Index rows) const {
    return detail::sum_workspace(in[0].size() * (in[0].batched() ? rows : 1));
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const View<const T> w = c.in(0);
    c.out()[0] = static_cast<T>(lambda) * detail::summed(c.pool(), w.size(), c.workspace(),
                                                         [=](Index i) { return F::value(w[i]); });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const View<const T> w = c.in(0);
    const View<T> dw = c.din(0);
    const T g = c.dout()[0] * static_cast<T>(lambda);
    c.pool().split(w.size(), detail::kCheap, [=](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) dw[i] += g * F::derivative(w[i]);
    });
  }
};

}  // namespace

Var l1_penalty(Var w, double lambda, Location at) { return add_op(Penalty<L1>{lambda}, {w}, at); }
Var l2_penalty(Var w, double lambda, Location at) { return add_op(Penalty<L2>{lambda}, {w}, at); }

}  // namespace chainrule
