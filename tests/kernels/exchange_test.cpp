#include "chainrule/kernels/exchange.h"

#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "chainrule/core/random.h"
#include "chainrule/core/tensor.h"
#include "tests/kernels/targets.h"

namespace chainrule::kernels {
namespace {

template <class T>
T far_apart(Random& random) {
  return static_cast<T>((random.uniform() - 0.5) * std::exp(40 * random.uniform()));
}

// Terms of such different sizes that another order, or a sum in float, has other bits.
template <class T>
void check_order_of_terms() {
  for (const int count : {1, 2, 3, 5})
    for (const Index n : {0, 1, 7, 16, 31, 32, 33, 100}) {
      std::vector<std::vector<T>> terms(static_cast<std::size_t>(count));
      std::vector<const std::byte*> places;
      for (std::size_t r = 0; r < terms.size(); ++r) {
        Random random(5, r);
        for (Index i = 0; i <= n; ++i) terms[r].push_back(far_apart<T>(random));
        places.push_back(reinterpret_cast<const std::byte*>(terms[r].data()));
      }
      std::vector<T> expected = terms.back();  // what lies behind the n elements stays
      for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
        double sum = static_cast<double>(terms[0][i]);
        for (std::size_t r = 1; r < terms.size(); ++r) sum += static_cast<double>(terms[r][i]);
        expected[i] = static_cast<T>(sum);
      }
      sum_terms(places.data(), count, n, terms.back().data());
      EXPECT_EQ(terms.back(), expected) << count << " terms of " << n;
    }
}

TEST(ExchangeKernels, AddsInTheOrderOfTheTermsInDouble) {
  testing::for_each_target([] {
    check_order_of_terms<float>();
    check_order_of_terms<double>();
  });
}

// In memory that is aligned and not, and with as much behind it that must stay.
template <class T>
void check_replaced() {
  for (const int count : {1, 2, 3, 5})
    for (const Index n : {0, 1, 15, 16, 17, 31, 64, 100, 512, 1300})
      for (const Index shift : {0, 1}) {
        std::vector<Buffer<T>> terms;
        std::vector<std::byte*> places;
        std::vector<double> sums(static_cast<std::size_t>(n), 0.0);
        for (int r = 0; r < count; ++r) {
          Random random(6, static_cast<std::uint64_t>(r));
          const Buffer<T>& term = terms.emplace_back(n + 2);
          for (T& x : term) x = far_apart<T>(random);
          for (Index i = 0; i < n; ++i)
            sums[static_cast<std::size_t>(i)] += static_cast<double>(term[shift + i]);
          places.push_back(reinterpret_cast<std::byte*>(term.data() + shift));
        }
        std::vector<Buffer<T>> before;
        for (const Buffer<T>& term : terms) before.push_back(term.clone());
        EXPECT_TRUE(replace_by_sum<T>(places.data(), count, count - 1, n));
        for (std::size_t r = 0; r < terms.size(); ++r)
          for (Index i = 0; i < n + 2; ++i) {
            const bool replaced = i >= shift && i < shift + n;
            const T expected =
                replaced ? static_cast<T>(sums[static_cast<std::size_t>(i - shift)]) : before[r][i];
            ASSERT_EQ(terms[r][i], expected) << count << " terms of " << n << ", " << i;
          }
      }
}

template <class T>
void check_finite() {
  using Limits = std::numeric_limits<T>;
  for (const Index n : {37, 600})
    for (Index i = 0; i < n; ++i)
      for (const T bad :
           {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(), Limits::max()}) {
        const Buffer<T> a(n), b(n);
        a[i] = b[i] = bad;
        const std::array<std::byte*, 2> places = {reinterpret_cast<std::byte*>(a.data()),
                                                  reinterpret_cast<std::byte*>(b.data())};
        EXPECT_FALSE(replace_by_sum<T>(places.data(), 2, 0, n)) << bad << " at " << i;
        EXPECT_FALSE(std::isfinite(a[i]) || std::isfinite(b[i])) << bad << " at " << i;
      }
}

TEST(ExchangeKernels, PutsTheSumIntoThePlaceOfEachTerm) {
  testing::for_each_target([] {
    check_replaced<float>();
    check_replaced<double>();
  });
}

// Twice the largest number is infinite.
TEST(ExchangeKernels, TellsWhetherSumsAreFinite) {
  testing::for_each_target([] {
    check_finite<float>();
    check_finite<double>();
  });
}

TEST(ExchangeKernels, CopyWhatIsAskedForAndNoMore) {
  testing::for_each_target([] {
    for (const Index bytes : {0, 1, 4, 63, 64, 65, 200, 1000}) {
      const Buffer<std::byte> from(1001), to(1001);
      for (Index i = 0; i < from.size(); ++i) from[i] = static_cast<std::byte>(i % 251 + 1);
      copy_to_memory(from.data() + 1, bytes, to.data());
      for (Index i = 0; i < bytes; ++i) ASSERT_EQ(to[i], from[i + 1]) << i << " of " << bytes;
      EXPECT_EQ(to[bytes], std::byte{0}) << bytes;
    }
  });
}

}  // namespace
}  // namespace chainrule::kernels
