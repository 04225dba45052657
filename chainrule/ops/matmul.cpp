#include "chainrule/ops/matmul.h"

#include "chainrule/graph/op.h"
#include "chainrule/kernels/matmul.h"
#include "chainrule/ops/broadcast.h"
#include "chainrule/ops/shapes.h"

namespace chainrule {
namespace {

using kernels::Write;

struct MatMul {
  inline static const OpDoc doc{"matmul", {"a", "b"}, "y = a b", {"da = dy b^T", "db = a^T dy"}};
  static constexpr OpTraits traits{.product = true};
  static constexpr bool kAssigns = true;

  Shape infer(std::span<const Shape> in) const {
    const Shape &a = in[0], &b = in[1];
    if (b.rank() < 2)
      throw ShapeError(cat("the second factor is ", b.str(), ", expected a matrix [K, N]"));
    const Index k = b[b.rank() - 2];
    if (a.rank() == 0)
      throw ShapeError(cat("the first factor is ", a.str(), ", expected a last axis of ", k));
    if (a.last() != k)
      throw ShapeError(
          cat("the first factor has ", a.last(), " columns, the second has ", k, " rows"));
    if (b.rank() == 2) return detail::with_last(a, b.last()).with_batch(a.batched() || b.batched());
    const Shape leading = leading_of_both(a, b);
    std::array<Index, Shape::kMaxRank> dims{};
    auto end = std::copy(leading.dims().begin(), leading.dims().end(), dims.begin());
    if (a.rank() > 1) *end++ = a[a.rank() - 2];
    *end++ = b.last();
    return Shape(std::span<const Index>(dims.begin(), end), leading.batched());
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const Plan p(c);
    each(c, p, {p.y, p.a, p.b}, [&](const auto& at, bool) {
      kernels::matmul(c.pool(), p.m, p.n, p.k, c.in(0).data() + at[1] * p.m * p.k,
                      c.in(1).data() + at[2] * p.k * p.n, c.out().data() + at[0] * p.m * p.n,
                      Write::assign);
    });
  }

  /// A factor of several products collects a sum, product after product.
  template <class T>
  void backward(const Context<T>& c) const {
    const Plan p(c);
    const auto write = [&](int factor, bool begins) {
      return c.first(factor) && begins ? Write::assign : Write::add;
    };
    if (c.wants(0))
      each(c, p, {p.a, p.y, p.b}, [&](const auto& at, bool begins) {
        kernels::matmul_bt(c.pool(), p.m, p.k, p.n, c.dout().data() + at[1] * p.m * p.n,
                           c.in(1).data() + at[2] * p.k * p.n, c.din(0).data() + at[0] * p.m * p.k,
                           write(0, begins));
      });
    if (c.wants(1))
      each(c, p, {p.b, p.y, p.a}, [&](const auto& at, bool begins) {
        kernels::matmul_at(c.pool(), p.k, p.n, p.m, c.in(0).data() + at[2] * p.m * p.k,
                           c.dout().data() + at[1] * p.m * p.n, c.din(1).data() + at[0] * p.k * p.n,
                           write(1, begins));
      });
  }

 private:
  /// The axes before the last two.
  static Shape leading_axes(const Shape& s) {
    return Shape(s.dims().first(static_cast<std::size_t>(std::max(s.rank() - 2, 0))), s.batched());
  }
  static Shape leading_of_both(const Shape& a, const Shape& b) {
    try {
      return detail::broadcast_shape(std::array{leading_axes(a), leading_axes(b)});
    } catch (const ShapeError&) {
      throw ShapeError(cat("the factors are ", a.str(), " and ", b.str(),
                           ", expected axes before the last two that are equal, 1 or missing"));
    }
  }

  /// Products [m, k] [k, n] for each element of the shape `products`; a, b and y are the steps from
  /// one matrix to the next, counted in matrices.
  struct Plan {
    template <class T>
    explicit Plan(const Context<T>& c) {
      const Shape &first = c.in_shape(0), &second = c.in_shape(1);
      k = first.last(), n = second.last();
      Shape of_a = leading_axes(first);
      const Shape of_b = leading_axes(second);
      if (of_b.rank() == 0) of_a = Shape{}.with_batch(first.batched() && second.batched());
      m = (of_a.batched() ? first.size() : c.in(0).size()) / (of_a.size() * k);
      products = detail::broadcast_shape(std::array{of_a, of_b});
      a = detail::axis_steps(of_a, products);
      b = detail::axis_steps(of_b, products);
      y = detail::axis_steps(products);
    }
    Shape products;
    Index k, n, m;
    detail::PerAxis a, b, y;
  };

  /// Calls f(offsets, is it the first for its target) for each product; the first of the arrays is
  /// the target. One product uses all threads inside; many are shared out.
  template <class T, class F>
  static void each(const Context<T>& c, const Plan& p, const std::array<detail::PerAxis, 3>& arrays,
                   F f) {
    const detail::Folding<3> loop(p.products, c.rows(), arrays);
    const Index work = p.m * p.n * p.k * loop.folded.size();
    c.pool().split(loop.kept.size(), 1 + (1 << 16) / work, [&](Index begin, Index end) {
      loop.kept.runs(begin, end, [&](const auto& at, Index targets) {
        for (Index i = 0; i < targets; ++i) {
          bool begins = true;
          loop.folded.runs(0, loop.folded.size(), [&](const auto& inside, Index terms) {
            const auto start = detail::moved(at, inside, i, loop.kept.inner());
            for (Index t = 0; t < terms; ++t, begins = false)
              f(detail::moved(start, {}, t, loop.folded.inner()), begins);
          });
        }
      });
    });
  }
};

}  // namespace

Var matmul(Var a, Var b, Location at) { return add_op(MatMul{}, {a, b}, at); }

}  // namespace chainrule
