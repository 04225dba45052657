#include "chainrule/kernels/matmul.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "chainrule/core/random.h"
#include "tests/kernels/targets.h"

namespace chainrule::kernels {
namespace {

enum class Form { plain, a_transposed, b_transposed };

struct Sizes {
  Index m, n, k;
};

/// Edges of the register tiles (6 or 12 rows, 2 to 64 columns) and of the blocks (576 rows, 256
/// steps), each with its neighbours.
const Sizes kSizes[] = {{1, 1, 1},    {1, 1, 0},      {2, 3, 0},      {1, 7, 3},     {7, 1, 5},
                        {5, 6, 7},    {6, 16, 8},     {12, 32, 4},    {11, 31, 9},   {13, 33, 10},
                        {25, 65, 17}, {100, 10, 50},  {10, 100, 255}, {64, 15, 256}, {3, 129, 257},
                        {577, 40, 9}, {253, 130, 80}, {90, 200, 400}, {37, 128, 770}};

template <class T>
std::vector<T> random_values(Index size, std::uint64_t stream) {
  Random random(7, stream);
  std::vector<T> v(static_cast<std::size_t>(size));
  for (T& x : v) x = static_cast<T>(random.uniform(-1, 1));
  return v;
}

template <class T>
void fast(Form form, ThreadPool& pool, Sizes s, const T* a, const T* b, T* c, Write write) {
  if (form == Form::plain) matmul(pool, s.m, s.n, s.k, a, b, c, write);
  if (form == Form::a_transposed) matmul_at(pool, s.m, s.n, s.k, a, b, c, write);
  if (form == Form::b_transposed) matmul_bt(pool, s.m, s.n, s.k, a, b, c, write);
}

template <class T>
void plain(Form form, Sizes s, const T* a, const T* b, T* c, Write write) {
  if (form == Form::plain) reference::matmul(s.m, s.n, s.k, a, b, c, write);
  if (form == Form::a_transposed) reference::matmul_at(s.m, s.n, s.k, a, b, c, write);
  if (form == Form::b_transposed) reference::matmul_bt(s.m, s.n, s.k, a, b, c, write);
}

template <class T>
void agree_with_reference() {
  constexpr Index kGuard = 40;
  ThreadPool one(1), three(3);
  three.set_fine(true);
  const double tolerance = 4 * std::numeric_limits<T>::epsilon();
  for (const Sizes s : kSizes)
    for (const Form form : {Form::plain, Form::a_transposed, Form::b_transposed})
      for (const Write write : {Write::assign, Write::add}) {
        const auto a = random_values<T>(s.m * s.k, 1), b = random_values<T>(s.k * s.n, 2);
        // What lies behind the result must stay; what is overwritten must not matter.
        const auto before = random_values<T>(s.m * s.n + kGuard, 3);
        std::vector<T> expected = before, got = before;
        if (write == Write::assign)
          std::fill_n(got.begin(), s.m * s.n, std::numeric_limits<T>::quiet_NaN());
        std::vector<T> threaded = got;
        plain(form, s, a.data(), b.data(), expected.data(), write);
        fast(form, one, s, a.data(), b.data(), got.data(), write);
        fast(form, three, s, a.data(), b.data(), threaded.data(), write);
        ASSERT_EQ(std::memcmp(got.data(), threaded.data(), got.size() * sizeof(T)), 0)
            << "three threads give other bits for " << s.m << "x" << s.n << "x" << s.k;
        for (std::size_t i = 0; i < got.size(); ++i)
          ASSERT_NEAR(got[i], expected[i], tolerance * static_cast<double>(s.k + 1))
              << "element " << i << " of " << s.m << "x" << s.n << "x" << s.k << ", form "
              << static_cast<int>(form);
      }
}

TEST(Matmul, AgreesWithReferenceInFloat) { testing::for_each_target(agree_with_reference<float>); }
TEST(Matmul, AgreesWithReferenceInDouble) {
  testing::for_each_target(agree_with_reference<double>);
}

TEST(Matmul, ByHand) {
  ThreadPool pool(1);
  const float a[] = {1, 2, 3, 4, 5, 6};     // [2, 3]
  const float b[] = {7, 8, 9, 10, 11, 12};  // [3, 2]
  float c[4] = {1, 1, 1, 1};
  matmul(pool, 2, 2, 3, a, b, c, Write::add);
  EXPECT_EQ(std::vector<float>(c, c + 4), (std::vector<float>{59, 65, 140, 155}));
}

TEST(Matmul, InfinityAndNanStayInTheirRowAndColumn) {
  testing::for_each_target([] {
    ThreadPool pool(1);
    constexpr Index kSize = 50;
    auto a = random_values<float>(kSize * kSize, 1), b = random_values<float>(kSize * kSize, 2);
    a[3 * kSize + 5] = std::numeric_limits<float>::infinity();
    b[7 * kSize + 9] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> c(kSize * kSize);
    matmul(pool, kSize, kSize, kSize, a.data(), b.data(), c.data(), Write::assign);
    for (Index i = 0; i < kSize; ++i)
      for (Index j = 0; j < kSize; ++j)
        EXPECT_EQ(std::isfinite(c[static_cast<std::size_t>(i * kSize + j)]), i != 3 && j != 9);
  });
}

}  // namespace
}  // namespace chainrule::kernels
