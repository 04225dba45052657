#include "chainrule/core/shape.h"

#include "chainrule/core/error.h"

namespace chainrule {

Shape::Shape(std::span<const Index> dims, bool batched) : batched_(batched) {
  if (dims.size() > kMaxRank)
    throw ShapeError(cat("a shape has ", dims.size(), " axes, at most ", kMaxRank, " are allowed"));
  constexpr Index kMaxSize = Index{1} << 40;
  for (const Index d : dims) {
    if (d < 1) throw ShapeError(cat("an axis has length ", d, ", expected at least 1"));
    if (d > kMaxSize / size_)
      throw ShapeError(cat("a shape has more than 2^40 elements (axis of length ", d, ")"));
    dims_[static_cast<std::size_t>(rank_++)] = d;
    size_ *= d;
  }
}

Shape Shape::with_batch(bool batched) const {
  Shape s = *this;
  s.batched_ = batched;
  return s;
}

std::string Shape::str() const {
  std::string s = batched_ ? "[B" : "[";
  for (int i = 0; i < rank_; ++i) {
    if (i > 0 || batched_) s += ", ";
    s += std::to_string((*this)[i]);
  }
  return s + "]";
}

}  // namespace chainrule
