#include "chainrule/ops/matmul.h"

#include "chainrule/graph/op.h"
#include "chainrule/kernels/matmul.h"
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
    if (b.rank() != 2)
      throw ShapeError(cat("the second factor is ", b.str(), ", expected a matrix [K, N]"));
    if (a.rank() == 0)
      throw ShapeError(cat("the first factor is ", a.str(), ", expected a last axis of ", b[0]));
    if (a.last() != b[0])
      throw ShapeError(
          cat("the first factor has ", a.last(), " columns, the second has ", b[0], " rows"));
    return detail::with_last(a, b[1]).with_batch(a.batched() || b.batched());
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const Sizes s(c);
    each(c, s, [&](Index r) {
      kernels::matmul(c.pool(), s.m, s.n, s.k, c.in(0).data() + r * s.a, c.in(1).data() + r * s.b,
                      c.out().data() + r * s.m * s.n, Write::assign);
    });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const Sizes s(c);
    // An unbatched first factor of batched products collects a sum, row after row.
    const auto da = [&](Index r) {
      kernels::matmul_bt(c.pool(), s.m, s.k, s.n, c.dout().data() + r * s.m * s.n,
                         c.in(1).data() + r * s.b, c.din(0).data() + r * s.a,
                         c.first(0) && (s.a > 0 || r == 0) ? Write::assign : Write::add);
    };
    const auto db = [&](Index r) {
      kernels::matmul_at(c.pool(), s.k, s.n, s.m, c.in(0).data() + r * s.a,
                         c.dout().data() + r * s.m * s.n, c.din(1).data() + r * s.b,
                         c.first(1) ? Write::assign : Write::add);
    };
    if (c.wants(0) && s.a > 0) each(c, s, da);
    if (c.wants(0) && s.a == 0)
      for (Index r = 0; r < s.products; ++r) da(r);
    if (c.wants(1)) each(c, s, db);
  }

 private:
  /// `products` times [m, k] [k, n]; a and b are the distances from one factor to the next.
  struct Sizes {
    template <class T>
    explicit Sizes(const Context<T>& c) : k(c.in_shape(1)[0]), n(c.in_shape(1)[1]) {
      const bool own = c.in_shape(1).batched();
      products = own ? c.rows() : 1;
      m = (own ? c.in_shape(0).size() : c.in(0).size()) / k;
      a = own && !c.in_shape(0).batched() ? 0 : m * k;
      b = k * n;
    }
    Index k, n, m, products, a, b;
  };

  /// One product uses all threads inside; many are shared out.
  template <class T, class F>
  static void each(const Context<T>& c, const Sizes& s, F f) {
    if (s.products == 1) return f(0);
    c.pool().split(s.products, 1 + (1 << 16) / (s.m * s.n * s.k), [&](Index first, Index last) {
      for (Index r = first; r < last; ++r) f(r);
    });
  }
};

}  // namespace

Var matmul(Var a, Var b, Location at) { return add_op(MatMul{}, {a, b}, at); }

}  // namespace chainrule
