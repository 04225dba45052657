// Matrix products after Goto and van de Geijn, "Anatomy of high-performance matrix multiplication"
// (ACM TOMS 34, 2008): a small tile of c stays in registers while panels of a and b stream by.
// This file is compiled once for every instruction set that Highway knows on this architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "chainrule/kernels/matmul.cpp"
#include "chainrule/kernels/matmul.h"

#include <algorithm>
#include <type_traits>

#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"

#include "chainrule/core/tensor.h"

#ifndef CHAINRULE_KERNELS_MATMUL_ONCE
#define CHAINRULE_KERNELS_MATMUL_ONCE
namespace chainrule::kernels {

/// One product c[m,n] = sum over p of a(i,p) b(p,j), whichever factor is stored transposed.
template <class T>
struct Product {
  Index m, n, k;
  const T* a;
  Index a_row, a_step;  ///< a(i, p) = a[i * a_row + p * a_step]
  const T* b;
  bool b_transposed;  ///< b(p, j) = b[j * k + p], else b[p * n + j]
  T* c;
  Write write;
};

/// Memory for packed panels, which grows to the largest product and is then used again.
template <class T>
T* scratch(int which, Index size) {
  thread_local Buffer<T> buffers[2];
  Buffer<T>& buffer = buffers[which];
  if (buffer.size() < size) buffer = Buffer<T>(size);
  return buffer.data();
}

}  // namespace chainrule::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace chainrule::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Steps of k between two visits of a tile of c: b's panel of this length stays in the cache.
constexpr Index kBlockK = 256;
/// Rows of a that are packed together.
constexpr Index kBlockM = 576;
/// Rows of a register tile: 24 accumulators of 32 registers, or 12 of 16.
#if HWY_TARGET <= HWY_AVX3
constexpr int kRows = 12;
#else
constexpr int kRows = 6;
#endif

template <class T>
using Tag = hn::ScalableTag<T>;

/// Columns of a register tile: two vectors.
template <class T>
Index tile_cols() {
  return 2 * static_cast<Index>(hn::Lanes(Tag<T>()));
}

/// The first `count` lanes from memory, the others zero. Highway's masked access touches the whole
/// vector (and wants it aligned) where the instruction set has no masks.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_first(D d, Index count, const T* from) {
#if HWY_TARGET <= HWY_AVX2
  return hn::MaskedLoad(hn::FirstN(d, static_cast<size_t>(count)), d, from);
#else
  HWY_ALIGN T lanes[hn::MaxLanes(d)] = {};
  for (Index i = 0; i < count; ++i) lanes[i] = from[i];
  return hn::Load(d, lanes);
#endif
}

template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store_first(hn::Vec<D> v, D d, Index count, T* to) {
#if HWY_TARGET <= HWY_AVX2
  hn::BlendedStore(v, hn::FirstN(d, static_cast<size_t>(count)), d, to);
#else
  HWY_ALIGN T lanes[hn::MaxLanes(d)];
  hn::Store(v, d, lanes);
  for (Index i = 0; i < count; ++i) to[i] = lanes[i];
#endif
}

/// c[R, cols] (+)= a b over `k` steps; cols fills V vectors, the last one only in part if Partial.
template <class T, int R, int V, bool Partial>
HWY_INLINE void tile(Index k, const T* HWY_RESTRICT a, Index a_row, Index a_step,
                     const T* HWY_RESTRICT b, Index b_step, T* HWY_RESTRICT c, Index c_row,
                     Index cols, bool add) {
  const Tag<T> d;
  using Vec = hn::Vec<Tag<T>>;
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  const Index last = cols - (V - 1) * lanes;
  const auto load = [&](const T* from, int v) HWY_ATTR {
    if constexpr (Partial)
      if (v == V - 1) return load_first(d, last, from + v * lanes);
    return hn::LoadU(d, from + v * lanes);
  };
  Vec sum[R][V];
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sum[i][v] = hn::Zero(d);
#pragma GCC unroll 2
  for (Index p = 0; p < k; ++p) {
    Vec bv[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) bv[v] = load(b, v);
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
      const Vec av = hn::Set(d, a[i * a_row]);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sum[i][v] = hn::MulAdd(av, bv[v], sum[i][v]);
    }
    a += a_step;
    b += b_step;
  }
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      T* to = c + i * c_row + v * lanes;
      if (add) sum[i][v] = hn::Add(sum[i][v], load(c + i * c_row, v));
      if (Partial && v == V - 1)
        store_first(sum[i][v], d, last, to);
      else
        hn::StoreU(sum[i][v], d, to);
    }
}

