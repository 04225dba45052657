#include "tests/docs/softsign.h"

#include <cmath>

#include "chainrule/graph/op.h"

namespace {
using namespace chainrule;

struct Softsign {
  inline static const OpDoc doc{"softsign",
                                {"x"},
                                "y = x / (1 + |x|)",
                                {"dx = dy / (1 + |x|)^2"},
                                "Bergstra et al. 2009, \"Quadratic polynomials learn better\""};

  Shape infer(std::span<const Shape> in) const { return in[0]; }

  template <class T>
  void forward(const Context<T>& c) const {
    const auto x = c.in(0);
    const auto y = c.out();
    c.pool().split(x.size(), 1 << 14, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) y[i] = x[i] / (1 + std::abs(x[i]));
    });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    if (!c.wants(0)) return;
    const auto x = c.in(0);
    const auto dy = c.dout();
    const auto dx = c.din(0);
    c.pool().split(x.size(), 1 << 14, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) {
        const T d = 1 + std::abs(x[i]);
        dx[i] += dy[i] / (d * d);
      }
    });
  }
};

}  // namespace

Var softsign(Var x, Location at) { return add_op(Softsign{}, {x}, at); }
