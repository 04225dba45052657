#include "chainrule/ops/affine.h"

#include <algorithm>

#include "chainrule/graph/op.h"
#include "chainrule/kernels/matmul.h"
#include "chainrule/kernels/sparse.h"
#include "chainrule/ops/shapes.h"
#include "chainrule/ops/sums.h"

namespace chainrule {
namespace {

using kernels::Write;

/// [B, T, I] counts as one matrix of B*T rows. A batch that is mostly zeros, as pictures are, is
/// multiplied without them; each forward pass decides that from its input.
struct Affine {
  inline static const OpDoc doc{"affine",
                                {"x", "w", "b"},
                                "y = x w + b",
                                {"dx = dy w^T", "dw = x^T dy", "db = sum of dy over the rows"},
                                "",
                                1};
  static constexpr OpTraits traits{.product = true};
  static constexpr bool kAssigns = true;

  Shape infer(std::span<const Shape> in) const {
    const Shape &x = in[0], &w = in[1];
    if (w.rank() != 2 || w.batched())
      throw ShapeError(cat("the weight is ", w.str(), ", expected [I, O] without batch axis"));
    if (x.rank() == 0)
      throw ShapeError(cat("the input is ", x.str(), ", expected a last axis of ", w[0]));
    if (x.last() != w[0])
      throw ShapeError(cat("input has ", x.last(), " features, weight expects ", w[0]));
    if (in.size() == 3 && in[2] != Shape{w[1]})
      throw ShapeError(cat("the bias is ", in[2].str(), ", expected [", w[1], "]"));
    return detail::with_last(x, w[1]);
  }

  /// Whether zeros are skipped. Few inputs are not worth looking at.
  Index workspace(std::span<const Shape> in, Index) const { return in[1][0] >= 64 ? 1 : 0; }

  template <class T>
  void forward(const Context<T>& c) const {
    const auto [rows, in, out] = sizes(c);
    const bool biased = c.inputs() == 3;
    if (biased) {
      const T* const b = c.in(2).data();
      T* y = c.out().data();
      constexpr Index kCall = 16;  // elements for which a call of memcpy() is worth its time
      for (Index r = 0; r < rows; ++r, y += out)
        if (out >= kCall)
          std::copy_n(b, out, y);
        else
          for (Index j = 0; j < out; ++j) y[j] = b[j];
    }
    const T* const x = c.in(0).data();
    if (!c.workspace().empty()) c.workspace()[0] = kernels::is_sparse(x, rows, in) ? T{1} : T{0};
    const auto product = sparse(c) ? kernels::sparse_matmul<T> : kernels::matmul<T>;
    product(c.pool(), rows, out, in, x, c.in(1).data(), c.out().data(),
            biased ? Write::add : Write::assign);
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const auto [rows, in, out] = sizes(c);
    const T* const dy = c.dout().data();
    if (c.wants(0))
      kernels::matmul_bt(c.pool(), rows, in, out, dy, c.in(1).data(), c.din(0).data(),
                         c.first(0) ? Write::assign : Write::add);
    if (c.wants(1)) {
      const auto product = sparse(c) ? kernels::sparse_matmul_at<T> : kernels::matmul_at<T>;
      product(c.pool(), in, out, rows, c.in(0).data(), dy, c.din(1).data(),
              c.first(1) ? Write::assign : Write::add);
    }
    if (c.inputs() == 3 && c.wants(2))
      detail::column_sums(c.pool(), rows, out, c.din(2).data(), c.first(2),
                          [=, n = out](Index r, Index j) { return dy[r * n + j]; });
  }

 private:
  template <class T>
  static bool sparse(const Context<T>& c) {
    return !c.workspace().empty() && c.workspace()[0] == T{1};
  }
  struct Sizes {
    Index rows, in, out;
  };
  template <class T>
  static Sizes sizes(const Context<T>& c) {
    const Shape& w = c.in_shape(1);
    const auto x = c.in(0);
    return {x.cols() == w[0] ? x.rows() : x.size() / w[0], w[0], w[1]};
  }
};

}  // namespace

Var affine(Var x, Var w, Var b, Location at) {
  if (!b) return add_op(Affine{}, {x, w}, at);
  return add_op(Affine{}, {x, w, b}, at);
}

}  // namespace chainrule
