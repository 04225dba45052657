#include "chainrule/data/dialect.h"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

#include "chainrule/data/table.h"
#include "tests/data/errors.h"
#include "tests/data/files.h"

namespace chainrule::testing {
namespace {

/// How a text was read, and what became of it: cells between '|', rows on lines.
std::string reading(std::string_view text, const data::TableOptions& options = {}) {
  const data::Table t = data::parse_table(text, "t", options);
  std::string all = t.how() + ":";
  for (const std::string& name : t.header) all += name + "|";
  for (Index r = 0; r < t.rows(); ++r) {
    all += " ";
    for (Index c = 0; c < t.columns(); ++c) all += std::string(t.cell(r, c)) + "|";
  }
  return all;
}

TEST(Dialect, FindsTheDelimiter) {
  EXPECT_EQ(reading("a\tb\n1\t2\n"), "tab, header, UTF-8:a|b| 1|2|");
  EXPECT_EQ(reading("a|b\n1|2\n"), "delimiter |, header, UTF-8:a|b| 1|2|");
  EXPECT_EQ(reading("  1.0  2 3\n 4.5 5   6 \n"),
            "blanks, no header, UTF-8:column1|column2|column3|"
            " 1.0|2|3| 4.5|5|6|");
  EXPECT_EQ(reading("a b c\n1  3\n4 5 6\n"), "single blanks, header, UTF-8:a|b|c| 1||3| 4|5|6|");
  EXPECT_EQ(reading("39, State-gov, 7\n50, Self emp, 8\n"),
            "comma, no header, UTF-8:column1|column2|column3| 39|State-gov|7| 50|Self emp|8|");
  EXPECT_EQ(reading("sep=;\r\na;b,c\r\n1;2\r\n"), "semicolon, header, UTF-8:a|b,c| 1|2|");
  EXPECT_EQ(reading("sep=^\na^b\n1^2\n"), "delimiter ^, header, UTF-8:a|b| 1|2|");
  EXPECT_EQ(reading("a:b\n1:2\n", {.delimiter = ':'}), "delimiter :, header, UTF-8:a|b| 1|2|");
}

TEST(Dialect, FindsTheDecimalSign) {
  EXPECT_EQ(reading("x;y\n1,5;2\n"), "semicolon, header, UTF-8, decimal comma:x|y| 1,5|2|");
  EXPECT_EQ(reading("1,5;2,5;3,5\n4,5;5,5;6,5\n"),
            "semicolon, no header, UTF-8, decimal comma:"
            "column1|column2|column3| 1,5|2,5|3,5| 4,5|5,5|6,5|");
  EXPECT_EQ(reading("1,5 2,5\n4,5 5,5\n"),
            "blanks, no header, UTF-8, decimal comma:"
            "column1|column2| 1,5|2,5| 4,5|5,5|");
  EXPECT_EQ(reading("x,y\n\"1,5\",a\n"), "comma, header, UTF-8, decimal comma:x|y| 1,5|a|");
  EXPECT_EQ(reading("x,y\n\"1,500\",a\n"), "comma, header, UTF-8:x|y| 1,500|a|");
  EXPECT_EQ(reading("x;y\n1.234,5;a\n2.000;b\n"),
            "semicolon, header, UTF-8, decimal comma:x|y| 1.234,5|a| 2.000|b|");
  EXPECT_EQ(reading("x;y\n1,5;0.5\n"), "semicolon, header, UTF-8:x|y| 1,5|0.5|");
  EXPECT_EQ(data::parse_table("x;y\n1,5;2\n", "t").read(0, 0).value, 1.5);
}

TEST(Dialect, FindsQuotesAndEscapes) {
  EXPECT_EQ(reading("a,b\n'x,y','it''s'\n"), "comma, header, UTF-8, quotes ':a|b| x,y|it's|");
  EXPECT_EQ(reading("a,b\nO'Brien,'tis\n"), "comma, header, UTF-8:a|b| O'Brien|'tis|");
  EXPECT_EQ(reading("a,b\nx\\,y,\\\"q\\\"\n"), "comma, header, UTF-8, escapes \\:a|b| x,y|\"q\"|");
  EXPECT_EQ(reading("a,b\nC:\\dir,1\n"), "comma, header, UTF-8:a|b| C:\\dir|1|");
  EXPECT_EQ(reading("a,b\n\"x,2\n", {.quote = '\0'}),
            "comma, header, UTF-8, no quotes:a|b| \"x|2|");
}

TEST(Dialect, FindsComments) {
  EXPECT_EQ(reading("# made, by hand, today\n%a,b\n# 1,2\n3,4\n", {.comment = '#'}),
            "comma, header, UTF-8, comments #, 2 comments:%a|b| 3|4|");
  EXPECT_EQ(reading("# made by hand, today, again\na,b\n1,2\n#3,4\n5,6\n"),
            "comma, header, UTF-8, comments #, 2 comments:a|b| 1|2| 5|6|");
  EXPECT_EQ(reading("# x,y\n1,2\n3,4\n"), "comma, header, UTF-8:x|y| 1|2| 3|4|");
  EXPECT_EQ(reading("# by numpy\n# x,y\n1,2\n3,4\n"),
            "comma, header, UTF-8, comments #, 2 comments:x|y| 1|2| 3|4|");
  EXPECT_EQ(reading("#id,y\n1,2\n3,4\n"), "comma, header, UTF-8:#id|y| 1|2| 3|4|");
  EXPECT_EQ(reading("colour,y\n#ff0000,2\nred,4\n"),
            "comma, header, UTF-8:colour|y| #ff0000|2| red|4|");
}

/// Python's csv module writes a table in many dialects; a person does not say which.
TEST(Dialect, ReadsWhatPythonWrites) {
  if (std::system("python3 -c pass > /dev/null 2>&1") != 0) GTEST_SKIP() << "there is no python3";
  const Folder folder;
  const char* count = std::getenv("CHAINRULE_DIALECTS");
  const std::string script = CHAINRULE_SOURCE_DIR "/tests/data/dialects.py";
  const std::string run = "python3 '" + script + "' '" + folder.path().string() + "' " +
                          (count != nullptr ? count : "250");
  ASSERT_EQ(std::system(run.c_str()), 0);
  const auto content = [](const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    std::filesystem::path path = entry.path();
    if (path.extension() != ".csv") continue;
    ++files;
    std::string cells;
    try {
      const data::Table t = data::read_table(path);
      for (const std::string& name : t.header) cells += name + '\x1f';
      for (Index r = 0; r < t.rows(); ++r) {
        cells += '\x1e';
        for (Index c = 0; c < t.columns(); ++c) cells += std::string(t.cell(r, c)) + '\x1f';
      }
    } catch (const DataError& e) {
      cells = e.what();
    }
    EXPECT_EQ(cells + '\x1e', content(path.replace_extension(".cells")))
        << content(path.replace_extension(".how"));
  }
  EXPECT_GE(files, 100);
}

}  // namespace
}  // namespace chainrule::testing
