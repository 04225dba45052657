// Arrays as text.
#include "chainrule/explain/array_text.h"

#include <gtest/gtest.h>
#include <numeric>
#include <vector>

namespace chainrule::testing {
namespace {

TEST(ArrayText, SmallArraysAreWhole) {
  const std::vector<double> v = {1, 2, -3, 4};
  EXPECT_EQ(array_text(v, std::vector<Index>{2, 2}), "[[ 1  2]\n [-3  4]]");
  EXPECT_EQ(array_text(v, std::vector<Index>{4}), "[ 1  2 -3  4]");
  EXPECT_EQ(array_text(v, std::vector<Index>{2, 1, 2}), "[[[ 1  2]]\n\n [[-3  4]]]");
  EXPECT_EQ(array_text(std::vector<double>{2.5}, std::vector<Index>{}), "2.5");
}

TEST(ArrayText, LargeArraysAreShortened) {
  std::vector<double> v(50 * 40);
  std::iota(v.begin(), v.end(), 0.0);
  const std::string text = array_text(v, std::vector<Index>{50, 40});
  EXPECT_TRUE(text.starts_with("[[   0    1    2 …   37   38   39]\n [  40")) << text;
  EXPECT_TRUE(text.ends_with("1999]]")) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 6);
}

}  // namespace
}  // namespace chainrule::testing
