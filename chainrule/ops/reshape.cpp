#include "chainrule/ops/reshape.h"

#include "chainrule/graph/op.h"
#include "chainrule/ops/nest.h"

namespace chainrule {
namespace {

/// The memory of a row is row-major before and after, so nothing moves.
struct Reshape {
  inline static const OpDoc doc{
      "reshape", {"x"}, "y = x with other axes", {"dx = dy with the axes of x"}};
  static constexpr bool kAssigns = true;
  static constexpr OpTraits traits{.reshapes = true};
  Shape shape;

  static void settings(auto& self, auto&& f) { f("shape", self.shape, kAnyNumber); }

  Shape infer(std::span<const Shape> in) const {
    if (in[0].size() != shape.size())
      throw ShapeError(cat("a row of ", in[0].str(), " has ", in[0].size(), " elements, ",
                           shape.with_batch(false).str(), " has ", shape.size()));
    return shape.with_batch(in[0].batched());
  }

  template <class T>
  void forward(const Context<T>& c) const {
    detail::spread(c.pool(), all(c.in(0).size()), c.out().data(), c.in(0).data(), true);
  }

  template <class T>
  void backward(const Context<T>& c) const {
    detail::spread(c.pool(), all(c.dout().size()), c.din(0).data(), c.dout().data(), c.first(0));
  }

 private:
  static detail::Nest<2> all(Index elements) {
    detail::Nest<2> loop;
    loop.axis(elements, {1, 1});
    return loop;
  }
};

}  // namespace

Var reshape(Var x, const Shape& shape, Location at) { return add_op(Reshape{shape}, {x}, at); }

Var flatten(Var x, Location at) { return reshape(x, {x.shape().size()}, at); }

}  // namespace chainrule
