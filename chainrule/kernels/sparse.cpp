// A block of a's columns at a time: bits say which of its elements are not zero, the rows of b that
// belong to the block are packed to stay in the first-level cache, and each row of c is kept in
// registers while its bits are walked through. This file is compiled once for every instruction set
// that Highway knows on this architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "chainrule/kernels/sparse.cpp"
#include "chainrule/kernels/sparse.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <type_traits>

#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"

#include "chainrule/kernels/scratch.h"
#include "chainrule/kernels/vectors-inl.h"

#ifndef CHAINRULE_KERNELS_SPARSE_ONCE
#define CHAINRULE_KERNELS_SPARSE_ONCE
namespace chainrule::kernels {

/// c[m,n] (+)= a b, where a(i, p) = a[i * k + p], or a[p * m + i] if it is transposed.
template <class T>
struct SparseProduct {
  Index m, n, k;
  const T* a;
  bool a_transposed;
  const T* b;
  T* c;
  Write write;
};

/// Which elements of some rows of a block are not zero: row i has the bits of `words` words from
/// bits[i * words] on, the lowest bit of the first for the block's first step.
struct Bits {
  std::uint64_t* bits;
  Index words;
};

}  // namespace chainrule::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace chainrule::kernels::HWY_NAMESPACE {

/// Elements of b that are packed at a time: 32 KiB of floats.
constexpr Index kPacked = 8192;
/// Rows of a that are not worth packing b for.
constexpr Index kFew = 4;
/// Most rows, and most words of bits, that are looked at together.
constexpr Index kMostRows = 2048, kMostWords = 8192;
constexpr Index kWord = 64;
/// What copy() writes behind its end.
constexpr Index kSlack = 16;

/// One bit for each element of x[0, n), n <= 64: is it not zero? NaN is not.
template <class T>
HWY_INLINE std::uint64_t nonzero(const T* x, Index n) {
  const Tag<T> d;
  const Index lanes = lanes_of<T>();
  using Piece =
      std::conditional_t<hn::MaxLanes(d) <= 8, std::uint8_t,
                         std::conditional_t<hn::MaxLanes(d) == 16, std::uint16_t, std::uint64_t>>;
  std::uint64_t word = 0;
  const auto take = [&](hn::Vec<Tag<T>> v, Index i) HWY_ATTR {
    Piece piece = 0;
    hn::StoreMaskBits(d, hn::Not(hn::Eq(v, hn::Zero(d))), reinterpret_cast<std::uint8_t*>(&piece));
    word |= static_cast<std::uint64_t>(piece) << i;
  };
  if (n == kWord) {
#pragma GCC unroll 8
    for (Index i = 0; i < kWord; i += lanes) take(hn::LoadU(d, x + i), i);
    return word;
  }
  Index i = 0;
  for (; i + lanes <= n; i += lanes) take(hn::LoadU(d, x + i), i);
  if (i < n) take(load_first(d, n - i, x + i), i);
  return word;
}

/// Bit j of word i becomes bit i of word j (H. S. Warren, Hacker's Delight, 7-3).
HWY_INLINE void transpose_bits(std::uint64_t* HWY_RESTRICT words) {
  std::uint64_t mask = 0x00000000FFFFFFFF;
  for (int step = 32; step != 0; step /= 2, mask ^= mask << step)
    for (int first = 0; first < 64; first += 2 * step)
      for (int i = first; i < first + step; ++i) {
        const std::uint64_t swapped = ((words[i] >> step) ^ words[i + step]) & mask;
        words[i] ^= swapped << step;
        words[i + step] ^= swapped;
      }
}

/// Rows [begin, end) and steps [first, first + length) of a.
template <class T>
HWY_NOINLINE void find_bits(const SparseProduct<T>& x, Index begin, Index end, Index first,
                            Index length, const Bits& out) {
  for (Index w = 0; w < out.words; ++w) {
    const Index step = first + w * kWord, steps = std::min(kWord, first + length - step);
    if (!x.a_transposed) {
      for (Index i = begin; i < end; ++i)
        out.bits[(i - begin) * out.words + w] = nonzero(x.a + i * x.k + step, steps);
      continue;
    }
    for (Index i = begin; i < end; i += kWord) {
      const Index rows = std::min(kWord, end - i);
      HWY_ALIGN std::uint64_t square[kWord] = {};
      for (Index s = 0; s < steps; ++s) square[s] = nonzero(x.a + (step + s) * x.m + i, rows);
      transpose_bits(square);
      for (Index r = 0; r < rows; ++r) out.bits[(i - begin + r) * out.words + w] = square[r];
    }
  }
}

