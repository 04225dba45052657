// A block of a's columns at a time: lists say which of its elements are not zero, the rows of b
// that belong to the block are packed to stay in the first-level cache, and each row of c is kept
// in registers while its list is walked through. This file is compiled once for every instruction
// set that Highway knows on this architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "chainrule/kernels/sparse.cpp"
#include "chainrule/kernels/sparse.h"

#include <algorithm>
#include <cstdint>

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

/// What is not zero in some rows of a block: row i has the entries starts[i] to starts[i + 1], each
/// a value and the step, counted from the block's first, at which it stands.
template <class T>
struct Lists {
  T* values;
  std::int32_t* steps;
  std::int32_t* starts;
};

}  // namespace chainrule::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace chainrule::kernels::HWY_NAMESPACE {

/// Elements of b that are packed at a time: 32 KiB of floats.
constexpr Index kPacked = 8192;
/// Rows of a that are not worth packing b for.
constexpr Index kFew = 4;
/// Most entries, and most rows, of the lists that are made at a time.
constexpr Index kEntries = 40960, kMostRows = 2048;
/// Columns of a that are transposed together, and what compress() writes behind its end.
constexpr Index kStrip = 16, kSlack = 16;

/// Lists what is not zero in x[0, n); returns how many.
template <class T>
HWY_INLINE Index compress(const T* x, Index n, T* values, std::int32_t* steps) {
  Index count = 0, i = 0;
#if HWY_TARGET <= HWY_AVX2
  if constexpr (sizeof(T) == 4) {
    const Tag<T> d;
    const hn::RebindToSigned<Tag<T>> di;
    const Index lanes = lanes_of<T>();
    auto at = hn::Iota(di, 0);
    for (; i < n; i += lanes) {
      const auto v = n - i >= lanes ? hn::LoadU(d, x + i) : load_first(d, n - i, x + i);
      const auto mask = hn::Not(hn::Eq(v, hn::Zero(d)));  // NaN counts
      hn::StoreU(hn::Compress(v, mask), d, values + count);
      hn::StoreU(hn::Compress(at, hn::RebindMask(di, mask)), di, steps + count);
      count += static_cast<Index>(hn::CountTrue(d, mask));
      at = hn::Add(at, hn::Set(di, static_cast<std::int32_t>(lanes)));
    }
  }
#endif
  for (; i < n; ++i) {
    values[count] = x[i];
    steps[count] = static_cast<std::int32_t>(i);
    count += !(x[i] == 0);
  }
  return count;
}

/// Rows [begin, end) and steps [first, first + length) of a.
template <class T>
HWY_NOINLINE void make_lists(const SparseProduct<T>& x, Index begin, Index end, Index first,
                             Index length, const Lists<T>& lists) {
  HWY_ALIGN T strip[kPacked];
  Index at = 0;
  lists.starts[0] = 0;
  for (Index i = begin; i < end; ++i) {
    const T* row = x.a + i * x.k + first;
    if (x.a_transposed) {
      const Index place = (i - begin) % kStrip;
      if (place == 0)
        transpose(length, std::min(kStrip, end - i), x.a + first * x.m + i, x.m, strip, length);
      row = strip + place * length;
    }
    at += compress(row, length, lists.values + at, lists.steps + at);
    lists.starts[i - begin + 1] = static_cast<std::int32_t>(at);
  }
}

/// c[i] (+)= the sum of value * b[step] over row i's list, for rows [begin, end) and `width`
/// columns that fill V vectors, the last one only in part if Partial. b may be read to the end of
/// its last vector if Padded.
template <class T, int V, bool Padded>
HWY_NOINLINE void walk(const Lists<T>& lists, Index rows, const T* HWY_RESTRICT b, Index b_row,
                       T* HWY_RESTRICT c, Index c_row, Index width, bool add) {
  const Tag<T> d;
  using Vec = hn::Vec<Tag<T>>;
  const Index lanes = lanes_of<T>(), last = width - (V - 1) * lanes;
  const auto load_b = [&](const T* from, int v) HWY_ATTR {
    if (!Padded && v == V - 1) return load_first(d, last, from + v * lanes);
    return hn::LoadU(d, from + v * lanes);
  };
  for (Index i = 0; i < rows; ++i, c += c_row) {
    const Index begin = lists.starts[i], end = lists.starts[i + 1];
    if (add && begin == end) continue;
    // Two sums for each vector where there are few: the next addition need not wait for the last.
    constexpr int kSums = V <= 4 ? 2 : 1;
    Vec sum[kSums][V];
#pragma GCC unroll 2
    for (int s = 0; s < kSums; ++s)
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) sum[s][v] = hn::Zero(d);
    const auto take = [&](Index p, int s) HWY_ATTR {
      const Vec value = hn::Set(d, lists.values[p]);
      const T* const row = b + lists.steps[p] * b_row;
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) sum[s][v] = hn::MulAdd(value, load_b(row, v), sum[s][v]);
    };
    Index p = begin;
    if constexpr (kSums == 2)
      for (; p + 2 <= end; p += 2) take(p, 0), take(p + 1, 1);
    for (; p < end; ++p) take(p, 0);
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

