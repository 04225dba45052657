#include <algorithm>

#include "chainrule/kernels/conv2d.h"

namespace chainrule::kernels::reference {
namespace {

/// Calls f(place in x, in w, in y) for each product of the definition.
template <class F>
void each_product(const Convolution& s, Index pictures, F f) {
  const Index c_count = s.group_channels(), o_count = s.group_filters();
  for (Index n = 0; n < pictures; ++n)
    for (Index i = 0; i < s.out[0]; ++i)
      for (Index j = 0; j < s.out[1]; ++j)
        for (Index u = 0; u < s.kernel[0]; ++u)
          for (Index v = 0; v < s.kernel[1]; ++v) {
            const Index row = i * s.stride[0] - s.before[0] + u * s.dilation[0];
            const Index col = j * s.stride[1] - s.before[1] + v * s.dilation[1];
            if (row < 0 || row >= s.in[0] || col < 0 || col >= s.in[1]) continue;
            for (Index o = 0; o < s.filters; ++o)
              for (Index c = 0; c < c_count; ++c)
                f(((n * s.in[0] + row) * s.in[1] + col) * s.channels + o / o_count * c_count + c,
                  ((u * s.kernel[1] + v) * c_count + c) * s.filters + o,
                  ((n * s.out[0] + i) * s.out[1] + j) * s.filters + o);
          }
}

}  // namespace

template <class T>
void conv2d(const Convolution& s, Index pictures, const T* x, const T* w, const T* b, T* y) {
  for (Index i = 0; i < pictures * s.out_size(); ++i) y[i] = b == nullptr ? T{0} : b[i % s.filters];
  each_product(s, pictures, [=](Index ix, Index iw, Index iy) { y[iy] += x[ix] * w[iw]; });
}

template <class T>
void conv2d_dx(const Convolution& s, Index pictures, const T* dy, const T* w, T* dx, Write write) {
  if (write == Write::assign) std::fill_n(dx, pictures * s.in_size(), T{0});
  each_product(s, pictures, [=](Index ix, Index iw, Index iy) { dx[ix] += dy[iy] * w[iw]; });
}

template <class T>
void conv2d_dw(const Convolution& s, Index pictures, const T* x, const T* dy, T* dw, Write write) {
  if (write == Write::assign) std::fill_n(dw, s.weights(), T{0});
  each_product(s, pictures, [=](Index ix, Index iw, Index iy) { dw[iw] += x[ix] * dy[iy]; });
}

#define CHAINRULE_CONVOLUTION(T)                                                     \
  template void conv2d(const Convolution&, Index, const T*, const T*, const T*, T*); \
  template void conv2d_dx(const Convolution&, Index, const T*, const T*, T*, Write); \
  template void conv2d_dw(const Convolution&, Index, const T*, const T*, T*, Write);
CHAINRULE_CONVOLUTION(float)
CHAINRULE_CONVOLUTION(double)
#undef CHAINRULE_CONVOLUTION

}  // namespace chainrule::kernels::reference
