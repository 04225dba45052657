#include "chainrule/kernels/vector_math.h"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "tests/kernels/targets.h"

namespace chainrule::kernels {
namespace {

using Function = long double (*)(long double);

long double exact_exp(long double x) { return std::exp(x); }
long double exact_tanh(long double x) { return std::tanh(x); }
long double exact_sigmoid(long double x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}

/// Distance from the exact value in units of the last place of the result.
template <class T>
double ulps(T got, long double exact) {
  const T rounded = static_cast<T>(exact);
  if (got == rounded) return 0;
  if (!std::isfinite(got) || !std::isfinite(rounded)) return 1e9;
  const T next = std::nextafter(std::abs(rounded), std::numeric_limits<T>::infinity());
  const long double unit =
      static_cast<long double>(next) - std::abs(static_cast<long double>(rounded));
  return static_cast<double>(std::abs(static_cast<long double>(got) - exact) / unit);
}

/// Every 4,093rd float, and doubles of every exponent: the whole range, both signs.
std::vector<float> whole_range(float) {
  std::vector<float> x;
  for (std::uint64_t bits = 0; bits <= 0x7f800000; bits += 4093) {
    const auto v = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    x.push_back(v), x.push_back(-v);
  }
  return x;
}
std::vector<double> whole_range(double) {
  std::vector<double> x;
  for (int e = -1074; e < 1024; ++e)
    for (int k = 0; k < 16; ++k) x.push_back(std::ldexp(1 + k / 16.03, e)), x.push_back(-x.back());
  for (double v = -760; v < 760; v += 0.0137) x.push_back(v);
  return x;
}

template <class T>
void within(void (*f)(const T*, T*, Index), Function exact, double bound, long double least) {
  std::vector<T> x = whole_range(T{}), y(x.size());
  f(x.data(), y.data(), static_cast<Index>(x.size()));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double e = exact(static_cast<long double>(x[i]));
    if (std::abs(e) < least) continue;
    ASSERT_LE(ulps(y[i], e), bound) << "at " << x[i] << ": " << y[i] << ", exact " << e;
  }
}

template <class T>
void check_all() {
  within<T>(exp<T>, exact_exp, 2, 0);
  within<T>(tanh<T>, exact_tanh, 3, 0);
  within<T>(sigmoid<T>, exact_sigmoid, 4, std::numeric_limits<T>::min());

  const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  const T x[] = {inf, -inf, nan, 0, -T{0}};
  T y[5];
  exp(x, y, 5);
  EXPECT_EQ(y[0], inf);
  EXPECT_EQ(y[1], 0);
  EXPECT_TRUE(std::isnan(y[2]));
  EXPECT_EQ(y[3], 1);
  tanh(x, y, 5);
  EXPECT_EQ(y[0], 1);
  EXPECT_EQ(y[1], -1);
  EXPECT_TRUE(std::isnan(y[2]));
  EXPECT_TRUE(std::signbit(y[4]));
  sigmoid(x, y, 5);
  EXPECT_EQ(y[0], 1);
  EXPECT_EQ(y[1], 0);
  EXPECT_TRUE(std::isnan(y[2]));
  EXPECT_EQ(y[3], T{0.5});
}

TEST(VectorMath, StaysWithinItsErrorBoundsInFloat) { testing::for_each_target(check_all<float>); }
TEST(VectorMath, StaysWithinItsErrorBoundsInDouble) { testing::for_each_target(check_all<double>); }

TEST(VectorMath, AnyLengthInPlace) {
  testing::for_each_target([] {
    for (Index n = 0; n < 70; ++n) {
      std::vector<float> x(static_cast<std::size_t>(n) + 3, 1.0f);
      exp(x.data(), x.data(), n);
      for (Index i = 0; i < n + 3; ++i)
        EXPECT_FLOAT_EQ(x[static_cast<std::size_t>(i)], i < n ? 2.7182818f : 1.0f);
    }
  });
}

}  // namespace
}  // namespace chainrule::kernels
