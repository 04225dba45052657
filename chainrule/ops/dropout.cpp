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
      "y = x * mask, mask = 0 with probability rate, else 1 / (1 - rate), the same along a channel "
      "if "
      "channels; inference: y = x",
      {"dx = dy * mask"},
      "Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: Dropout, 2014"};
  static constexpr bool kAssigns = true;
  static constexpr OpTraits traits{.mask = true, .random = true};
  double rate = kRequired;
  bool channels = false;

  static void settings(auto& self, auto&& f) {
    f("rate", self.rate, kPart);
    f("channels", self.channels, kAnyNumber);
  }
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
    // Decisions are counted from the first row of the whole batch.
    const Index each = channels ? c.in_shape(0).last() : x.cols();  // decisions for a row
    const Index before = c.in_shape(0).batched() ? c.first_row() * each : 0;
    if (channels) {
      c.pool().split(x.rows(), 1 + detail::kCheap / x.cols(), [=, this, &c](Index r, Index end) {
        for (T* row = mask + r * x.cols(); r < end; ++r, row += x.cols()) {
          decide(c, before + r * each, before + (r + 1) * each, row);
          for (Index i = each; i < x.cols(); ++i) row[i] = row[i - each];
          for (Index i = 0; i < x.cols(); ++i) y(r, i) = x(r, i) * row[i];
        }
      });
      return;
    }
    c.pool().split(x.size(), detail::kCostly, [=, this, &c](Index first, Index last) {
      constexpr Index kChunk = 1024;
      for (Index begin = first, end = first; begin < last; begin = end) {
        end = std::min(last, begin + kChunk);
        decide(c, before + begin, before + end, mask + begin);
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

 private:
  /// Decisions first, ..., last - 1; number 4 * block + i belongs to word i of that block of random
  /// numbers.
  template <class T>
  void decide(const Context<T>& c, Index first, Index last, T* mask) const {
    constexpr Index kBlocks = 64;
    std::uint32_t bits[4 * kBlocks];
    // A random number below this drops its element.
    const auto threshold = static_cast<std::uint32_t>(rate * 0x1p32);
    const T kept = static_cast<T>(1 / (1 - rate));
    for (Index block = first / 4; 4 * block < last; block += kBlocks) {
      const Index blocks = std::min(kBlocks, (last + 3) / 4 - block);
      kernels::random_bits(c.random_key(), c.random_stream(), static_cast<std::uint64_t>(block),
                           blocks, bits);
      const Index begin = std::max(first, 4 * block), end = std::min(last, 4 * (block + blocks));
      const std::uint32_t* const words = bits + (begin - 4 * block);
      for (Index i = 0; i < end - begin; ++i)
        mask[begin - first + i] = words[i] < threshold ? T{0} : kept;
    }
  }
};

}  // namespace

Var dropout(Var x, double rate, Location at) { return add_op(Dropout{rate}, {x}, at); }
Var dropout_channels(Var x, double rate, Location at) {
  return add_op(Dropout{rate, true}, {x}, at);
}

}  // namespace chainrule
