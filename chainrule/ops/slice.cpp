#include "chainrule/ops/slice.h"

#include "chainrule/graph/op.h"
#include "chainrule/ops/axes.h"
#include "chainrule/ops/nest.h"
#include "chainrule/ops/reshape.h"

namespace chainrule {
namespace {

struct Slice {
  inline static const OpDoc doc{
      "slice", {"x"}, "y = x[begin:end:step] along axes", {"dx[begin:end:step] along axes += dy"}};
  std::vector<Index> axes, begin, end, step;

  static void settings(auto& self, auto&& f) {
    f("axes", self.axes, kAnyNumber);
    f("begin", self.begin, kAnyNumber);
    f("end", self.end, kAnyNumber);
    f("step", self.step, kAnyNumber);
  }

  Shape infer(std::span<const Shape> in) const {
    const Shape& x = in[0];
    const std::size_t n = axes.size();
    if (begin.size() != n || end.size() != n || step.size() != n)
      throw ShapeError(cat("axes, begin, end and step have ", n, ", ", begin.size(), ", ",
                           end.size(), " and ", step.size(), " entries, expected as many of each"));
    if (n == 0) throw ShapeError(cat("no axis of ", x.str(), " is named, expected at least one"));
    detail::feature_axes(x, axes);
    Shape y = x;
    for (std::size_t i = 0; i < n; ++i) {
      const int axis = detail::feature_axis(x, axes[i]);
      const Index length = x[axis], from = begin[i], to = end[i], by = step[i];
      const std::string part = cat("elements ", from, " to ", to, " of axis ", axis, ", which has ",
                                   length, ", expected ");
      if (by > 0 && !(0 <= from && from < to && to <= length))
        throw ShapeError(cat(part, "0 <= begin < end <= ", length));
      if (by < 0 && !(-1 <= to && to < from && from < length))
        throw ShapeError(cat(part, "-1 <= end < begin < ", length, " for a step of ", by));
      if (by == 0) throw ShapeError(cat("a step of 0 along axis ", axis, ", expected another"));
      y = detail::with_axis(y, axis, 1 + (to - from - (by > 0 ? 1 : -1)) / by);
    }
    return y;
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const Place p(*this, c.in_shape(0));
    const auto y = detail::axis_steps(c.out_shape());
    detail::spread(c.pool(), detail::nest<2>(c.out_shape(), c.rows(), {y, p.steps}), c.out().data(),
                   c.in(0).data() + p.start, true);
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const Place p(*this, c.in_shape(0));
    const auto y = detail::axis_steps(c.out_shape());
    detail::spread(c.pool(), detail::nest<2>(c.out_shape(), c.rows(), {p.steps, y}),
                   c.din(0).data() + p.start, c.dout().data(), false);
  }

 private:
  /// Where y lies in x.
  struct Place {
    Place(const Slice& slice, const Shape& x) : steps(detail::axis_steps(x)) {
      for (std::size_t i = 0; i < slice.axes.size(); ++i) {
        Index& own = steps[static_cast<std::size_t>(detail::feature_axis(x, slice.axes[i])) + 1];
        start += slice.begin[i] * own;
        own *= slice.step[i];
      }
    }
    detail::PerAxis steps;
    Index start = 0;
  };
};

}  // namespace

Var slice(Var x, std::vector<AxisRange> parts, Location at) {
  Slice op;
  for (const AxisRange& p : parts) {
    op.axes.push_back(p.axis), op.begin.push_back(p.begin);
    op.end.push_back(p.end), op.step.push_back(p.step);
  }
  return add_op(std::move(op), {x}, at);
}

Var slice(Var x, Index begin, Index end, Location at) {
  return slice(x, {{.begin = begin, .end = end}}, at);
}

Var select(Var x, Index axis, Index i, Location at) {
  const Var part = slice(x, {{.axis = axis, .begin = i, .end = i + 1}}, at);
  const Shape& s = part.shape();
  std::vector<Index> dims(s.dims().begin(), s.dims().end());
  dims.erase(dims.begin() + detail::feature_axis(s, axis));
  return reshape(part, Shape(dims), at);
}

std::vector<Var> split(Var x, const std::vector<Index>& lengths, Index axis, Location at) {
  std::vector<Var> parts;
  Index begin = 0;
  for (const Index n : lengths) {
    parts.push_back(slice(x, {{.axis = axis, .begin = begin, .end = begin + n}}, at));
    begin += n;
  }
  const Index length = x.shape()[detail::feature_axis(x.shape(), axis)];
  if (begin != length)
    throw ShapeError(cat("[split] the parts have ", begin, " elements, axis ", axis, " of ",
                         x.shape().str(), " has ", length, " ", describe(at)));
  return parts;
}

}  // namespace chainrule
