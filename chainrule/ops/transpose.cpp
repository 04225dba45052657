#include "chainrule/ops/transpose.h"

#include <array>
#include <utility>

#include "chainrule/graph/op.h"
#include "chainrule/ops/sums.h"

namespace chainrule {
namespace {

/// Calls f(i, j) for each element of `matrices` matrices [m, n] and of their transposes [n, m]:
/// element i of one is element j of the other.
template <class F>
void each_pair(ThreadPool& pool, Index matrices, Index m, Index n, F f) {
  pool.split(matrices * n, 1 + detail::kCheap / m, [=](Index first, Index last) {
    for (Index column = first; column < last; ++column) {
      const Index start = column / n * m * n + column % n;
      for (Index i = 0; i < m; ++i) f(start + i * n, column * m + i);
    }
  });
}

struct Transpose {
  inline static const OpDoc doc{
      "transpose", {"x"}, "y = x with the last two axes swapped", {"dx = dy^T"}};
  static constexpr bool kAssigns = true;

  Shape infer(std::span<const Shape> in) const {
    const Shape& x = in[0];
    if (x.rank() < 2)
      throw ShapeError(cat("the input is ", x.str(), ", expected at least two feature axes"));
    std::array<Index, Shape::kMaxRank> dims{};
    const auto rank = static_cast<std::size_t>(x.rank());
    std::copy(x.dims().begin(), x.dims().end(), dims.begin());
    std::swap(dims[rank - 2], dims[rank - 1]);
    return Shape(std::span<const Index>(dims.data(), rank), x.batched());
  }

  template <class T>
  void forward(const Context<T>& c) const {
    pairs(c, [x = c.in(0).data(), y = c.out().data()](Index i, Index j) { y[j] = x[i]; });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const T* const dy = c.dout().data();
    T* const dx = c.din(0).data();
    if (c.first(0))
      pairs(c, [=](Index i, Index j) { dx[i] = dy[j]; });
    else
      pairs(c, [=](Index i, Index j) { dx[i] += dy[j]; });
  }

 private:
  template <class T, class F>
  static void pairs(const Context<T>& c, F f) {
    const Shape& x = c.in_shape(0);
    const Index m = x[x.rank() - 2], n = x.last();
    each_pair(c.pool(), c.in(0).size() / (m * n), m, n, f);
  }
};

}  // namespace

Var transpose(Var x, Location at) { return add_op(Transpose{}, {x}, at); }

}  // namespace chainrule
