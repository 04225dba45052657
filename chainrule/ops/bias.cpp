#include "chainrule/ops/bias.h"

#include "chainrule/ops/broadcast.h"

namespace chainrule {
namespace {

/// An addition whose second operand must be a row.
struct Bias {
  inline static const OpDoc doc{
      "bias", {"x", "b"}, "y = x + b", {"dx = dy", "db = sum of dy over the rows"}};
  static constexpr OpTraits traits{.onnx = {"Add"}};
  template <class T>
  static T value(T x, T b) {
    return x + b;
  }
  template <class T>
  static T da(T dy, T, T) {
    return dy;
  }
  template <class T>
  static T db(T dy, T, T) {
    return dy;
  }
};

struct CheckedBias : detail::Broadcast<Bias, std::index_sequence<0, 1>> {
  Shape infer(std::span<const Shape> in) const {
    const Shape &x = in[0], &b = in[1];
    if (b.rank() != 1 || b.batched())
      throw ShapeError(cat("the bias is ", b.str(), ", expected one axis without batch"));
    if (x.rank() == 0 || x.last() != b[0])
      throw ShapeError(cat("input has ", x.last(), " features, bias expects ", b[0]));
    return x;
  }
};

}  // namespace

Var bias(Var x, Var b, Location at) { return add_op(CheckedBias{}, {x, b}, at); }

}  // namespace chainrule
