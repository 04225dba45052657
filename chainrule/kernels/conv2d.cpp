#include "chainrule/kernels/conv2d.h"

#include <algorithm>
#include <numeric>

#include "chainrule/kernels/taps.h"

namespace chainrule::kernels {
namespace {

using Pair = Convolution::Pair;

/// Pictures are shared out in so many parts at most, each with a frame of its own.
constexpr Index kParts = 16;
/// Elements of all partial sums of dw together, and of that part of one that stays in a cache while
/// the pictures go by.
constexpr Index kPartials = 1 << 20, kBlock = 1 << 16;
/// Products below which waking another thread costs more than it helps.
constexpr Index kSmall = 1 << 18;

/// A picture with zeros around it: pixel (0, 0) of the picture is pixel `before` of the frame, and
/// what lies beyond the frame is not needed.
struct Frame {
  Pair size, before, picture;
  Index channels;

  Index elements() const { return size[0] * size[1] * channels; }
  /// Is there anything beside the picture? If not, the picture is its own frame.
  bool wider() const { return before != Pair{} || size[0] > picture[0] || size[1] > picture[1]; }
  Index line() const { return (wider() ? size[1] : picture[1]) * channels; }

  /// Where the frame of `x` is: x itself, or `memory`, whose border is 0 already unless `fresh`.
  template <class T>
  const T* around(const T* x, T* memory, bool fresh) const {
    if (!wider()) return x;
    if (fresh) std::fill_n(memory, elements(), T{0});
    const Index rows = std::min(picture[0], size[0] - before[0]);
    const Index cols = std::min(picture[1], size[1] - before[1]);
    for (Index i = 0; i < rows; ++i)
      std::copy_n(x + i * picture[1] * channels, cols * channels,
                  memory + ((i + before[0]) * size[1] + before[1]) * channels);
    return memory;
  }
};

Frame frame_of_x(const Convolution& s) {
  Frame f{{}, s.before, s.in, s.channels};
  for (std::size_t i = 0; i < 2; ++i)
    f.size[i] = (s.out[i] - 1) * s.stride[i] + (s.kernel[i] - 1) * s.dilation[i] + 1;
  return f;
}

/// The elements first, first + stride, ... of an axis of x: all of them get their gradients through
/// the same taps of the filter, last, last - tap_step, ..., and these from elements of dy that lie
/// `step` apart.
struct Phase {
  Index first, count;
  Index taps, last, tap_step;
  Index low;  ///< element of dy that tap `last` connects with `first`
  Index step;
  Index high() const { return low + (taps - 1) * step + count - 1; }
};

/// x(i) meets y(j) through tap k where j * stride + k * dilation = i + before.
Phase phase_of(const Convolution& s, std::size_t axis, Index first) {
  const Index stride = s.stride[axis], dilation = s.dilation[axis];
  Phase p{};
  p.first = first;
  p.count = std::max<Index>(0, (s.in[axis] - first + stride - 1) / stride);
  p.tap_step = stride / std::gcd(stride, dilation);
  p.step = p.tap_step * dilation / stride;
  for (Index k = 0; k < std::min(p.tap_step, s.kernel[axis]); ++k)
    if ((first + s.before[axis] - k * dilation) % stride == 0) {
      p.taps = (s.kernel[axis] - 1 - k) / p.tap_step + 1;
      p.last = k + (p.taps - 1) * p.tap_step;
      p.low = (first + s.before[axis] - p.last * dilation) / stride;
    }
  return p;
}

Frame frame_of_dy(const Convolution& s) {
  Frame f{{}, {}, s.out, s.filters};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    Index low = 0, high = 0;
    for (Index first = 0; first < s.stride[axis]; ++first)
      if (const Phase p = phase_of(s, axis, first); p.taps > 0 && p.count > 0)
        low = std::min(low, p.low), high = std::max(high, p.high());
    f.before[axis] = -low;
    f.size[axis] = high - low + 1;
  }
  return f;
}

Index panels(Index cols, Index width) { return (cols + width - 1) / width; }

/// Elements of w in panels of columns, as forward reads them; 0 where w itself is a panel.
Index packed_size(const Convolution& s, Index width) {
  if (s.group_filters() <= width) return 0;
  return s.weights() / s.group_filters() * panels(s.group_filters(), width) * width;
}
/// And with channels as columns, for dx.
Index turned_size(const Convolution& s, Index width) {
  return s.weights() / s.group_channels() * panels(s.group_channels(), width) * width;
}

Index partials(const Convolution& s, Index pictures) {
  return std::clamp<Index>(kPartials / s.weights(), 1, std::min(kParts, pictures));
}

/// Pieces of the working memory; each begins at a cache line.
struct Parts {
  Parts(const Convolution& s, Index pictures, Index width)
      : frame(rounded(std::max(frame_of_x(s).elements(), frame_of_dy(s).elements()))),
        sums(rounded(s.weights() + s.filters)) {
    frames = rounded(std::max(packed_size(s, width), turned_size(s, width)));
    partial = frames + frame * std::min(kParts, pictures);
    const Index count = partials(s, pictures);
    end = partial + (count > 1 ? count * sums : 0);
  }
  Index frame, sums;  ///< elements of one
  Index frames, partial, end;

