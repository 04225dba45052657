// This file is compiled once for every instruction set that Highway knows on this architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "chainrule/kernels/taps.cpp"
#include "chainrule/kernels/taps.h"

#include <algorithm>
#include <array>
#include <utility>

#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"

#include "chainrule/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace chainrule::kernels::HWY_NAMESPACE {

/// Rows of a register tile: 24 accumulators of 32 registers, or 12 of 16.
#if HWY_TARGET <= HWY_AVX3
constexpr int kTapRows = 12;
#else
constexpr int kTapRows = 6;
#endif

template <class T>
Index tap_columns() {
  return 2 * lanes_of<T>();
}

/// c[R, cols] for one tile; cols fills V vectors, the last one only in part if Partial.
template <class T, int R, int V, bool Partial>
HWY_NOINLINE void tap_tile(const TapProduct<T>& x, const T* HWY_RESTRICT a, const T* HWY_RESTRICT b,
                           T* c, const T* start, Index cols) {
  const Tag<T> d;
  using Vec = hn::Vec<Tag<T>>;
  const Index lanes = lanes_of<T>(), last = cols - (V - 1) * lanes;
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
  const Index row = x.a_row, row3 = 3 * row, step = x.a_step, term = x.b_term, length = x.length;
  for (Index u = 0; u < x.outer; ++u)
    for (Index w = 0; w < x.inner; ++w) {
      // Four rows from one pointer and two strides: twelve pointers would not fit the registers.
      const T* a0 = a + u * x.a_outer + w * x.a_inner;
      const T* a4 = a0 + 4 * row;
      const T* a8 = a0 + 8 * row;
#pragma GCC unroll 2
      for (Index p = 0; p < length; ++p) {
        Vec bv[V];
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) bv[v] = load(b, v);
#pragma GCC unroll 16
        for (int i = 0; i < R; ++i) {
          const T* const base = i < 4 ? a0 : i < 8 ? a4 : a8;
          const Vec av = hn::Set(d, i % 4 == 0   ? base[0]
                                    : i % 4 == 1 ? base[row]
                                    : i % 4 == 2 ? base[2 * row]
                                                 : base[row3]);
#pragma GCC unroll 4
          for (int v = 0; v < V; ++v) sum[i][v] = hn::MulAdd(av, bv[v], sum[i][v]);
        }
        a0 += step, a4 += step, a8 += step;
        b += term;
      }
    }
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      if (start != nullptr) sum[i][v] = hn::Add(sum[i][v], load(start + i * x.start_row, v));
      T* const to = c + i * x.c_row + v * lanes;
      if (Partial && v == V - 1)
        store_first(sum[i][v], d, last, to);
      else
        hn::StoreU(sum[i][v], d, to);
    }
}

template <class T, int V, bool Partial, int... R>
constexpr auto tap_tiles(std::integer_sequence<int, R...>) {
  return std::array{tap_tile<T, R + 1, V, Partial>...};
}

template <class T>
void multiply_taps(const TapProduct<T>& given) {
  using Rows = std::make_integer_sequence<int, kTapRows>;
  static constexpr auto kTwo = tap_tiles<T, 2, false>(Rows());
  static constexpr auto kMore = tap_tiles<T, 2, true>(Rows());
  static constexpr auto kOne = tap_tiles<T, 1, true>(Rows());
  TapProduct<T> x = given;
  const bool one_start = x.start_row == 0;
  if (x.a_inner == x.length * x.a_step) x.length *= std::exchange(x.inner, 1);
  if (x.a_line == x.rows * x.a_row && x.c_line == x.rows * x.c_row) x.rows *= x.lines, x.lines = 1;
  const Index lanes = lanes_of<T>(), width = tap_columns<T>();
  const Index tiles = (x.rows + kTapRows - 1) / kTapRows;
  for (Index j = 0; j < x.cols; j += width) {
    const Index cols = std::min(width, x.cols - j);
    const auto& by_rows = cols == width ? kTwo : cols > lanes ? kMore : kOne;
    const T* const b = x.b + j / width * x.b_panel;
    for (Index line = 0; line < x.lines; ++line)
      for (Index t = 0, r = 0, end = 0; t < tiles; ++t, r = end) {
        end = x.rows * (t + 1) / tiles;  // about the same number of rows in each
        const Index to = line * x.c_line + r * x.c_row + j;
        const T* const start = x.start == nullptr ? nullptr : x.start + (one_start ? j : to);
        by_rows[static_cast<std::size_t>(end - r - 1)](x, x.a + line * x.a_line + r * x.a_row, b,
                                                       x.c + to, start, cols);
      }
  }
}

