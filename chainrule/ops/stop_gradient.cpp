#include "chainrule/ops/stop_gradient.h"

#include <algorithm>

#include "chainrule/graph/op.h"

namespace chainrule {
namespace {

struct StopGradient {
  inline static const OpDoc doc{"stop_gradient", {"x"}, "y = x", {"dx = 0"}};

  Shape infer(std::span<const Shape> in) const { return in[0]; }

  template <class T>
  void forward(const Context<T>& c) const {
    std::copy(c.in(0).begin(), c.in(0).end(), c.out().begin());
  }
  template <class T>
  void backward(const Context<T>&) const {}
};

}  // namespace

Var stop_gradient(Var x, Location at) { return add_op(StopGradient{}, {x}, at); }

}  // namespace chainrule
