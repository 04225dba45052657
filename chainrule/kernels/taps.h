// Sums of products over the taps of a filter: the loops that every pass of a convolution consists
// of.
#pragma once

#include "chainrule/core/shape.h"

namespace chainrule::kernels {

/// For each of `lines` lines, `rows` rows and `cols` columns
///
///   c(i, j) = start(i, j) + sum over u < outer, v < inner, p < length of
///             a[i * a_row + u * a_outer + v * a_inner + p * a_step] * b(t, j),
///
/// where t counts the terms in that order. The rows of a may overlap: a picture whose pixels lie
/// one after the other is the first factor of its own convolution, nothing is copied. Terms are
/// added in the order of t, so no bit depends on the sizes of rows, columns or lines. T is float or
/// double.
template <class T>
struct TapProduct {
  Index lines, rows, cols;
  Index outer, inner, length;
  const T* a;
  Index a_line, a_row, a_outer, a_inner, a_step;
  const T* b;
  Index b_term;   ///< elements from b(t, j) to b(t + 1, j)
  Index b_panel;  ///< and from the first column of one panel to that of the next
  T* c;
  Index c_line, c_row;
  const T* start;  ///< null: 0; lines and rows as in c, unless start_row is 0: one row for all
  Index start_row;
};

template <class T>
void tap_product(const TapProduct<T>& x);

/// Columns of a panel of b.
template <class T>
Index tap_panel();

/// to[j * to_row + u * to_piece + i] += from[(j * pieces + u) * length + i] for j < count, u <
/// pieces and i < length, in this order: places in `to` may overlap.
template <class T>
void add_pieces(Index count, Index pieces, Index length, const T* from, T* to, Index to_row,
                Index to_piece);

/// to[j * to_row + i] = from[i * from_row + j] for i < rows, j < cols.
template <class T>
void transpose_into(Index rows, Index cols, const T* from, Index from_row, T* to, Index to_row);

}  // namespace chainrule::kernels
