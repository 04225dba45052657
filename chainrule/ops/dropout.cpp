#include "chainrule/ops/dropout.h"

#include <algorithm>

#include "chainrule/graph/op.h"
#include "chainrule/kernels/random_bits.h"
#include "chainrule/ops/sums.h"

namespace chainrule {
namespace {

struct Dropout {
  inline static const OpDoc doc{
      "dropout",
      {"x"},
      "y = x * mask, mask = 0 with probability rate, else 1 / (1 - rate); inference: y = x",
      {"dx = dy * mask"},
      "Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: Dropout, 2014"};
  static constexpr bool kAssigns = true;
  static constexpr OpTraits traits{.mask = true, .random = true};
  double rate = kRequired;

  static void settings(auto& self, auto&& f) { f("rate", self.rate, kPart); }
  Shape infer(std::span<const Shape> in) const { return in[0]; }

  /// The mask.
  Index workspace(std::span<const Shape> in, Index rows) const {
    return in[0].size() * (in[0].batched() ? rows : 1);
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const View<const T> x = c.in(0);
    const View<T> y = c.out();
    T* const mask = c.workspace().data();
    if (!c.training()) {
      std::copy(x.begin(), x.end(), y.begin());
      return;
    }
    // A random number below this drops its element.
    const auto threshold = static_cast<std::uint32_t>(rate * 0x1p32);
    const T kept = static_cast<T>(1 / (1 - rate));
    // Element 4 * block + i, counted from the first row of the whole batch, belongs to word i of
    // that block of random numbers.
    const Index before = c.in_shape(0).batched() ? c.first_row() * x.cols() : 0;
    const Index first_block = before / 4, end_block = (before + x.size() + 3) / 4;
    c.pool().split(end_block - first_block, detail::kCostly / 4, [=, &c](Index first, Index last) {
      first += first_block, last += first_block;
      constexpr Index kBlocks = 64;
      std::uint32_t bits[4 * kBlocks];
      for (Index block = first; block < last; block += kBlocks) {
        const Index blocks = std::min(kBlocks, last - block);
        kernels::random_bits(c.random_key(), c.random_stream(), static_cast<std::uint64_t>(block),
                             blocks, bits);
        const Index origin = 4 * block - before;  // of the block's words
        const Index begin = std::max<Index>(origin, 0);
        const Index end = std::min(origin + 4 * blocks, x.size());
        const std::uint32_t* const words = bits + (begin - origin);
        for (Index i = 0; i < end - begin; ++i)
          mask[begin + i] = words[i] < threshold ? T{0} : kept;
        for (Index i = begin; i < end; ++i) y[i] = x[i] * mask[i];
      }
    });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const View<const T> dy = c.dout();
    const View<T> dx = c.din(0);
    const T* const mask = c.workspace().data();
    const bool assign = c.first(0), training = c.training();
    c.pool().split(dx.size(), detail::kCheap, [=](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) {
        const T g = training ? dy[i] * mask[i] : dy[i];
        dx[i] = assign ? g : dx[i] + g;
      }
    });
  }
};

}  // namespace

Var dropout(Var x, double rate, Location at) { return add_op(Dropout{rate}, {x}, at); }

}  // namespace chainrule