/// The tile for `rows` rows (at most kRows) and `cols` columns (at most two vectors).
template <class T, int R>
HWY_NOINLINE void rows_tile(Index cols, Index k, const T* a, Index a_row, Index a_step, const T* b,
                            Index b_step, T* c, Index c_row, bool add) {
  const Index lanes = static_cast<Index>(hn::Lanes(Tag<T>()));
  // A call by name: without optimisation g++ cannot inline through a pointer, as tile demands.
  const auto run = [&](auto vectors, auto partial) HWY_ATTR {
    tile<T, R, vectors(), partial()>(k, a, a_row, a_step, b, b_step, c, c_row, cols, add);
  };
  using One = std::integral_constant<int, 1>;
  using Two = std::integral_constant<int, 2>;
  if (cols == 2 * lanes)
    // A constant row stride lets the compiler address every row from one pointer.
    a_row == 1 ? tile<T, R, 2, false>(k, a, 1, a_step, b, b_step, c, c_row, cols, add)
               : run(Two{}, std::false_type{});
  else if (cols > lanes)
    run(Two{}, std::true_type{});
  else if (cols == lanes)
    run(One{}, std::false_type{});
  else
    run(One{}, std::true_type{});
}

template <class T>
void any_tile(Index rows, Index cols, Index k, const T* a, Index a_row, Index a_step, const T* b,
              Index b_step, T* c, Index c_row, bool add) {
  const auto run = [&](auto kernel, Index r) {
    kernel(cols, k, a, a_row, a_step, b, b_step, c, c_row, add);
    rows -= r, a += r * a_row, c += r * c_row;
  };
  if constexpr (kRows == 12) {
    if (rows == 12) return run(rows_tile<T, 12>, 12);
    if (rows >= 8) run(rows_tile<T, 8>, 8);
  } else {
    if (rows == 6) return run(rows_tile<T, 6>, 6);
  }
  if (rows >= 4) run(rows_tile<T, 4>, 4);
  if (rows >= 2) run(rows_tile<T, 2>, 2);
  if (rows >= 1) run(rows_tile<T, 1>, 1);
}

/// to[j * to_row + i] = from[i * from_row + j] for i < rows, j < cols, by 4x4 (float) or 2x2
/// (double) blocks in registers.
template <class T>
void transpose(Index rows, Index cols, const T* from, Index from_row, T* to, Index to_row) {
  Index i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::CappedTag<T, 16 / sizeof(T)> d;
  constexpr Index kStep = 16 / sizeof(T);
  if (static_cast<Index>(hn::Lanes(d)) == kStep) {
    for (; i + kStep <= rows; i += kStep) {
      const T* row = from + i * from_row;
      T* out = to + i;
      Index j = 0;
      for (; j + kStep <= cols; j += kStep) {
        if constexpr (sizeof(T) == 4) {
          const auto r0 = hn::LoadU(d, row + j), r1 = hn::LoadU(d, row + from_row + j);
          const auto r2 = hn::LoadU(d, row + 2 * from_row + j);
          const auto r3 = hn::LoadU(d, row + 3 * from_row + j);
          const auto l0 = hn::InterleaveLower(d, r0, r2), u0 = hn::InterleaveUpper(d, r0, r2);
          const auto l1 = hn::InterleaveLower(d, r1, r3), u1 = hn::InterleaveUpper(d, r1, r3);
          hn::StoreU(hn::InterleaveLower(d, l0, l1), d, out + j * to_row);
          hn::StoreU(hn::InterleaveUpper(d, l0, l1), d, out + (j + 1) * to_row);
          hn::StoreU(hn::InterleaveLower(d, u0, u1), d, out + (j + 2) * to_row);
          hn::StoreU(hn::InterleaveUpper(d, u0, u1), d, out + (j + 3) * to_row);
        } else {
          const auto r0 = hn::LoadU(d, row + j), r1 = hn::LoadU(d, row + from_row + j);
          hn::StoreU(hn::InterleaveLower(d, r0, r1), d, out + j * to_row);
          hn::StoreU(hn::InterleaveUpper(d, r0, r1), d, out + (j + 1) * to_row);
        }
      }
      for (; j < cols; ++j)
        for (Index r = 0; r < kStep; ++r) out[j * to_row + r] = row[r * from_row + j];
    }
  }
#endif
  for (; i < rows; ++i)
    for (Index j = 0; j < cols; ++j) to[j * to_row + i] = from[i * from_row + j];
}

/// Steps [p, p + steps) of columns [j, j + cols) of b as [steps, width], missing columns zero.
template <class T>
void pack_b(const Product<T>& x, Index p, Index steps, Index j, Index cols, Index width, T* to) {
  if (x.b_transposed) {
    if (cols < width) std::fill_n(to, steps * width, T{});
    transpose(cols, steps, x.b + j * x.k + p, x.k, to, width);
    return;
  }
  const T* from = x.b + p * x.n + j;
  for (Index s = 0; s < steps; ++s, from += x.n, to += width) {
    std::copy_n(from, cols, to);
    std::fill_n(to + cols, width - cols, T{});
  }
}

/// Rows [i, i + rows) and steps [p, p + steps) of a, tile by tile as [steps, kRows].
template <class T>
void pack_a(const Product<T>& x, Index i, Index rows, Index p, Index steps, T* to) {
  for (Index r = 0; r < rows; r += kRows, to += kRows * steps) {
    const Index count = std::min<Index>(kRows, rows - r);
    const T* from = x.a + (i + r) * x.a_row + p * x.a_step;
    if (x.a_row == 1)
      for (Index s = 0; s < steps; ++s) std::copy_n(from + s * x.a_step, count, to + s * kRows);
    else
      transpose(count, steps, from, x.a_row, to, kRows);
  }
}

