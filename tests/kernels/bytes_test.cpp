#include "chainrule/kernels/bytes.h"

#include <gtest/gtest.h>
#include <vector>

#include "tests/kernels/targets.h"

namespace chainrule::kernels {
namespace {

TEST(Bytes, AreDividedAndRoundedOnce) {
  testing::for_each_target([] {
    std::vector<std::uint8_t> bytes(256);
    std::vector<float> expected(257, -1), got(257, -1);
    for (std::size_t i = 0; i < 256; ++i) {
      bytes[i] = static_cast<std::uint8_t>(i);
      expected[i] = static_cast<float>(i) / 255.0f;
    }
    bytes_to_unit(bytes.data(), 256, got.data());
    EXPECT_EQ(got, expected);
  });
}

TEST(Bytes, AnyLength) {
  testing::for_each_target([] {
    const std::vector<std::uint8_t> bytes(40, 51);
    for (Index n = 0; n <= 40; ++n) {
      std::vector<float> got(42, -1), expected(42, -1);
      std::fill_n(expected.begin(), n, 0.2f);
      bytes_to_unit(bytes.data(), n, got.data());
      EXPECT_EQ(got, expected);
    }
  });
}

}  // namespace
}  // namespace chainrule::kernels