 private:
  static Index rounded(Index n) { return (n + 15) / 16 * 16; }
};

/// Calls f(first picture, end, part) for parts of the pictures.
template <class F>
void each_part(ThreadPool& pool, const Convolution& s, Index pictures, F f) {
  const Index parts = std::min(kParts, pictures);
  const Index work = s.out[0] * s.out[1] * s.weights() * pictures;
  const Index grain = work <= kSmall ? parts : std::max<Index>(1, parts * kSmall / work);
  pool.split(parts, grain, [&](Index begin, Index end) {
    f(pictures * begin / parts, pictures * end / parts, begin);
  });
}

template <class T>
void pack(const Convolution& s, const T* w, T* to) {
  const Index width = tap_panel<T>(), each = s.group_filters(), rows = s.weights() / s.filters;
  for (Index g = 0; g < s.groups; ++g)
    for (Index j = 0; j < each; j += width)
      for (Index r = 0; r < rows; ++r, to += width)
        std::copy_n(w + r * s.filters + g * each + j, std::min(width, each - j), to);
}

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
    for (Index j = 0; j < s.stride[1]; ++j) f(phase_of(s, 0, i), phase_of(s, 1, j));
}

}  // namespace

Index conv2d_workspace(const Convolution& s, Index pictures) {
  return std::max(Parts(s, pictures, tap_panel<float>()).end,
                  Parts(s, pictures, tap_panel<double>()).end);
}

template <class T>
void conv2d(ThreadPool& pool, const Convolution& s, Index pictures, const T* x, const T* w,
            const T* b, T* y, T* workspace) {
  const Index width = tap_panel<T>(), channels = s.group_channels(), each = s.group_filters();
  const Parts at(s, pictures, width);
  const bool packed = packed_size(s, width) > 0;
  if (packed) pack(s, w, workspace);
  const Index terms = s.kernel[0] * s.kernel[1] * channels;
  const Frame frame = frame_of_x(s);
  each_part(pool, s, pictures, [&](Index first, Index end, Index part) {
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
void conv2d_dx(ThreadPool& pool, const Convolution& s, Index pictures, const T* dy, const T* w,
               T* dx, Write write, T* workspace) {
  const Index width = tap_panel<T>(), channels = s.group_channels(), each = s.group_filters();
  const Parts at(s, pictures, width);
  T* to = workspace;
  each_phase(s, [&](const Phase& v, const Phase& h) {
    for (Index g = 0; g < s.groups; ++g) to = turn(s, v, h, g, w, to);
  });
  const Frame frame = frame_of_dy(s);
  each_part(pool, s, pictures, [&](Index first, Index end, Index part) {
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

namespace {

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
void conv2d_dw(ThreadPool& pool, const Convolution& s, Index pictures, const T* x, const T* dy,
               T* dw, Write write_dw, T* db, Write write_db, T* workspace) {
  const Parts at(s, pictures, tap_panel<T>());
  const Frame frame = frame_of_x(s);
  const Index parts = partials(s, pictures), frames = std::min(kParts, pictures);
  // A part of the filters' rows at a time, when all of them would not stay in a cache.
  const Index blocks =
      std::clamp<Index>(s.weights() / kBlock, 1, std::max<Index>(1, frames / parts));
  const Index work = s.out[0] * s.out[1] * s.weights() * pictures, items = parts * blocks;
  const Index grain = work <= kSmall ? items : std::max<Index>(1, items * kSmall / work);
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
  pool.split(s.weights(), kSmall / 16, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) add_up(sums, dw, i, write_dw);
  });
  for (Index j = 0; db != nullptr && j < s.filters; ++j)
    add_up(sums + s.weights(), db, j, write_db);
}

#define CHAINRULE_CONVOLUTION(T)                                                                 \
  template void conv2d(ThreadPool&, const Convolution&, Index, const T*, const T*, const T*, T*, \
                       T*);                                                                      \
  template void conv2d_dx(ThreadPool&, const Convolution&, Index, const T*, const T*, T*, Write, \
                          T*);                                                                   \
  template void conv2d_dw(ThreadPool&, const Convolution&, Index, const T*, const T*, T*, Write, \
                          T*, Write, T*);
CHAINRULE_CONVOLUTION(float)
CHAINRULE_CONVOLUTION(double)
#undef CHAINRULE_CONVOLUTION

}  // namespace chainrule::kernels
