#include "chainrule/kernels/conv2d_parts.h"

#include <numeric>

#include "chainrule/kernels/taps.h"

namespace chainrule::kernels {
namespace detail {
namespace {

Index rounded(Index n) { return (n + 15) / 16 * 16; }

/// Elements of w with channels as columns, for dx.
Index turned_size(const Convolution& s, Index width) {
  return s.weights() / s.group_channels() * panels(s.group_channels(), width) * width;
}
Index scattered_size(const Convolution& s, Index width) {
  return panels(scattered_columns(s), width) * width * s.filters;
}

}  // namespace

Frame frame_of_x(const Convolution& s) {
  Frame f{{}, s.before, s.in, s.channels};
  for (std::size_t i = 0; i < 2; ++i)
    f.size[i] = (s.out[i] - 1) * s.stride[i] + (s.kernel[i] - 1) * s.dilation[i] + 1;
  return f;
}

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

Index packed_size(const Convolution& s, Index width) {
  if (s.group_filters() <= width) return 0;
  return s.weights() / s.group_filters() * panels(s.group_filters(), width) * width;
}

Index partials(const Convolution& s, Index pictures) {
  return std::clamp<Index>(kPartials / s.weights(), 1, std::min(kParts, pictures));
}

Parts::Parts(const Convolution& s, Index pictures, Index width)
    : frame(rounded(std::max(frame_of_x(s).elements(), frame_of_dy(s).elements()))),
      sums(rounded(s.weights() + s.filters)) {
  const bool scattered = scatters(s, width);
  frames = rounded(std::max(packed_size(s, width),
                            scattered ? scattered_size(s, width) : turned_size(s, width)));
  products = frame;
  if (scattered) frame += rounded(s.out[1] * scattered_columns(s));
  partial = frames + frame * std::min(kParts, pictures);
  const Index count = partials(s, pictures);
  end = partial + (count > 1 ? count * sums : 0);
}

}  // namespace detail

Index conv2d_workspace(const Convolution& s, Index pictures) {
  return std::max(detail::Parts(s, pictures, tap_panel<float>()).end,
                  detail::Parts(s, pictures, tap_panel<double>()).end);
}

}  // namespace chainrule::kernels
