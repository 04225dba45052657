// Matrix products after Goto and van de Geijn, "Anatomy of high-performance matrix multiplication"
// (ACM TOMS 34, 2008): a small tile of c stays in registers while panels of a and b stream by.
// This file is compiled once for every instruction set that Highway knows on this architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "chainrule/kernels/matmul.cpp"
#include "chainrule/kernels/matmul.h"

#include <algorithm>
#include <type_traits>

#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"

#include "chainrule/kernels/scratch.h"
#include "chainrule/kernels/vectors-inl.h"

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

}  // namespace chainrule::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace chainrule::kernels::HWY_NAMESPACE {

/// Steps of k between two visits of a tile of c: as many rows of b's panel stay in the cache.
constexpr Index kBlockK = 256;
/// Steps of k from a row of b that is packed to the one that is asked for.
constexpr Index kAhead = 24;
/// Rows of a register tile, 24 accumulators of 32 registers or 12 of 16, and rows of a that are
/// packed together, for a second-level cache of 1 MiB or of 512 KiB.
#if HWY_TARGET <= HWY_AVX3
constexpr int kRows = 12;
constexpr Index kBlockM = 576;
#else
constexpr int kRows = 6;
constexpr Index kBlockM = 288;
#endif
/// By how many rows two tiles may differ.
constexpr int kUnit = kRows / 6;
/// With so many tiles all have at least kRows - kUnit rows, and packing b pays.
constexpr Index kPackTiles = 5;
/// Columns of b for which packing a pays.
constexpr Index kPackCols = 80;

inline Index tiles_of(Index rows) { return (rows + kRows - 1) / kRows; }
/// Where tile `t` of `tiles` begins. All have about the same number of rows: a small one at the end
/// would take nearly as long as a full one.
inline Index tile_begin(Index rows, Index t, Index tiles) {
  const Index units = (rows + kUnit - 1) / kUnit;
  return std::min(rows, units * t / tiles * kUnit);
}

/// Columns of a register tile: two vectors.
template <class T>
Index tile_cols() {
  return 2 * lanes_of<T>();
}

/// c[R, cols] (+)= a b over `k` steps; cols fills V vectors, the last one only in part if Partial.
/// Leaves what it reads of b in `packed` for the tiles below, if Pack: a pass of its own would take
/// longer, as it has nothing to do while it waits for memory.
template <class T, int R, int V, bool Partial, bool Pack>
HWY_INLINE void tile(Index k, const T* HWY_RESTRICT a, Index a_row, Index a_step,
                     const T* HWY_RESTRICT b, Index b_step, T* HWY_RESTRICT packed,
                     T* HWY_RESTRICT c, Index c_row, Index cols, bool add) {
  const Tag<T> d;
  using Vec = hn::Vec<Tag<T>>;
  const Index lanes = lanes_of<T>();
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
    for (int v = 0; v < V; ++v) {
      sum[i][v] = hn::Zero(d);
      hwy::Prefetch(c + i * c_row + v * lanes);
    }
#pragma GCC unroll 2
  for (Index p = 0; p < k; ++p) {
    Vec bv[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) bv[v] = load(b, v);
    if constexpr (Pack) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        hwy::Prefetch(b + kAhead * b_step + v * lanes);
        hn::Store(bv[v], d, packed + v * lanes);
      }
      packed += 2 * lanes;
    }
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

/// The tile for R rows and `cols` columns (at most two vectors).
template <class T, int R, bool Pack = false>
HWY_NOINLINE void rows_tile(Index cols, Index k, const T* a, Index a_row, Index a_step, const T* b,
                            Index b_step, T* packed, T* c, Index c_row, bool add) {
  const Index lanes = lanes_of<T>();
  // A call by name: without optimisation g++ cannot inline through a pointer, as tile demands.
  const auto run = [&](auto vectors, auto partial) HWY_ATTR {
    tile<T, R, vectors(), partial(), Pack>(k, a, a_row, a_step, b, b_step, packed, c, c_row, cols,
                                           add);
  };
  using One = std::integral_constant<int, 1>;
  using Two = std::integral_constant<int, 2>;
  if (cols == 2 * lanes)
    // A constant row stride lets the compiler address every row from one pointer.
    a_row == 1 ? tile<T, R, 2, false, Pack>(k, a, 1, a_step, b, b_step, packed, c, c_row, cols, add)
               : run(Two{}, std::false_type{});
  else if (cols > lanes)
    run(Two{}, std::true_type{});
  else if (cols == lanes)
    run(One{}, std::false_type{});
  else
    run(One{}, std::true_type{});
}

/// A tile of `rows` rows, at most kRows; kRows or kRows - kUnit if it packs b.
template <class T>
void any_tile(Index rows, Index cols, Index k, const T* a, Index a_row, Index a_step, const T* b,
              Index b_step, T* packed, T* c, Index c_row, bool add) {
  const auto run = [&](auto kernel) {
    kernel(cols, k, a, a_row, a_step, b, b_step, packed, c, c_row, add);
  };
  if (packed != nullptr)
    return rows == kRows ? run(rows_tile<T, kRows, true>) : run(rows_tile<T, kRows - kUnit, true>);
  static constexpr decltype(&rows_tile<T, 1>) kByUnits[] = {
      rows_tile<T, 1>,         rows_tile<T, kUnit>,     rows_tile<T, 2 * kUnit>,
      rows_tile<T, 3 * kUnit>, rows_tile<T, 4 * kUnit>, rows_tile<T, 5 * kUnit>,
      rows_tile<T, 6 * kUnit>};
  while (rows > 0) {
    const Index units = rows / kUnit, r = std::max<Index>(1, units * kUnit);
    run(kByUnits[units]);
    rows -= r, a += r * a_row, c += r * c_row;
  }
}

