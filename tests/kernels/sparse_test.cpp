#include "chainrule/kernels/sparse.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "chainrule/core/random.h"
#include "tests/kernels/targets.h"

namespace chainrule::kernels {
namespace {

struct Sizes {
  Index m, n, k;
};

/// Edges of vectors (2 to 16 elements, 1 to 8 at a time), of packed blocks (64 to 512 steps), of
/// strips (16 rows), and of the few rows for which b is not packed.
const Sizes kSizes[] = {{2100, 3, 5}, {1, 1, 1},     {2, 3, 0},    {1, 50, 784},  {3, 17, 65},
                        {4, 16, 64},  {5, 1, 130},   {7, 33, 129}, {16, 64, 513}, {17, 8, 15},
                        {9, 43, 70},  {9, 75, 70},   {9, 90, 70},  {9, 105, 70},  {40, 130, 100},
                        {100, 10, 9}, {33, 127, 257}};

/// Random numbers, of which `density` are not zero.
template <class T>
std::vector<T> sparse_values(Index size, double density) {
  Random random(7, 1);
  std::vector<T> v(static_cast<std::size_t>(size));
  for (T& x : v) x = random.uniform() < density ? static_cast<T>(random.uniform(-1, 1)) : T{0};
  return v;
}

template <class T>
void agree_with_reference() {
  constexpr Index kGuard = 40;
  ThreadPool one(1), three(3);
  three.set_fine(true);
  const double tolerance = 4 * std::numeric_limits<T>::epsilon();
  for (const Sizes s : kSizes)
    for (const double density : {0.0, 0.2, 1.0})
      for (const bool transposed : {false, true})
        for (const Write write : {Write::assign, Write::add}) {
          const auto a = sparse_values<T>(s.m * s.k, density);
          const auto b = sparse_values<T>(s.k * s.n, 1);
          const auto before = sparse_values<T>(s.m * s.n + kGuard, 1);
          std::vector<T> expected = before, got = before;
          if (write == Write::assign)
            std::fill_n(got.begin(), s.m * s.n, std::numeric_limits<T>::quiet_NaN());
          std::vector<T> threaded = got;
          const auto plain = transposed ? reference::matmul_at<T> : reference::matmul<T>;
          const auto fast = transposed ? sparse_matmul_at<T> : sparse_matmul<T>;
          plain(s.m, s.n, s.k, a.data(), b.data(), expected.data(), write);
          fast(one, s.m, s.n, s.k, a.data(), b.data(), got.data(), write);
          fast(three, s.m, s.n, s.k, a.data(), b.data(), threaded.data(), write);
          ASSERT_EQ(std::memcmp(got.data(), threaded.data(), got.size() * sizeof(T)), 0)
              << "three threads give other bits for " << s.m << "x" << s.n << "x" << s.k;
          for (std::size_t i = 0; i < got.size(); ++i)
            ASSERT_NEAR(got[i], expected[i], tolerance * static_cast<double>(s.k + 1))
                << "element " << i << " of " << s.m << "x" << s.n << "x" << s.k
                << (transposed ? ", a transposed" : "") << ", density " << density;
        }
}

TEST(Sparse, AgreesWithReferenceInFloat) { testing::for_each_target(agree_with_reference<float>); }
TEST(Sparse, AgreesWithReferenceInDouble) {
  testing::for_each_target(agree_with_reference<double>);
}

TEST(Sparse, EverythingButZeroCounts) {
  testing::for_each_target([] {
    ThreadPool pool(1);
    constexpr float kInf = std::numeric_limits<float>::infinity();
    constexpr float kLeast = std::numeric_limits<float>::denorm_min();
    std::vector<float> a(5 * 20, -0.0f), b(20, 1.0f), c(5);
    a[3] = std::numeric_limits<float>::quiet_NaN();  // row 0
    a[25] = kInf, a[31] = -kInf;                     // row 1
    a[58] = kLeast;                                  // row 2
    a[79] = 2, b[19] = 3;                            // row 3
    b[7] = kInf;                                     // meets zeros only
    sparse_matmul(pool, 5, 1, 20, a.data(), b.data(), c.data(), Write::assign);
    EXPECT_TRUE(std::isnan(c[0]));
    EXPECT_TRUE(std::isnan(c[1]));
    EXPECT_EQ(c[2], kLeast);
    EXPECT_EQ(c[3], 6);
    EXPECT_EQ(c[4], 0);
  });
}

TEST(Sparse, IsAThirdOfASample) {
  std::vector<float> x(48 * 90);
  EXPECT_TRUE(is_sparse(x.data(), 48, 90));
  for (const Index row : {0, 12, 24, 36})  // the sample
    std::fill_n(x.begin() + row * 90, 30, std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(is_sparse(x.data(), 48, 90));
  x[80] = 1;
  EXPECT_FALSE(is_sparse(x.data(), 48, 90));
  EXPECT_TRUE(is_sparse(x.data(), 1, 93));
  EXPECT_FALSE(is_sparse(x.data(), 1, 92));
}

}  // namespace
}  // namespace chainrule::kernels