/// Steps of b that are packed together: as many as fit, and as lists of kStrip rows fit on the
/// stack.
template <class T>
Index block_steps(Index k, Index stride) {
  constexpr Index kUnit = 16;
  const Index most = std::min<Index>(kPacked / stride, kPacked / kStrip);
  const Index parts = (k + most - 1) / most;
  return std::max(kUnit, ((k + parts - 1) / parts + kUnit - 1) / kUnit * kUnit);
}

template <class T, int V>
void rows_times_b(const SparseProduct<T>& x, const Lists<T>& lists, Index begin, Index end,
                  Index first, Index length, Index col, Index width) {
  const Index stride = V * lanes_of<T>();
  const T* const b = x.b + first * x.n + col;
  T* const c = x.c + begin * x.n + col;
  const bool add = first > 0 || x.write == Write::add;
  if (x.m < kFew) {
    if (width == stride)
      walk<T, V, true>(lists, end - begin, b, x.n, c, x.n, width, add);
    else
      walk<T, V, false>(lists, end - begin, b, x.n, c, x.n, width, add);
    return;
  }
  T* const packed = scratch<T>(0, kPacked + kSlack);
  for (Index p = 0; p < length; ++p) copy(b + p * x.n, width, packed + p * stride);
  walk<T, V, true>(lists, end - begin, packed, stride, c, x.n, width, add);
}

template <class T>
void multiply(ThreadPool& pool, const SparseProduct<T>& x) {
  if (x.k == 0) {
    if (x.write == Write::assign) std::fill_n(x.c, x.m * x.n, T{});
    return;
  }
  const Index lanes = lanes_of<T>(), vectors = (x.n + lanes - 1) / lanes;
  const Index widest = vectors >= 8 ? 8 : vectors >= 4 ? 4 : vectors >= 2 ? 2 : 1;
  // Few rows: nothing is packed. A row of any length would have lists of any length.
  const bool whole = x.m < kFew && !x.a_transposed && x.m * x.k <= kEntries;
  const Index block = whole ? x.k : block_steps<T>(x.k, widest * lanes);
  // Rows whose lists are made at a time, so that these have an upper limit.
  const Index chunk = std::clamp<Index>(kEntries / block / kStrip * kStrip, kStrip, kMostRows);
  constexpr Index kRowGrain = 8;
  pool.split(x.m, kRowGrain, [&](Index split_begin, Index split_end) {
    Lists<T> lists;
    lists.values = scratch<T>(1, kEntries + kSlack);
    lists.steps = scratch<std::int32_t>(0, kEntries + kSlack);
    lists.starts = scratch<std::int32_t>(1, kMostRows + 1);
    for (Index begin = split_begin; begin < split_end; begin += chunk) {
      const Index end = std::min(begin + chunk, split_end);
      for (Index first = 0; first < x.k; first += block) {
        const Index length = std::min(block, x.k - first);
        make_lists(x, begin, end, first, length, lists);
        for (Index col = 0; col < x.n;) {
          const Index left = (x.n - col + lanes - 1) / lanes;
          const auto run = [&](auto kernel, Index v) {
            const Index width = std::min(v * lanes, x.n - col);
            kernel(x, lists, begin, end, first, length, col, width);
            col += width;
          };
          if (left >= 8)
            run(rows_times_b<T, 8>, 8);
          else if (left >= 4)
            run(rows_times_b<T, 4>, 4);
          else if (left >= 2)
            run(rows_times_b<T, 2>, 2);
          else
            run(rows_times_b<T, 1>, 1);
        }
      }
    }
  });
}

void sparse_float(ThreadPool& pool, const SparseProduct<float>& x) { multiply(pool, x); }
void sparse_double(ThreadPool& pool, const SparseProduct<double>& x) { multiply(pool, x); }

}  // namespace chainrule::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace chainrule::kernels {

HWY_EXPORT(sparse_float);
HWY_EXPORT(sparse_double);

namespace {
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
  for (Index r = 0; r < rows; r += step, seen += cols) {
    std::int32_t in_row = 0;  // small, so that the compiler can count in vectors
    for (Index i = 0; i < cols; ++i) in_row += x[r * cols + i] != 0;
    filled += in_row;
  }
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
