#include "chainrule/kernels/update.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <utility>
#include <vector>

#include "chainrule/core/random.h"
#include "tests/kernels/targets.h"

namespace chainrule::kernels {
namespace {

template <class T>
std::vector<T> numbers(Index n, std::uint64_t stream, double low) {
  Random random(3, stream);
  std::vector<T> v(static_cast<std::size_t>(n));
  for (T& x : v) x = static_cast<T>(random.uniform(low, 1));
  return v;
}

/// Runs fast(values of w, dw, m, v, n) for lengths around those of vectors, and compares with
/// slow(w, dw, m, v) for each element in double.
template <class T, class Fast, class Slow>
void compare(Fast fast, Slow slow) {
  const double tolerance = 8 * std::numeric_limits<T>::epsilon();
  for (const Index n : {0, 1, 3, 7, 8, 15, 16, 17, 33, 70}) {
    const auto w = numbers<T>(n + 1, 1, -1), dw = numbers<T>(n + 1, 2, -1);
    const auto m = numbers<T>(n + 1, 3, -1), v = numbers<T>(n + 1, 4, 0);
    auto w2 = w, m2 = m, v2 = v;
    fast(w2.data(), dw.data(), m2.data(), v2.data(), n);
    for (std::size_t i = 0; i < w.size(); ++i) {
      double we = static_cast<double>(w[i]), me = static_cast<double>(m[i]);
      double ve = static_cast<double>(v[i]);
      if (i < static_cast<std::size_t>(n)) slow(we, static_cast<double>(dw[i]), me, ve);
      EXPECT_NEAR(w2[i], we, tolerance) << i << " of " << n;
      EXPECT_NEAR(m2[i], me, tolerance) << i << " of " << n;
      EXPECT_NEAR(v2[i], ve, tolerance) << i << " of " << n;
    }
  }
}

template <class T>
void check_updates() {
  compare<T>([](T* w, const T* dw, T*, T*, Index n) { sgd(w, dw, n, 0.25, 0.125); },
             [](double& w, double dw, double&, double&) { w -= 0.25 * (dw + 0.125 * w); });
  for (const bool nesterov : {false, true})
    compare<T>([=](T* w, const T* dw, T* b, T*,
                   Index n) { momentum(w, dw, b, n, 0.25, 0.125, 0.5, nesterov); },
               [=](double& w, double dw, double& b, double&) {
                 const double g = dw + 0.125 * w;
                 b = 0.5 * b + g;
                 w -= 0.25 * (nesterov ? g + 0.5 * b : b);
               });
  const AdamStep s{.rate = 0.25,
                   .scale = 1.5,
                   .beta1 = 0.75,
                   .beta2 = 0.875,
                   .epsilon = 0.5,
                   .decay = 0.125,
                   .keep = 0.75};
  compare<T>([=](T* w, const T* dw, T* m, T* v, Index n) { adam(w, dw, m, v, n, s); },
             [=](double& w, double dw, double& m, double& v) {
               const double g = dw + s.decay * w;
               m = s.beta1 * m + (1 - s.beta1) * g;
               v = s.beta2 * v + (1 - s.beta2) * g * g;
               w = s.keep * w - s.rate * m / (s.scale * std::sqrt(v) + s.epsilon);
             });
}

TEST(Update, AgreesWithItsFormulasInFloat) { testing::for_each_target(check_updates<float>); }
TEST(Update, AgreesWithItsFormulasInDouble) { testing::for_each_target(check_updates<double>); }

template <class T>
void check_finite() {
  using Limits = std::numeric_limits<T>;
  for (Index n = 0; n < 140; ++n) {
    std::vector<T> x(static_cast<std::size_t>(n) + 1, Limits::max());
    x.back() = Limits::infinity();
    if (n > 1) x[0] = -Limits::max(), x[1] = Limits::denorm_min();
    EXPECT_TRUE(all_finite(x.data(), n)) << n;
    for (const T bad : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()})
      for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
        const T kept = std::exchange(x[i], bad);
        EXPECT_FALSE(all_finite(x.data(), n)) << bad << " at " << i << " of " << n;
        x[i] = kept;
      }
  }
}

TEST(Update, FindsWhatIsNotFinite) {
  testing::for_each_target([] { check_finite<float>(), check_finite<double>(); });
}

}  // namespace
}  // namespace chainrule::kernels
