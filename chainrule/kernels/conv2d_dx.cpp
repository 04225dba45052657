// The gradient of the pictures.
#include <algorithm>

#include "chainrule/kernels/conv2d_parts.h"
#include "chainrule/kernels/taps.h"

namespace chainrule::kernels {
namespace {

using detail::Frame;
using detail::panels;
using detail::Parts;
using detail::Phase;

/// The taps of two phases, with channels as columns; returns where they end.
template <class T>
T* turn(const Convolution& s, const Phase& vertical, const Phase& horizontal, Index group,
        const T* w, T* to) {
  const Index width = tap_panel<T>(), channels = s.group_channels(), filters = s.group_filters();
  for (Index j = 0; j < channels; j += width)
    for (Index u = 0; u < vertical.taps; ++u)
      for (Index v = 0; v < horizontal.taps; ++v, to += filters * width) {
        const Index tap = (vertical.last - u * vertical.tap_step) * s.kernel[1] + horizontal.last -
                          v * horizontal.tap_step;
        transpose_into(std::min(width, channels - j), filters,
                       w + (tap * channels + j) * s.filters + group * filters, s.filters, to,
                       width);
      }
  return to;
}

/// Calls f(vertical phase, horizontal phase) for each pair.
template <class F>
void each_phase(const Convolution& s, F f) {
  for (Index i = 0; i < s.stride[0]; ++i)
    for (Index j = 0; j < s.stride[1]; ++j) f(detail::phase_of(s, 0, i), detail::phase_of(s, 1, j));
}

/// The gradient of a picture x from its frame.
template <class T>
void take_out(const Convolution& s, const Frame& frame, const T* memory, T* dx, Write write) {
  const Index rows = std::clamp<Index>(frame.size[0] - frame.before[0], 0, s.in[0]);
  const Index cols = std::clamp<Index>(frame.size[1] - frame.before[1], 0, s.in[1]) * s.channels;
  const Index line = s.in[1] * s.channels;
  if (write == Write::assign) std::fill_n(dx, s.in[0] * line, T{0});
  for (Index i = 0; i < rows; ++i)
    add_pieces<T>(1, 1, cols,
                  memory + ((i + frame.before[0]) * frame.size[1] + frame.before[1]) * s.channels,
                  dx + i * line, 0, 0);
}

template <class T>
void scatter_dx(ThreadPool& pool, const Convolution& s, Index pictures, const T* dy, const T* w,
                T* dx, Write write, T* workspace) {
  const Index width = tap_panel<T>(), columns = detail::scattered_columns(s);
  const Parts at(s, pictures, width);
  T* to = workspace;
  for (Index j = 0; j < columns; j += width, to += s.filters * width)
    transpose_into(std::min(width, columns - j), s.filters, w + j * s.filters, s.filters, to,
                   width);
  const Frame frame = detail::frame_of_x(s);
  const bool whole = s.dilation[1] == 1;  // a row of taps lies in one piece
  detail::each_part(pool, s, pictures, [&](Index first, Index end, Index part) {
    T* const memory = workspace + at.frames + part * at.frame;
    T* const products = memory + at.products;
    for (Index n = first; n < end; ++n) {
      std::fill_n(memory, frame.elements(), T{0});
      for (Index i = 0; i < s.out[0]; ++i) {
        tap_product(TapProduct<T>{.lines = 1,
                                  .rows = s.out[1],
                                  .cols = columns,
                                  .outer = 1,
                                  .inner = 1,
                                  .length = s.filters,
                                  .a = dy + n * s.out_size() + i * s.out[1] * s.filters,
                                  .a_line = 0,
                                  .a_row = s.filters,
                                  .a_outer = 0,
                                  .a_inner = 0,
                                  .a_step = 1,
                                  .b = workspace,
                                  .b_term = width,
                                  .b_panel = s.filters * width,
                                  .c = products,
                                  .c_line = 0,
                                  .c_row = columns,
                                  .start = nullptr,
                                  .start_row = 0});
        T* const line = memory + i * s.stride[0] * frame.size[1] * s.channels;
        const Index row = s.stride[1] * s.channels,
                    piece = s.dilation[0] * frame.size[1] * s.channels;
        if (whole)
          add_pieces(s.out[1], s.kernel[0], s.kernel[1] * s.channels, products, line, row, piece);
        else
          for (Index j = 0; j < s.out[1]; ++j)
            for (Index u = 0; u < s.kernel[0]; ++u)
              add_pieces(1, s.kernel[1], s.channels,
                         products + j * columns + u * s.kernel[1] * s.channels,
                         line + j * row + u * piece, 0, s.dilation[1] * s.channels);
      }
      take_out(s, frame, memory, dx + n * s.in_size(), write);
    }
  });
}

}  // namespace

template <class T>
void conv2d_dx(ThreadPool& pool, const Convolution& s, Index pictures, const T* dy, const T* w,
               T* dx, Write write, T* workspace) {
  const Index width = tap_panel<T>(), channels = s.group_channels(), each = s.group_filters();
  if (detail::scatters(s, width)) return scatter_dx(pool, s, pictures, dy, w, dx, write, workspace);
  const Parts at(s, pictures, width);
  T* to = workspace;
  each_phase(s, [&](const Phase& v, const Phase& h) {
    for (Index g = 0; g < s.groups; ++g) to = turn(s, v, h, g, w, to);
  });
  const Frame frame = detail::frame_of_dy(s);
  detail::each_part(pool, s, pictures, [&](Index first, Index end, Index part) {
    T* const memory = workspace + at.frames + part * at.frame;
    for (Index n = first; n < end; ++n) {
      const T* const a = frame.around(dy + n * s.out_size(), memory, n == first);
      const T* b = workspace;
      each_phase(s, [&](const Phase& v, const Phase& h) {
        const Index terms = v.taps * h.taps * each;
        const Index from =
            (v.low + frame.before[0]) * frame.line() + (h.low + frame.before[1]) * s.filters;
        T* const c = dx + n * s.in_size() + (v.first * s.in[1] + h.first) * s.channels;
        for (Index g = 0; g < s.groups; ++g, b += terms * panels(channels, width) * width) {
          if (v.count == 0 || h.count == 0) continue;
          tap_product(TapProduct<T>{.lines = v.count,
                                    .rows = h.count,
                                    .cols = channels,
                                    .outer = v.taps,
                                    .inner = h.taps,
                                    .length = each,
                                    .a = a + from + g * each,
                                    .a_line = frame.line(),
                                    .a_row = s.filters,
                                    .a_outer = v.step * frame.line(),
                                    .a_inner = h.step * s.filters,
                                    .a_step = 1,
                                    .b = b,
                                    .b_term = width,
                                    .b_panel = terms * width,
                                    .c = c + g * channels,
                                    .c_line = s.stride[0] * s.in[1] * s.channels,
                                    .c_row = s.stride[1] * s.channels,
                                    .start = write == Write::add ? c + g * channels : nullptr,
                                    .start_row = s.stride[1] * s.channels});
        }
      });
    }
  });
}

#define CHAINRULE_CONVOLUTION(T)                                                                 \
  template void conv2d_dx(ThreadPool&, const Convolution&, Index, const T*, const T*, T*, Write, \
                          T*);
CHAINRULE_CONVOLUTION(float)
CHAINRULE_CONVOLUTION(double)
#undef CHAINRULE_CONVOLUTION

}  // namespace chainrule::kernels
