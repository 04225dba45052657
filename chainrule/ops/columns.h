// Copies of some columns of a matrix into some columns of another.
#pragma once

#include <algorithm>

#include "chainrule/core/shape.h"
#include "chainrule/core/thread_pool.h"
#include "chainrule/ops/sums.h"

namespace chainrule::detail {

/// `rows` rows of `cols` elements: to[r][j] = (add ? to[r][j] : 0) + from[r][j]. A row begins
/// `from_stride` and `to_stride` elements after the one before it.
template <class T>
void copy_columns(ThreadPool& pool, Index rows, Index cols, const T* from, Index from_stride, T* to,
                  Index to_stride, bool add) {
  pool.split(rows, 1 + kCheap / cols, [=](Index first, Index last) {
    for (Index r = first; r < last; ++r) {
      const T* const a = from + r * from_stride;
      T* const b = to + r * to_stride;
      if (add)
        for (Index j = 0; j < cols; ++j) b[j] += a[j];
      else
        std::copy(a, a + cols, b);
    }
  });
}

}  // namespace chainrule::detail
