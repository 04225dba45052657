#include "chainrule/ops/pool2d.h"

#include <algorithm>
#include <utility>

#include "chainrule/graph/op.h"
#include "chainrule/ops/sums.h"
#include "chainrule/ops/window.h"

namespace chainrule {
namespace {

/// What both share: shapes, and the walk over windows.
struct Pool2d {
  static constexpr bool kAssigns = true;
  Pool2dOptions options;

  static void settings(auto& self, auto&& f) {
    f("size", self.options.size, kAnyNumber);
    f("stride", self.options.stride, kAnyNumber);
    f("before", self.options.before, kAnyNumber);
    f("after", self.options.after, kAnyNumber);
  }

  Shape infer(std::span<const Shape> in) const {
    const Shape& x = in[0];
    detail::expect_pair("size", options.size, 1);
    const auto places = detail::window_places(x, {options.size[0], options.size[1]}, stride(),
                                              options.before, options.after, {1, 1});
    for (std::size_t i = 0; i < 2; ++i)
      if (options.before[i] >= options.size[i] || options.after[i] >= options.size[i])
        throw ShapeError(cat("padding of ", options.before[i], " and ", options.after[i],
                             ", expected less than the size of the window, ", options.size[i]));
    return Shape{places[0], places[1], x.last()}.with_batch(x.batched());
  }

 protected:
  const std::vector<Index>& stride() const {
    return options.stride.empty() ? options.size : options.stride;
  }

  /// Rows or columns of x below the window at place `at`.
  struct Span {
    Index begin, end;
    Index size() const { return end - begin; }
  };
  Span span(std::size_t axis, Index at, Index length) const {
    const Index begin = at * stride()[axis] - options.before[axis];
    return {std::max<Index>(0, begin), std::min(length, begin + options.size[axis])};
  }

  /// Calls f(picture) on all threads: its gradient belongs to one.
  template <class T, class F>
  static void each_picture(const Context<T>& c, F f) {
    const Index work = std::max(c.in(0).cols(), c.out().cols());
    c.pool().split(c.in(0).rows(), 1 + detail::kCheap / work, [&](Index begin, Index end) {
      for (Index n = begin; n < end; ++n) f(n);
    });
  }

  /// Calls f(place in the picture y, rows, columns) for each window, row by row.
  template <class F>
  void each_window(const Shape& x, const Shape& y, F f) const {
    for (Index i = 0; i < y[0]; ++i) {
      const Span rows = span(0, i, x[0]);
      for (Index j = 0; j < y[1]; ++j) f((i * y[1] + j) * y[2], rows, span(1, j, x[1]));
    }
  }

  /// Calls f(place in the picture x) for each pixel of a window, row by row.
  template <class F>
  static void each_pixel(const Shape& x, const Span& rows, const Span& cols, F f) {
    for (Index i = rows.begin; i < rows.end; ++i)
      for (Index j = cols.begin; j < cols.end; ++j) f((i * x[1] + j) * x[2]);
  }

  /// Memory of the gradient of picture n, zeros where this operation is the first to write.
  template <class T>
  static T* gradient(const Context<T>& c, Index n) {
    T* const dx = c.din(0).row(n).data();
    if (c.first(0)) std::fill_n(dx, c.din(0).cols(), T{0});
    return dx;
  }
};

struct MaxPool2d : Pool2d {
  inline static const OpDoc doc{"max_pool2d",
                                {"x"},
                                "y = the greatest x of each window and channel",
                                {"dx = dy at the first of the greatest of its window, else 0"}};
  static constexpr OpTraits traits{.mask = true};

  template <class T>
  void forward(const Context<T>& c) const {
    const Shape &xs = c.in_shape(0), &ys = c.out_shape();
    const Index channels = xs[2];
    each_picture(c, [&](Index n) {
      const T* const x = c.in(0).row(n).data();
      T* const y = c.out().row(n).data();
      each_window(xs, ys, [&](Index at, const Span& rows, const Span& cols) {
        T* const best = y + at;
        std::copy_n(x + (rows.begin * xs[1] + cols.begin) * channels, channels, best);
        each_pixel(xs, rows, cols, [&](Index from) {
          for (Index k = 0; k < channels; ++k) {
            const T v = x[from + k];
            best[k] = v > best[k] || v != v ? v : best[k];
          }
        });
      });
    });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const Shape &xs = c.in_shape(0), &ys = c.out_shape();
    each_picture(c, [&](Index n) {
      const T* const x = c.in(0).row(n).data();
      const T *const y = c.out().row(n).data(), *const dy = c.dout().row(n).data();
      T* const dx = gradient(c, n);
      each_window(xs, ys, [&](Index at, const Span& rows, const Span& cols) {
        constexpr Index kChannels = 64;
        T left[kChannels];  // of dy: what no pixel has got yet
        for (Index begin = 0; begin < xs[2]; begin += kChannels) {
          const Index count = std::min(kChannels, xs[2] - begin);
          const T* const top = y + at + begin;
          std::copy_n(dy + at + begin, count, left);
          each_pixel(xs, rows, cols, [&](Index from) {
            for (Index k = 0; k < count; ++k) {
              const bool wins = !(x[from + begin + k] < top[k]);
              dx[from + begin + k] += wins ? left[k] : T{0};
              left[k] = wins ? T{0} : left[k];
            }
          });
        }
      });
    });
  }
};

struct AvgPool2d : Pool2d {
  inline static const OpDoc doc{"avg_pool2d",
                                {"x"},
                                "y = the mean of x over each window, for each channel",
                                {"dx = each dy / elements of its window, added"}};
  bool counts_padding = true;

  static void settings(auto& self, auto&& f) {
    Pool2d::settings(self, f);
    f("counts_padding", self.counts_padding, kAnyNumber);
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const Shape &xs = c.in_shape(0), &ys = c.out_shape();
    each_picture(c, [&](Index n) {
      const T* const x = c.in(0).row(n).data();
      T* const y = c.out().row(n).data();
      each_window(xs, ys, [&](Index at, const Span& rows, const Span& cols) {
        std::fill_n(y + at, xs[2], T{0});
        each_pixel(xs, rows, cols, [&](Index from) {
          for (Index k = 0; k < xs[2]; ++k) y[at + k] += x[from + k];
        });
        const T share = 1 / static_cast<T>(elements(rows, cols));
        for (Index k = 0; k < xs[2]; ++k) y[at + k] *= share;
      });
    });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const Shape &xs = c.in_shape(0), &ys = c.out_shape();
    each_picture(c, [&](Index n) {
      const T* const dy = c.dout().row(n).data();
      T* const dx = gradient(c, n);
      each_window(xs, ys, [&](Index at, const Span& rows, const Span& cols) {
        const T share = 1 / static_cast<T>(elements(rows, cols));
        each_pixel(xs, rows, cols, [&](Index to) {
          for (Index k = 0; k < xs[2]; ++k) dx[to + k] += share * dy[at + k];
        });
      });
    });
  }

 private:
  Index elements(const Span& rows, const Span& cols) const {
    return counts_padding ? options.size[0] * options.size[1] : rows.size() * cols.size();
  }
};

}  // namespace

Var max_pool2d(Var x, Pool2dOptions options, Location at) {
  return add_op(MaxPool2d{{std::move(options)}}, {x}, at);
}
Var avg_pool2d(Var x, Pool2dOptions options, bool counts_padding, Location at) {
  return add_op(AvgPool2d{{std::move(options)}, counts_padding}, {x}, at);
}

}  // namespace chainrule
