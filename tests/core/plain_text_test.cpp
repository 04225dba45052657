#include "chainrule/core/plain_text.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>

#include "chainrule/core/json.h"

namespace chainrule {
namespace {

TEST(PlainText, WhatCommandsOrDeceivesIsShownAsAQuestionMark) {
  EXPECT_EQ(without_controls("a\x1b[31mb\x07\n\t\x7f"), "a?[31mb????");
  EXPECT_EQ(without_controls("x\u009b31m\u0085y"), "x?31m?y");                // C1
  EXPECT_EQ(without_controls("ok\u202etxt\u2066\u200f\u061c"), "ok?txt???");  // directions
  EXPECT_EQ(without_controls("\ufefflr\u200b\u2028"), "?lr??");
  EXPECT_EQ(without_controls("\U000e0041"), "?");                              // a tag
  EXPECT_EQ(without_controls("\xff\xc2\xc2\xa0\xed\xa0\x80"), "??\u00a0???");  // not UTF-8
  const std::string fine = "Größe, 長さ, \u0645\u200d, 👩\u200d🔬 <b>&\"'";
  EXPECT_EQ(without_controls(fine), fine);
  EXPECT_TRUE(is_plain(fine));
  EXPECT_FALSE(is_plain("a\n"));
  EXPECT_EQ(lines_without_controls("a\x1b\nb\r\n"), "a?\nb?\n");
}

// No text can leave its place in JSON, and every one that is UTF-8 comes back as it was.
TEST(PlainText, JsonTakesAnyName) {
  for (const std::string& name :
       {std::string("a\x1b\n\t\"\\\r"), std::string("\u009b\u202e\ufeff\U000e0041</script>"),
        std::string(1, '\0'), std::string("=1+1")}) {
    const std::string json = json_string(name);
    for (std::size_t i = 0; i < json.size();) {
      const std::size_t size = utf8_size(std::string_view(json).substr(i));
      ASSERT_GT(size, 0u);
      EXPECT_TRUE(is_plain(std::string_view(json).substr(i, size))) << json;
      i += size;
    }
    EXPECT_EQ(nlohmann::json::parse(json).get<std::string>(), name);
  }
  EXPECT_EQ(json_string("\xff"), "\"\\ufffd\"");
}

}  // namespace
}  // namespace chainrule