/// c[i] (+)= the sum of a(i, step) * b[step] over the steps of row i's bits, for rows [0, rows) and
/// `width` columns that fill V vectors, the last one only in part. b's rows fill them if Padded.
template <class T, int V, bool Padded, bool Transposed>
HWY_NOINLINE void walk(const Bits& x, Index rows, const T* HWY_RESTRICT a, Index a_row,
                       const T* HWY_RESTRICT b, Index b_width, T* HWY_RESTRICT c, Index c_row,
                       Index width, bool add) {
  const Tag<T> d;
  using Vec = hn::Vec<Tag<T>>;
  const Index lanes = lanes_of<T>(), last = width - (V - 1) * lanes;
  const Index b_row = Padded ? V * lanes : b_width;
  // Two sums for each vector where there are few: the next addition need not wait for the last.
  constexpr int kSums = V <= 4 ? 2 : 1;
  for (Index i = 0; i < rows; ++i, c += c_row, a += Transposed ? 1 : a_row) {
    Vec sum[kSums][V];
#pragma GCC unroll 2
    for (int s = 0; s < kSums; ++s)
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) sum[s][v] = hn::Zero(d);
    const auto take = [&](Index step, int s) HWY_ATTR {
      const Vec value = hn::Set(d, a[Transposed ? step * a_row : step]);
      const T* const row = b + step * b_row;
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) {
        const T* const from = row + v * lanes;
        const Vec bv = Padded || v < V - 1 ? hn::LoadU(d, from) : load_first(d, last, from);
        sum[s][v] = hn::MulAdd(value, bv, sum[s][v]);
      }
    };
    for (Index w = 0; w < x.words; ++w) {
      std::uint64_t bits = x.bits[i * x.words + w];
      const auto next = [&]() HWY_ATTR {
        const Index step = w * kWord + std::countr_zero(bits);
        bits &= bits - 1;
        return step;
      };
      if constexpr (kSums == 2)
        for (int pairs = std::popcount(bits) / 2; pairs > 0; --pairs) {
          take(next(), 0);
          take(next(), 1);
        }
      while (bits != 0) take(next(), 0);
    }
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      if constexpr (kSums == 2) sum[0][v] = hn::Add(sum[0][v], sum[1][v]);
      T* const to = c + v * lanes;
      if (v < V - 1 || last == lanes) {
        hn::StoreU(add ? hn::Add(hn::LoadU(d, to), sum[0][v]) : sum[0][v], d, to);
      } else {
        store_first(add ? hn::Add(load_first(d, last, to), sum[0][v]) : sum[0][v], d, last, to);
      }
    }
  }
}

/// Steps of b that are packed together: as many whole words of bits as fit.
inline Index block_steps(Index k, Index stride) {
  static_assert(kPacked >= 8 * static_cast<Index>(hn::MaxLanes(Tag<float>())) * kWord);
  const Index most = kPacked / stride / kWord * kWord;
  const Index parts = (k + most - 1) / most, even = (k + parts - 1) / parts;
  return (even + kWord - 1) / kWord * kWord;
}

template <class T, int V>
void rows_times_b(const SparseProduct<T>& x, const Bits& bits, Index begin, Index end, Index first,
                  Index length, Index col, Index width) {
  const Index stride = V * lanes_of<T>();
  const T* b = x.b + first * x.n + col;
  const T* const a = x.a_transposed ? x.a + first * x.m + begin : x.a + begin * x.k + first;
  T* const c = x.c + begin * x.n + col;
  const bool add = first > 0 || x.write == Write::add;
  const auto run = [&](auto kernel) {
    kernel(bits, end - begin, a, x.a_transposed ? x.m : x.k, b, x.n, c, x.n, width, add);
  };
  if (x.m < kFew && !x.a_transposed) return run(walk<T, V, false, false>);
  T* const packed = scratch<T>(0, kPacked + kSlack);
  for (Index p = 0; p < length; ++p) copy(b + p * x.n, width, packed + p * stride);
  b = packed;
  if (x.a_transposed)
    run(walk<T, V, true, true>);
  else
    run(walk<T, V, true, false>);
}

