// Convolutions of pictures that lie channels last: the three passes.
#pragma once

#include <array>

#include "chainrule/core/shape.h"
#include "chainrule/core/thread_pool.h"
#include "chainrule/kernels/matmul.h"

namespace chainrule::kernels {

/// Of pictures x [H, W, C] with filters w [KH, KW, C / groups, O], which give y [out, O]:
///
///   y(i, j, o) = sum over u, v, c of x(i * stride - before + u * dilation, ..., c) w(u, v, c, o),
///
/// where x outside of the picture is 0. Filters o of group g = o / (O / groups) see the channels of
/// that group alone. Pairs are vertical, horizontal.
struct Convolution {
  using Pair = std::array<Index, 2>;
  Pair in;
  Index channels;
  Pair out;
  Index filters;
  Pair kernel, stride, before, dilation;
  Index groups;

  Index in_size() const { return in[0] * in[1] * channels; }
  Index out_size() const { return out[0] * out[1] * filters; }
  Index group_channels() const { return channels / groups; }
  Index group_filters() const { return filters / groups; }
  Index weights() const { return kernel[0] * kernel[1] * group_channels() * filters; }
};

/// Elements of working memory that each of the passes needs.
Index conv2d_workspace(const Convolution& s, Index pictures);

/// y = x * w + b for `pictures` pictures one after the other; b null: 0. In all three passes the
/// order of each sum depends on the sizes and the number of pictures alone.
template <class T>
void conv2d(ThreadPool& pool, const Convolution& s, Index pictures, const T* x, const T* w,
            const T* b, T* y, T* workspace);

/// The gradient of x from dy.
template <class T>
void conv2d_dx(ThreadPool& pool, const Convolution& s, Index pictures, const T* dy, const T* w,
               T* dx, Write write, T* workspace);

/// The gradients of w and, unless db is null, b.
template <class T>
void conv2d_dw(ThreadPool& pool, const Convolution& s, Index pictures, const T* x, const T* dy,
               T* dw, Write write_dw, T* db, Write write_db, T* workspace);

/// The same passes as plain loops over the definition: what the fast ones are tested against.
namespace reference {
template <class T>
void conv2d(const Convolution& s, Index pictures, const T* x, const T* w, const T* b, T* y);
template <class T>
void conv2d_dx(const Convolution& s, Index pictures, const T* dy, const T* w, T* dx, Write write);
template <class T>
void conv2d_dw(const Convolution& s, Index pictures, const T* x, const T* dy, T* dw, Write write);
}  // namespace reference

}  // namespace chainrule::kernels
