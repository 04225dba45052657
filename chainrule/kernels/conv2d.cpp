#include "chainrule/kernels/conv2d.h"

#include <algorithm>

#include "chainrule/kernels/conv2d_parts.h"
#include "chainrule/kernels/taps.h"

namespace chainrule::kernels {
namespace {

using detail::Frame;
using detail::panels;
using detail::Parts;

template <class T>
void pack(const Convolution& s, const T* w, T* to) {
  const Index width = tap_panel<T>(), each = s.group_filters(), rows = s.weights() / s.filters;
  for (Index g = 0; g < s.groups; ++g)
    for (Index j = 0; j < each; j += width)
      for (Index r = 0; r < rows; ++r, to += width)
        std::copy_n(w + r * s.filters + g * each + j, std::min(width, each - j), to);
}

/// Adds the products of one picture to rows begin/of, ..., of the filters' rows of each tap: dw in
/// matrices of so many rows as lie one after the other in the frame of x.
template <class T>
void add_dw(const Convolution& s, const Frame& frame, const T* x, const T* dy, T* dw, bool assign,
            Index begin, Index of) {
  const Index channels = s.group_channels(), each = s.group_filters();
  const bool whole = s.groups == 1 && s.dilation[1] == 1;
  const Index rows = whole ? s.kernel[1] * channels : channels;
  const Index first = rows * begin / of, count = rows * (begin + 1) / of - first;
  if (count == 0) return;
  for (Index v = 0; v < (whole ? 1 : s.kernel[1]); ++v)
    for (Index g = 0; g < s.groups; ++g) {
      T* const c = dw + (v * channels + first) * s.filters + g * each;
      tap_product(TapProduct<T>{.lines = s.kernel[0],
                                .rows = count,
                                .cols = each,
                                .outer = s.out[0],
                                .inner = 1,
                                .length = s.out[1],
                                .a = x + v * s.dilation[1] * s.channels + g * channels + first,
                                .a_line = s.dilation[0] * frame.line(),
                                .a_row = 1,
                                .a_outer = s.stride[0] * frame.line(),
                                .a_inner = 0,
                                .a_step = s.stride[1] * s.channels,
                                .b = dy + g * each,
                                .b_term = s.filters,
                                .b_panel = tap_panel<T>(),
                                .c = c,
                                .c_line = s.kernel[1] * channels * s.filters,
                                .c_row = s.filters,
                                .start = assign ? nullptr : c,
                                .start_row = s.filters});
    }
}

template <class T>
void add_rows(Index rows, Index cols, const T* dy, T* sums, bool assign) {
  if (assign) std::fill_n(sums, cols, T{0});
  for (Index r = 0; r < rows; ++r)
    for (Index j = 0; j < cols; ++j) sums[j] += dy[r * cols + j];
}

}  // namespace

template <class T>
void conv2d(ThreadPool& pool, const Convolution& s, Index pictures, const T* x, const T* w,
            const T* b, T* y, T* workspace) {
  const Index width = tap_panel<T>(), channels = s.group_channels(), each = s.group_filters();
  const Parts at(s, pictures, width);
  const bool packed = detail::packed_size(s, width) > 0;
  if (packed) pack(s, w, workspace);
  const Index terms = s.kernel[0] * s.kernel[1] * channels;
  const Frame frame = detail::frame_of_x(s);
  detail::each_part(pool, s, pictures, [&](Index first, Index end, Index part) {
    T* const memory = workspace + at.frames + part * at.frame;
    for (Index n = first; n < end; ++n) {
      const T* const a = frame.around(x + n * s.in_size(), memory, n == first);
      for (Index g = 0; g < s.groups; ++g)
        tap_product(TapProduct<T>{
            .lines = s.out[0],
            .rows = s.out[1],
            .cols = each,
            .outer = s.kernel[0],
            .inner = s.kernel[1],
            .length = channels,
            .a = a + g * channels,
            .a_line = s.stride[0] * frame.line(),
            .a_row = s.stride[1] * s.channels,
            .a_outer = s.dilation[0] * frame.line(),
            .a_inner = s.dilation[1] * s.channels,
            .a_step = 1,
            .b = packed ? workspace + g * terms * panels(each, width) * width : w + g * each,
            .b_term = packed ? width : s.filters,
            .b_panel = terms * width,
            .c = y + n * s.out_size() + g * each,
            .c_line = s.out[1] * s.filters,
            .c_row = s.filters,
            .start = b == nullptr ? nullptr : b + g * each,
            .start_row = 0});
    }
  });
}

template <class T>
void conv2d_dw(ThreadPool& pool, const Convolution& s, Index pictures, const T* x, const T* dy,
               T* dw, Write write_dw, T* db, Write write_db, T* workspace) {
  const Parts at(s, pictures, tap_panel<T>());
  const Frame frame = detail::frame_of_x(s);
  const Index parts = detail::partials(s, pictures), frames = std::min(detail::kParts, pictures);
  // A part of the filters' rows at a time, when all of them would not stay in a cache.
  const Index blocks =
      std::clamp<Index>(s.weights() / detail::kBlock, 1, std::max<Index>(1, frames / parts));
  const Index work = s.out[0] * s.out[1] * s.weights() * pictures, items = parts * blocks;
  const Index grain =
      work <= detail::kSmall ? items : std::max<Index>(1, items * detail::kSmall / work);
  pool.split(items, grain, [&](Index begin, Index end) {
    for (Index item = begin; item < end; ++item) {
      const Index part = item / blocks, block = item % blocks;
      T* const sums = workspace + at.partial + part * at.sums;
      T* const to = parts > 1 ? sums : dw;
      T* const to_b = parts > 1 ? sums + s.weights() : db;
      const Index first = pictures * part / parts;
      for (Index n = first; n < pictures * (part + 1) / parts; ++n) {
        const bool fresh = n == first;
        T* const memory = workspace + at.frames + begin * at.frame;
        const T* const a = frame.around(x + n * s.in_size(), memory, fresh);
        const T* const g = dy + n * s.out_size();
        add_dw(s, frame, a, g, to, fresh && (parts > 1 || write_dw == Write::assign), block,
               blocks);
        if (block == 0 && db != nullptr)
          add_rows(s.out[0] * s.out[1], s.filters, g, to_b,
                   fresh && (parts > 1 || write_db == Write::assign));
      }
    }
  });
  if (parts == 1) return;
  const T* const sums = workspace + at.partial;
  const auto add_up = [=, step = at.sums](const T* from, T* to, Index i, Write write) {
    T sum = from[i];
    for (Index part = 1; part < parts; ++part) sum += from[part * step + i];
    to[i] = write == Write::add ? to[i] + sum : sum;
  };
  pool.split(s.weights(), detail::kSmall / 16, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) add_up(sums, dw, i, write_dw);
  });
  for (Index j = 0; db != nullptr && j < s.filters; ++j)
    add_up(sums + s.weights(), db, j, write_db);
}

#define CHAINRULE_CONVOLUTION(T)                                                                 \
  template void conv2d(ThreadPool&, const Convolution&, Index, const T*, const T*, const T*, T*, \
                       T*);                                                                      \
  template void conv2d_dw(ThreadPool&, const Convolution&, Index, const T*, const T*, T*, Write, \
                          T*, Write, T*);
CHAINRULE_CONVOLUTION(float)
CHAINRULE_CONVOLUTION(double)
#undef CHAINRULE_CONVOLUTION

}  // namespace chainrule::kernels
