#include "chainrule/data/encoding.h"

#include <gtest/gtest.h>

#include "tests/data/errors.h"

namespace chainrule::testing {
namespace {

using namespace std::string_view_literals;
using data::Encoding;

std::string decoded(std::string_view bytes) {
  std::string room;
  return std::string(data::to_utf8(bytes, data::find_encoding(bytes, "t"), "t", room));
}

std::string utf16(std::u16string_view text, bool big_endian, bool mark) {
  std::string bytes;
  const auto put = [&](char16_t c) {
    const char low = static_cast<char>(c & 0xff), high = static_cast<char>(c >> 8);
    bytes += big_endian ? high : low;
    bytes += big_endian ? low : high;
  };
  if (mark) put(0xfeff);
  for (const char16_t c : text) put(c);
  return bytes;
}

TEST(Encoding, FindsAndDecodes) {
  EXPECT_EQ(decoded("a,\xc3\xbc\n"), "a,ü\n");
  EXPECT_EQ(decoded("\xef\xbb\xbf"
                    "a"),
            "a");
  EXPECT_EQ(decoded(""), "");
  EXPECT_EQ(decoded("M\xfcller \x80 \x96"), "Müller € –");
  for (const bool big : {false, true})
    for (const bool mark : {false, true})
      EXPECT_EQ(decoded(utf16(u"x;größe\n1;😀 2\n", big, mark)), "x;größe\n1;😀 2\n") << big << mark;
  EXPECT_EQ(data::find_encoding("\xff\xfe"
                                "a\0"sv,
                                "t"),
            Encoding::utf16_le);
  EXPECT_EQ(data::find_encoding("\xe9,1\n", "t"), Encoding::windows_1252);
}

TEST(Encoding, IsTold) {
  std::string room;
  EXPECT_EQ(data::to_utf8("\x80", Encoding::latin_1, "t", room), "\xc2\x80");
  EXPECT_EQ(data::to_utf8("\xc3\xbc", Encoding::windows_1252, "t", room), "Ã¼");
  EXPECT_EQ(data::parse_encoding("UTF-8"), Encoding::utf8);
  EXPECT_EQ(data::parse_encoding("ISO-8859-1"), Encoding::latin_1);
  EXPECT_EQ(data::parse_encoding("cp1252"), Encoding::windows_1252);
  expect_error<Error>([] { data::parse_encoding("klingon"); }, "not 'klingon'");
}

TEST(Encoding, RefusesWithASentence) {
  const auto refused = [](std::string_view bytes, const char* says) {
    expect_error<DataError>([&] { decoded(bytes); }, says);
  };
  refused("\xff\xfe\0\0a\0\0\0"sv, "UTF-32");
  refused("a,b\n1,\0\n"sv, "line 2 holds a zero byte");
  refused("ü,ö,ä\n\xfc,1\n", "line 2 holds the byte 0xfc, which is no UTF-8");
  refused(
      "\xef\xbb\xbf"
      "a\n\xfc",
      "line 2 holds the byte 0xfc");
  refused(
      "\xff\xfe"
      "a\0b"sv,
      "half a character is missing");
  refused(
      "\xff\xfe"
      "a\0\n\0\x00\xd8"sv,
      "line 2 holds half a character");
  std::string room;
  expect_error<DataError>([&] { data::to_utf8("a\xe9", Encoding::utf8, "t", room); },
                          "line 1 holds the byte 0xe9");
  for (const char* bad : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3"})
    EXPECT_EQ(data::find_encoding(bad, "t"), Encoding::windows_1252) << bad;
}

}  // namespace
}  // namespace chainrule::testing
