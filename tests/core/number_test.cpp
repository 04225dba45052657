#include "chainrule/core/number.h"

#include <cmath>
#include <gtest/gtest.h>
#include <string>

namespace chainrule {
namespace {

struct Read {
  std::errc error;
  std::size_t length;
  double value;
};

Read read(const std::string& text) {
  double value = -7;
  const auto [end, error] = read_number(text.data(), text.data() + text.size(), value);
  return {error, static_cast<std::size_t>(end - text.data()), value};
}

TEST(Number, IsReadAsFarAsItGoes) {
  EXPECT_EQ(read("0.1").value, 0.1);
  EXPECT_EQ(read("-2.5e-3").value, -0.0025);
  EXPECT_EQ(read("5e-324").value, 5e-324);
  EXPECT_EQ(read("12,5").length, 2U);
  EXPECT_EQ(read("1e5x").length, 3U);
  EXPECT_EQ(read("0x10").length, 1U);
  EXPECT_TRUE(std::isinf(read("-inf").value));
  EXPECT_TRUE(std::isnan(read("nan").value));
}

TEST(Number, OrIsNone) {
  for (const char* text : {"", "+1", " 1", "-", "x", "e5", "-+1", "."})
    EXPECT_EQ(read(text).error, std::errc::invalid_argument) << text;
  for (const char* text : {"1e999", "-1e999", "1e-999"}) {
    EXPECT_EQ(read(text).error, std::errc::result_out_of_range) << text;
    EXPECT_EQ(read(text).value, -7) << text;
  }
}

}  // namespace
}  // namespace chainrule