/// Rows [i, i + rows) and steps [p, p + steps) of a, tile by tile as [steps, kRows].
template <class T>
void pack_a(const Product<T>& x, Index i, Index rows, Index p, Index steps, T* to) {
  const Index tiles = tiles_of(rows);
  for (Index t = 0, r = 0, count = 0; t < tiles; ++t, r += count, to += kRows * steps) {
    count = tile_begin(rows, t + 1, tiles) - r;
    const T* from = x.a + (i + r) * x.a_row + p * x.a_step;
    if (x.a_row != 1)
      transpose(count, steps, from, x.a_row, to, kRows);
    else if (count == kRows)
      for (Index s = 0; s < steps; ++s) copy(from + s * x.a_step, kRows, to + s * kRows);
    else
      for (Index s = 0; s < steps; ++s) copy(from + s * x.a_step, count, to + s * kRows);
  }
}

/// n cut into parts of equal length, a multiple of `unit` of at most `most`.
inline Index part(Index n, Index most, Index unit) {
  const Index parts = (n + most - 1) / most;
  return ((n + parts - 1) / parts + unit - 1) / unit * unit;
}

/// For products that are over before a tile has begun; every constant known to the compiler counts.
template <class T, Index K, bool Transposed>
void multiply_tiny(const Product<T>& x) {
  const Index m = x.m, n = x.n, b_step = Transposed ? 1 : n, b_col = Transposed ? K : 1;
  const bool add = x.write == Write::add;
  const T* from = x.a;
  T* HWY_RESTRICT c = x.c;
  for (Index i = 0; i < m; ++i, from += x.a_row) {
    T a[K];
    for (Index p = 0; p < K; ++p) a[p] = from[p * x.a_step];
    const T* HWY_RESTRICT b = x.b;
    for (Index j = 0; j < n; ++j, ++c, b += b_col) {
      T sum = a[0] * b[0];
      for (Index p = 1; p < K; ++p) sum += a[p] * b[p * b_step];
      *c = add ? *c + sum : sum;
      asm volatile("");  // vectors of so few elements would only cost time
    }
  }
}

/// True when k is small enough for that.
template <class T, Index K = 4>
bool try_tiny(const Product<T>& x) {
  if constexpr (K > 0) {
    if (x.k != K) return try_tiny<T, K - 1>(x);
    x.b_transposed ? multiply_tiny<T, K, true>(x) : multiply_tiny<T, K, false>(x);
    return true;
  }
  return false;
}

template <class T>
void multiply(ThreadPool& pool, const Product<T>& x) {
  const Index work = x.m * x.n * x.k;
  constexpr Index kTiny = 64;
  if (work <= kTiny && try_tiny(x)) return;
  if (x.k == 0) {
    if (x.write == Write::assign) std::fill_n(x.c, x.m * x.n, T{});
    return;
  }
  const Index width = tile_cols<T>();
  const Index panels = (x.n + width - 1) / width;
  const Index tiles = tiles_of(x.m);
  // Copying a factor into panels costs one pass over it and pays when the other has enough rows
  // or columns to re-use them; a transposed b cannot be read in vectors at all.
  const bool panel_a = x.n >= kPackCols && x.k * x.m >= 1 << 14;

  constexpr Index kSlack = 64;       // copy() writes whole vectors of a
  constexpr Index kSmall = 1 << 18;  // below this, waking another thread costs more than it helps

  // Tasks are rectangles of tiles of c: split the side that has more of them.
  const bool split_cols = panels >= tiles;
  const Index items = split_cols ? panels : tiles;
  const Index grain = work <= kSmall ? items : std::max<Index>(1, items * kSmall / work);
  pool.split(items, grain, [&](Index begin, Index end) {
    const Index panel_begin = split_cols ? begin : 0, panel_end = split_cols ? end : panels;
    const Index row_begin = split_cols ? 0 : begin * kRows;
    const Index row_end = split_cols ? x.m : std::min(x.m, end * kRows);
    const Index rows_here = row_end - row_begin;
    const Index block = part(rows_here, kBlockM, kRows), steps_most = part(x.k, kBlockK, 1);
    T* const packed_a = panel_a ? scratch<T>(0, block * steps_most + kSlack) : nullptr;
    T* const packed_b = scratch<T>(1, width * steps_most);
    for (Index i0 = row_begin; i0 < row_end; i0 += block) {
      const Index rows = std::min(block, row_end - i0), tiles_here = tiles_of(rows);
      const bool panel_b = x.b_transposed || tiles_here >= kPackTiles;
      for (Index p = 0; p < x.k; p += steps_most) {
        const Index steps = std::min(steps_most, x.k - p);
        if (panel_a) pack_a(x, i0, rows, p, steps, packed_a);
        for (Index panel = panel_begin; panel < panel_end; ++panel) {
          const Index j = panel * width, cols = std::min(width, x.n - j);
          if (x.b_transposed) transpose(cols, steps, x.b + j * x.k + p, x.k, packed_b, width);
          for (Index t = 0, r = 0, count = 0; t < tiles_here; ++t, r += count) {
            count = tile_begin(rows, t + 1, tiles_here) - r;
            const T* a =
                panel_a ? packed_a + t * kRows * steps : x.a + (i0 + r) * x.a_row + p * x.a_step;
            const bool packs = panel_b && !x.b_transposed && t == 0;
            const bool packed = panel_b && !packs;
            any_tile(count, cols, steps, a, panel_a ? 1 : x.a_row, panel_a ? kRows : x.a_step,
                     packed ? packed_b : x.b + p * x.n + j, packed ? width : x.n,
                     packs ? packed_b : nullptr, x.c + (i0 + r) * x.n + j, x.n,
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
