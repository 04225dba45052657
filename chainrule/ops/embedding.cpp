#include "chainrule/ops/embedding.h"

#include <algorithm>
#include <array>

#include "chainrule/graph/op.h"
#include "chainrule/ops/sums.h"

namespace chainrule {
namespace {

struct Embedding {
  inline static const OpDoc doc{"embedding",
                                {"indices", "table"},
                                "y[i] = table[indices[i]]",
                                {"no gradient", "dtable[indices[i]] += dy[i] for each i"}};
  Index classes = 0;

  void bind(std::span<const Var> in) { classes = in[0] ? in[0].graph().node(in[0]).classes : 0; }
  bool takes_indices(int input) const { return input == 0; }

  Shape infer(std::span<const Shape> in) const {
    const Shape &indices = in[0], &table = in[1];
    if (table.rank() != 2 || table.batched())
      throw ShapeError(cat("the table is ", table.str(), ", expected [V, D] without batch axis"));
    if (table[0] < classes)
      throw ShapeError(cat("the table has ", table[0], " rows, the indices expect ", classes,
                           " (0 to ", classes - 1, ")"));
    if (indices.rank() == Shape::kMaxRank)
      throw ShapeError(cat("the indices are ", indices.str(), ", expected at most ",
                           Shape::kMaxRank - 1, " feature axes"));
    std::array<Index, Shape::kMaxRank> dims{};
    std::copy(indices.dims().begin(), indices.dims().end(), dims.begin());
    const auto rank = static_cast<std::size_t>(indices.rank());
    dims[rank] = table[1];
    return Shape(std::span<const Index>(dims.data(), rank + 1), indices.batched());
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const View<const std::int32_t> indices = c.indices(0);
    const View<const T> table = c.in(1);
    T* const y = c.out().data();
    const Index n = c.in_shape(1).last();
    c.pool().split(indices.size(), 1 + detail::kCheap / n, [=](Index first, Index last) {
      for (Index i = first; i < last; ++i) std::copy_n(table.data() + indices[i] * n, n, y + i * n);
    });
  }

  /// Two rows may name one line of the table, so threads share columns, not rows.
  template <class T>
  void backward(const Context<T>& c) const {
    if (!c.wants(1)) return;
    const View<const std::int32_t> indices = c.indices(0);
    const T* const dy = c.dout().data();
    T* const dtable = c.din(1).data();
    const Index n = c.in_shape(1).last();
    c.pool().split(n, 1 + detail::kCheap / indices.size(), [=](Index begin, Index end) {
      for (Index i = 0; i < indices.size(); ++i)
        for (Index j = begin; j < end; ++j) dtable[indices[i] * n + j] += dy[i * n + j];
    });
  }
};

}  // namespace

Var embedding(Var indices, Var table, Location at) {
  return add_op(Embedding{}, {indices, table}, at);
}

}  // namespace chainrule