template <class T>
void multiply(ThreadPool& pool, const Product<T>& x) {
  if (x.k == 0) {
    if (x.write == Write::assign) std::fill_n(x.c, x.m * x.n, T{});
    return;
  }
  const Index width = tile_cols<T>();
  const Index panels = (x.n + width - 1) / width;
  const Index tiles = (x.m + kRows - 1) / kRows;
  // Copying a factor into panels costs one pass over it and pays when the other has enough rows
  // or columns to re-use them; a transposed b cannot be read in vectors at all.
  const bool panel_b = x.b_transposed || (tiles >= 4 && x.k * x.n >= 1 << 14);
  const bool panel_a = panels >= 4 && x.k * x.m >= 1 << 14;

  const Index work = x.m * x.n * x.k;
  constexpr Index kSmall = 1 << 15;  // below this, waking another thread costs more than it helps

  // Tasks are rectangles of tiles of c: split the side that has more of them.
  const bool split_cols = panels >= tiles;
  const Index items = split_cols ? panels : tiles;
  const Index grain = std::max<Index>(1, items * kSmall / std::max<Index>(work, 1));
  pool.split(items, grain, [&](Index begin, Index end) {
    const Index panel_begin = split_cols ? begin : 0, panel_end = split_cols ? end : panels;
    const Index row_begin = split_cols ? 0 : begin * kRows;
    const Index row_end = split_cols ? x.m : std::min(x.m, end * kRows);
    const Index blocks = (row_end - row_begin + kBlockM - 1) / kBlockM;
    const Index block = ((row_end - row_begin) / std::max<Index>(blocks, 1) / kRows + 1) * kRows;
    T* const packed_a = panel_a ? scratch<T>(0, block * kBlockK) : nullptr;
    T* const packed_b = panel_b ? scratch<T>(1, width * kBlockK) : nullptr;
    for (Index i0 = row_begin; i0 < row_end; i0 += block) {
      const Index rows = std::min(block, row_end - i0);
      for (Index p = 0; p < x.k; p += kBlockK) {
        const Index steps = std::min(kBlockK, x.k - p);
        if (panel_a) pack_a(x, i0, rows, p, steps, packed_a);
        for (Index panel = panel_begin; panel < panel_end; ++panel) {
          const Index j = panel * width, cols = std::min(width, x.n - j);
          if (panel_b) pack_b(x, p, steps, j, cols, width, packed_b);
          const T* const b = panel_b ? packed_b : x.b + p * x.n + j;
          for (Index r = 0; r < rows; r += kRows) {
            const Index count = std::min<Index>(kRows, rows - r);
            const T* a = panel_a ? packed_a + r * steps : x.a + (i0 + r) * x.a_row + p * x.a_step;
            any_tile(count, cols, steps, a, panel_a ? 1 : x.a_row, panel_a ? kRows : x.a_step, b,
                     panel_b ? width : x.n, x.c + (i0 + r) * x.n + j, x.n,
                     p > 0 || x.write == Write::add);
          }
        }
      }
    }
  });
}

void multiply_float(ThreadPool& pool, const Product<float>& x) { multiply(pool, x); }
void multiply_double(ThreadPool& pool, const Product<double>& x) { multiply(pool, x); }

}  // namespace chainrule::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace chainrule::kernels {

HWY_EXPORT(multiply_float);
HWY_EXPORT(multiply_double);

namespace {
void multiply(ThreadPool& pool, const Product<float>& x) {
  HWY_DYNAMIC_DISPATCH(multiply_float)(pool, x);
}
void multiply(ThreadPool& pool, const Product<double>& x) {
  HWY_DYNAMIC_DISPATCH(multiply_double)(pool, x);
}
}  // namespace

template <class T>
void matmul(ThreadPool& pool, Index m, Index n, Index k, const T* a, const T* b, T* c,
            Write write) {
  multiply(pool, Product<T>{m, n, k, a, k, 1, b, false, c, write});
}
template <class T>
void matmul_at(ThreadPool& pool, Index m, Index n, Index k, const T* a, const T* b, T* c,
               Write write) {
  multiply(pool, Product<T>{m, n, k, a, 1, m, b, false, c, write});
}
template <class T>
void matmul_bt(ThreadPool& pool, Index m, Index n, Index k, const T* a, const T* b, T* c,
               Write write) {
  multiply(pool, Product<T>{m, n, k, a, k, 1, b, true, c, write});
}

#define CHAINRULE_PRODUCT(T)                                                                \
  template void matmul(ThreadPool&, Index, Index, Index, const T*, const T*, T*, Write);    \
  template void matmul_at(ThreadPool&, Index, Index, Index, const T*, const T*, T*, Write); \
  template void matmul_bt(ThreadPool&, Index, Index, Index, const T*, const T*, T*, Write);
CHAINRULE_PRODUCT(float)
CHAINRULE_PRODUCT(double)
#undef CHAINRULE_PRODUCT

}  // namespace chainrule::kernels
#endif  // HWY_ONCE