template <class T>
void add_all_pieces(Index count, Index pieces, Index length, const T* HWY_RESTRICT from,
                    T* HWY_RESTRICT to, Index to_row, Index to_piece) {
  const Tag<T> d;
  const Index lanes = lanes_of<T>();
  for (Index j = 0; j < count; ++j)
    for (Index u = 0; u < pieces; ++u, from += length) {
      T* const at = to + j * to_row + u * to_piece;
      Index i = 0;
      for (; i + lanes <= length; i += lanes)
        hn::StoreU(hn::Add(hn::LoadU(d, at + i), hn::LoadU(d, from + i)), d, at + i);
      if (const Index left = length - i; left > 0)
        store_first(hn::Add(load_first(d, left, at + i), load_first(d, left, from + i)), d, left,
                    at + i);
    }
}

void add_pieces_float(Index count, Index pieces, Index length, const float* from, float* to,
                      Index to_row, Index to_piece) {
  add_all_pieces(count, pieces, length, from, to, to_row, to_piece);
}
void add_pieces_double(Index count, Index pieces, Index length, const double* from, double* to,
                       Index to_row, Index to_piece) {
  add_all_pieces(count, pieces, length, from, to, to_row, to_piece);
}
void multiply_taps_float(const TapProduct<float>& x) { multiply_taps(x); }
void multiply_taps_double(const TapProduct<double>& x) { multiply_taps(x); }
Index tap_columns_float() { return tap_columns<float>(); }
Index tap_columns_double() { return tap_columns<double>(); }
void transpose_float(Index rows, Index cols, const float* from, Index from_row, float* to,
                     Index to_row) {
  transpose(rows, cols, from, from_row, to, to_row);
}
void transpose_double(Index rows, Index cols, const double* from, Index from_row, double* to,
                      Index to_row) {
  transpose(rows, cols, from, from_row, to, to_row);
}

}  // namespace chainrule::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace chainrule::kernels {

HWY_EXPORT(multiply_taps_float);
HWY_EXPORT(multiply_taps_double);
HWY_EXPORT(tap_columns_float);
HWY_EXPORT(tap_columns_double);
HWY_EXPORT(transpose_float);
HWY_EXPORT(transpose_double);
HWY_EXPORT(add_pieces_float);
HWY_EXPORT(add_pieces_double);

template <>
void tap_product(const TapProduct<float>& x) {
  HWY_DYNAMIC_DISPATCH(multiply_taps_float)(x);
}
template <>
void tap_product(const TapProduct<double>& x) {
  HWY_DYNAMIC_DISPATCH(multiply_taps_double)(x);
}
template <>
void add_pieces(Index count, Index pieces, Index length, const float* from, float* to, Index to_row,
                Index to_piece) {
  HWY_DYNAMIC_DISPATCH(add_pieces_float)(count, pieces, length, from, to, to_row, to_piece);
}
template <>
void add_pieces(Index count, Index pieces, Index length, const double* from, double* to,
                Index to_row, Index to_piece) {
  HWY_DYNAMIC_DISPATCH(add_pieces_double)(count, pieces, length, from, to, to_row, to_piece);
}
template <>
Index tap_panel<float>() {
  return HWY_DYNAMIC_DISPATCH(tap_columns_float)();
}
template <>
Index tap_panel<double>() {
  return HWY_DYNAMIC_DISPATCH(tap_columns_double)();
}
template <>
void transpose_into(Index rows, Index cols, const float* from, Index from_row, float* to,
                    Index to_row) {
  HWY_DYNAMIC_DISPATCH(transpose_float)(rows, cols, from, from_row, to, to_row);
}
template <>
void transpose_into(Index rows, Index cols, const double* from, Index from_row, double* to,
                    Index to_row) {
  HWY_DYNAMIC_DISPATCH(transpose_double)(rows, cols, from, from_row, to, to_row);
}

}  // namespace chainrule::kernels
#endif  // HWY_ONCE