template <class T>
void multiply(ThreadPool& pool, const SparseProduct<T>& x) {
  if (x.k == 0) {
    if (x.write == Write::assign) std::fill_n(x.c, x.m * x.n, T{});
    return;
  }
  const Index lanes = lanes_of<T>(), vectors = (x.n + lanes - 1) / lanes;
  const Index widest = std::min<Index>(vectors, 8);
  // Few rows: nothing is packed.
  const bool whole = x.m < kFew && !x.a_transposed && x.k <= kMostWords * kWord / kFew;
  const Index block = whole ? x.k : block_steps(x.k, widest * lanes);
  Bits bits{.bits = nullptr, .words = (block + kWord - 1) / kWord};
  const Index chunk = std::clamp<Index>(kMostWords / bits.words / kWord * kWord, kFew, kMostRows);
  constexpr Index kRowGrain = 8;
  pool.split(x.m, kRowGrain, [&](Index split_begin, Index split_end) {
    Bits own = bits;
    own.bits = scratch<std::uint64_t>(0, kMostWords);
    for (Index begin = split_begin; begin < split_end; begin += chunk) {
      const Index end = std::min(begin + chunk, split_end);
      for (Index first = 0; first < x.k; first += block) {
        const Index length = std::min(block, x.k - first);
        own.words = (length + kWord - 1) / kWord;
        find_bits(x, begin, end, first, length, own);
        for (Index col = 0; col < x.n;) {
          static constexpr decltype(&rows_times_b<T, 1>) kByVectors[] = {
              rows_times_b<T, 1>, rows_times_b<T, 2>, rows_times_b<T, 3>, rows_times_b<T, 4>,
              rows_times_b<T, 5>, rows_times_b<T, 6>, rows_times_b<T, 7>, rows_times_b<T, 8>};
          const Index v = std::min<Index>((x.n - col + lanes - 1) / lanes, 8);
          const Index width = std::min(v * lanes, x.n - col);
          kByVectors[v - 1](x, own, begin, end, first, length, col, width);
          col += width;
        }
      }
    }
  });
}

template <class T>
Index count(const T* x, Index n) {
  Index found = 0;
  for (Index i = 0; i < n; i += kWord)
    found += std::popcount(nonzero(x + i, std::min(kWord, n - i)));
  return found;
}

Index count_float(const float* x, Index n) { return count(x, n); }
Index count_double(const double* x, Index n) { return count(x, n); }
void sparse_float(ThreadPool& pool, const SparseProduct<float>& x) { multiply(pool, x); }
void sparse_double(ThreadPool& pool, const SparseProduct<double>& x) { multiply(pool, x); }

}  // namespace chainrule::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace chainrule::kernels {

HWY_EXPORT(count_float);
HWY_EXPORT(count_double);
HWY_EXPORT(sparse_float);
HWY_EXPORT(sparse_double);

namespace {
Index count_nonzero(const float* x, Index n) { return HWY_DYNAMIC_DISPATCH(count_float)(x, n); }
Index count_nonzero(const double* x, Index n) { return HWY_DYNAMIC_DISPATCH(count_double)(x, n); }
void multiply(ThreadPool& pool, const SparseProduct<float>& x) {
  HWY_DYNAMIC_DISPATCH(sparse_float)(pool, x);
}
void multiply(ThreadPool& pool, const SparseProduct<double>& x) {
  HWY_DYNAMIC_DISPATCH(sparse_double)(pool, x);
}
}  // namespace

template <class T>
bool is_sparse(const T* x, Index rows, Index cols) {
  constexpr Index kStride = 16, kLeast = 4;
  const Index step = std::max<Index>(1, std::min(kStride, rows / kLeast));
  Index seen = 0, filled = 0;
  for (Index r = 0; r < rows; r += step, seen += cols) filled += count_nonzero(x + r * cols, cols);
  return filled * 3 <= seen;
}

template <class T>
void sparse_matmul(ThreadPool& pool, Index m, Index n, Index k, const T* a, const T* b, T* c,
                   Write write) {
  multiply(pool, SparseProduct<T>{m, n, k, a, false, b, c, write});
}
template <class T>
void sparse_matmul_at(ThreadPool& pool, Index m, Index n, Index k, const T* a, const T* b, T* c,
                      Write write) {
  multiply(pool, SparseProduct<T>{m, n, k, a, true, b, c, write});
}

#define CHAINRULE_SPARSE(T)                                                                     \
  template bool is_sparse(const T*, Index, Index);                                              \
  template void sparse_matmul(ThreadPool&, Index, Index, Index, const T*, const T*, T*, Write); \
  template void sparse_matmul_at(ThreadPool&, Index, Index, Index, const T*, const T*, T*, Write);
CHAINRULE_SPARSE(float)
CHAINRULE_SPARSE(double)
#undef CHAINRULE_SPARSE

}  // namespace chainrule::kernels
#endif  // HWY_ONCE
