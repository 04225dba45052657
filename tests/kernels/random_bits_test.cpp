#include "chainrule/kernels/random_bits.h"

#include <gtest/gtest.h>
#include <vector>

#include "chainrule/core/random.h"
#include "tests/kernels/targets.h"

namespace chainrule::kernels {
namespace {

TEST(RandomBits, AreThoseOfPhilox) {
  testing::for_each_target([] {
    constexpr std::uint64_t kKey = 0x0123456789abcdef, kStream = 0xfedcba9876543210;
    for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{0xfffffffe}})  // carries over
      for (Index blocks = 0; blocks < 20; ++blocks) {
        std::vector<std::uint32_t> got(static_cast<std::size_t>(4 * blocks) + 1, 7), expected;
        random_bits(kKey, kStream, first, blocks, got.data());
        for (Index i = 0; i < blocks; ++i)
          for (const std::uint32_t word :
               philox(kKey, kStream, first + static_cast<std::uint64_t>(i)))
            expected.push_back(word);
        expected.push_back(7);
        EXPECT_EQ(got, expected) << blocks << " blocks";
      }
  });
}

}  // namespace
}  // namespace chainrule::kernels
