#include "chainrule/ops/relu.h"

#include "chainrule/graph/op.h"

namespace chainrule {
namespace {

struct Relu {
  inline static const OpDoc doc{"relu", {"x"}, "y = max(x, 0)", {"dx = dy * (x > 0)"}};

  Shape infer(std::span<const Shape> in) const { return in[0]; }

  template <class T>
  void forward(const Context<T>& c) const {
    const auto x = c.in(0);
    const auto y = c.out();
    c.pool().split(x.size(), 1 << 14, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) y[i] = x[i] > 0 ? x[i] : T{0};
    });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const auto x = c.in(0);
    const auto dy = c.dout();
    const auto dx = c.din(0);
    c.pool().split(x.size(), 1 << 14, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) dx[i] += x[i] > 0 ? dy[i] : T{0};
    });
  }
};

}  // namespace

Var relu(Var x, Location at) { return add_op(Relu{}, {x}, at); }

}  // namespace chainrule
