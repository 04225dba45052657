// What the three passes of a convolution share: frames of zeros around pictures, and how the
// working memory and the pictures are divided.
#pragma once

#include <algorithm>

#include "chainrule/kernels/conv2d.h"

namespace chainrule::kernels::detail {

using Pair = Convolution::Pair;

/// Pictures are shared out in so many parts at most, each with a frame of its own.
inline constexpr Index kParts = 16;
/// Elements of all partial sums of dw together, and of that part of one that stays in a cache while
/// the pictures go by.
inline constexpr Index kPartials = 1 << 20, kBlock = 1 << 16;
/// Products below which waking another thread costs more than it helps.
inline constexpr Index kSmall = 1 << 18;

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

/// Of a picture x, as far as a tap of the filter reaches; of dy, as far as a pixel of x looks for
/// it.
Frame frame_of_x(const Convolution& s);
Frame frame_of_dy(const Convolution& s);

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
Phase phase_of(const Convolution& s, std::size_t axis, Index first);

/// Panels of `width` columns that hold `cols`.
inline Index panels(Index cols, Index width) { return (cols + width - 1) / width; }
/// Elements of w in panels of columns, as forward reads them; 0 where w itself is a panel.
Index packed_size(const Convolution& s, Index width);

/// With few channels the columns of a panel would be empty for the most part. Then dx is scattered:
/// for each place all taps and channels are the columns of one product, and what belongs to a pixel
/// is added up afterwards.
inline bool scatters(const Convolution& s, Index width) {
  return s.groups == 1 && 8 * s.channels <= 3 * width;
}
inline Index scattered_columns(const Convolution& s) {
  return s.kernel[0] * s.kernel[1] * s.channels;
}

/// Sums of dw that are added up at the end.
Index partials(const Convolution& s, Index pictures);

/// Pieces of the working memory, which begins with the packed w; each begins at a cache line.
struct Parts {
  Parts(const Convolution& s, Index pictures, Index width);
  Index frame, sums;  ///< elements of one
  Index products;     ///< where they begin in a frame, of one row of places
  Index frames, partial, end;
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

}  // namespace chainrule::kernels::detail
