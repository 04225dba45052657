#include "chainrule/kernels/conv2d.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <string>
#include <vector>

#include "chainrule/core/random.h"
#include "tests/kernels/targets.h"

namespace chainrule::kernels {
namespace {

struct ConvCase {
  Convolution s;
  Index pictures;
};

Convolution sized(Convolution s, const Convolution::Pair& after) {
  for (std::size_t i = 0; i < 2; ++i)
    s.out[i] =
        (s.in[i] + s.before[i] + after[i] - (s.kernel[i] - 1) * s.dilation[i] - 1) / s.stride[i] +
        1;
  return s;
}

/// Edges: one pixel, one channel, a filter as large as the picture, strides that leave pixels out
/// or that no tap meets, padding wider than the filter, more filters or channels than a panel has
/// columns, more rows than a tile, groups, channels alone, batches from one to more than the parts,
/// so many weights that their gradient is cut in blocks.
std::vector<ConvCase> conv_cases() {
  using C = Convolution;
  return {
      {sized(C{{1, 1}, 1, {}, 1, {1, 1}, {1, 1}, {0, 0}, {1, 1}, 1}, {0, 0}), 1},
      {sized(C{{5, 4}, 1, {}, 3, {3, 2}, {1, 1}, {0, 0}, {1, 1}, 1}, {0, 0}), 3},
      {sized(C{{28, 28}, 1, {}, 6, {5, 5}, {1, 1}, {2, 2}, {1, 1}, 1}, {2, 2}), 2},
      {sized(C{{14, 14}, 6, {}, 16, {5, 5}, {1, 1}, {0, 0}, {1, 1}, 1}, {0, 0}), 5},
      {sized(C{{7, 9}, 3, {}, 70, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1}, {1, 1}), 2},
      {sized(C{{6, 7}, 40, {}, 33, {1, 1}, {1, 1}, {0, 0}, {1, 1}, 1}, {0, 0}), 2},
      {sized(C{{9, 8}, 35, {}, 5, {2, 3}, {2, 3}, {1, 0}, {1, 1}, 1}, {0, 2}), 4},
      {sized(C{{9, 9}, 2, {}, 3, {2, 2}, {3, 4}, {0, 1}, {1, 1}, 1}, {0, 0}), 2},
      {sized(C{{11, 10}, 4, {}, 6, {3, 3}, {2, 1}, {2, 3}, {2, 3}, 2}, {1, 3}), 3},
      {sized(C{{8, 8}, 5, {}, 5, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 5}, {1, 1}), 2},
      {sized(C{{4, 4}, 6, {}, 12, {4, 4}, {1, 1}, {0, 0}, {1, 1}, 3}, {0, 0}), 1},
      {sized(C{{3, 3}, 2, {}, 2, {1, 1}, {1, 1}, {2, 2}, {1, 1}, 1}, {2, 2}), 2},
      {sized(C{{1, 30}, 2, {}, 4, {1, 5}, {1, 2}, {0, 4}, {1, 2}, 1}, {0, 0}), 19},
      {sized(C{{1, 1}, 300, {}, 450, {1, 1}, {1, 1}, {0, 0}, {1, 1}, 1}, {0, 0}), 17},
  };
}

template <class T>
std::vector<T> drawn(Index size, std::uint64_t stream) {
  Random random(3, stream);
  std::vector<T> v(static_cast<std::size_t>(size));
  for (T& x : v) x = static_cast<T>(random.uniform(-1, 1));
  return v;
}

constexpr Index kGuard = 40;

/// All results of the three passes one after the other, each with a guard behind it.
template <class T>
struct Results {
  Results(const ConvCase& c, Write write)
      : y(static_cast<std::size_t>(c.pictures * c.s.out_size() + kGuard), T{7}),
        dx(drawn<T>(c.pictures * c.s.in_size() + kGuard, 5)),
        dw(drawn<T>(c.s.weights() + kGuard, 6)),
        db(drawn<T>(c.s.filters + kGuard, 7)) {
    if (write == Write::assign)  // what is overwritten must not matter
      for (auto* v : {&dx, &dw, &db})
        std::fill(v->begin(), v->end() - kGuard, std::numeric_limits<T>::quiet_NaN());
  }
  std::vector<T> y, dx, dw, db;
};

template <class T>
void expect_close(const std::vector<T>& got, const std::vector<T>& expected, double tolerance,
                  const char* what) {
  double scale = 1;
  for (const T v : expected) scale = std::max(scale, std::abs(static_cast<double>(v)));
  for (std::size_t i = 0; i < expected.size(); ++i)
    ASSERT_NEAR(got[i], expected[i], tolerance * scale) << what << " element " << i;
}

template <class T>
void convolution_agrees() {
  ThreadPool one(1), three(3);
  three.set_fine(true);
  for (const ConvCase& c : conv_cases())
    for (const Write write : {Write::assign, Write::add}) {
      const Convolution& s = c.s;
      SCOPED_TRACE(::testing::Message()
                   << s.in[0] << "x" << s.in[1] << "x" << s.channels << " to " << s.filters
                   << " by " << s.kernel[0] << "x" << s.kernel[1]);
      const auto x = drawn<T>(c.pictures * s.in_size(), 1), w = drawn<T>(s.weights(), 2),
                 b = drawn<T>(s.filters, 3), dy = drawn<T>(c.pictures * s.out_size(), 4);
      Results<T> expected(c, write);
      reference::conv2d(s, c.pictures, x.data(), w.data(), b.data(), expected.y.data());
      reference::conv2d_dx(s, c.pictures, dy.data(), w.data(), expected.dx.data(), write);
      reference::conv2d_dw(s, c.pictures, x.data(), dy.data(), expected.dw.data(), write);
      if (write == Write::assign) std::fill_n(expected.db.begin(), s.filters, T{0});
      for (std::size_t i = 0; i < dy.size(); ++i)
        expected.db[i % static_cast<std::size_t>(s.filters)] += dy[i];
      const auto run = [&](ThreadPool& pool) {
        Results<T> r(c, write);
        std::vector<T> memory(static_cast<std::size_t>(conv2d_workspace(s, c.pictures)) + kGuard,
                              std::numeric_limits<T>::quiet_NaN());
        std::fill(memory.end() - kGuard, memory.end(), T{7});
        conv2d(pool, s, c.pictures, x.data(), w.data(), b.data(), r.y.data(), memory.data());
        conv2d_dx(pool, s, c.pictures, dy.data(), w.data(), r.dx.data(), write, memory.data());
        conv2d_dw(pool, s, c.pictures, x.data(), dy.data(), r.dw.data(), write, r.db.data(), write,
                  memory.data());
        EXPECT_EQ(std::vector<T>(memory.end() - kGuard, memory.end()), std::vector<T>(kGuard, 7));
        return r;
      };
      const Results<T> got = run(one), threaded = run(three);
      const double tolerance = 100 * std::numeric_limits<T>::epsilon();
      expect_close(got.y, expected.y, tolerance, "y");
      expect_close(got.dx, expected.dx, tolerance, "dx");
      expect_close(got.dw, expected.dw, tolerance, "dw");
      expect_close(got.db, expected.db, tolerance, "db");
      EXPECT_TRUE(got.y == threaded.y && got.dx == threaded.dx && got.dw == threaded.dw &&
                  got.db == threaded.db)
          << "other bits with three threads";
    }
}

TEST(Conv2dKernel, AgreesWithReferenceAndThreadsDoNotMatter) {
  testing::for_each_target([] {
    convolution_agrees<float>();
    convolution_agrees<double>();
  });
}

// Two pictures' worth of one sum: without b there are zeros instead.
TEST(Conv2dKernel, WithoutBias) {
  ThreadPool pool(1);
  const Convolution s{{1, 2}, 1, {1, 2}, 2, {1, 1}, {1, 1}, {0, 0}, {1, 1}, 1};
  std::vector<float> memory(static_cast<std::size_t>(conv2d_workspace(s, 1))), y(4, 9);
  const float x[] = {2, 3}, w[] = {10, 100};
  conv2d<float>(pool, s, 1, x, w, nullptr, y.data(), memory.data());
  EXPECT_EQ(y, (std::vector<float>{20, 200, 30, 300}));
}

}  // namespace
}  // namespace chainrule::kernels
