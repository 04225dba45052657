#include "chainrule/data/table.h"

#include <gtest/gtest.h>

#include "tests/data/errors.h"
#include "tests/data/files.h"

namespace chainrule::testing {
namespace {

using data::Cell;
using data::Table;

using Cells = std::vector<std::vector<std::string>>;

Cells cells(const Table& t) {
  Cells all{t.header};
  for (Index r = 0; r < t.rows(); ++r) {
    all.emplace_back();
    for (Index c = 0; c < t.columns(); ++c) all.back().emplace_back(t.cell(r, c));
  }
  return all;
}

Cells parse(std::string_view text) { return cells(data::parse_csv(text, "t.csv")); }

TEST(Table, ReadsPlainCells) {
  const Cells expected{{"a", "b"}, {"1", "x y"}, {"", "2"}};
  EXPECT_EQ(parse("a,b\n1,x y\n,2\n"), expected);
  EXPECT_EQ(parse("a,b\n1,x y\n,2"), expected);
  EXPECT_EQ(parse("a,b\r\n1,x y\r\n,2\r\n"), expected);
  EXPECT_EQ(parse("a,b\r1,x y\r,2\r"), expected);
  EXPECT_EQ(parse("\xef\xbb\xbf\n a ,\tb\n\n1,x y \n  \n , 2\n\n"), expected);
  EXPECT_EQ(parse("a;b\n1;x y\n;2\n"), expected);
  EXPECT_EQ(parse("a\tb\n1\tx y\n\t2\n"), expected);
  EXPECT_EQ(parse("a\n1\n"), (Cells{{"a"}, {"1"}}));
  EXPECT_EQ(parse("a;b,c;d\n1;2,5;3\n"), (Cells{{"a", "b,c", "d"}, {"1", "2,5", "3"}}));
  EXPECT_EQ(parse("a;b\n1,2,3;4\n"), (Cells{{"a", "b"}, {"1,2,3", "4"}}));
  EXPECT_EQ(parse(",b\n1,2\n"), (Cells{{"(column 1)", "b"}, {"1", "2"}}));
}

TEST(Table, ReadsQuotedCells) {
  EXPECT_EQ(parse("\"a,1\",\"b\"\n\"say \"\"hi\"\"\", \" two\nlines \" \n\"\",x\"y\n"),
            (Cells{{"a,1", "b"}, {"say \"hi\"", " two\nlines "}, {"", "x\"y"}}));
  EXPECT_EQ(parse("\"a;b;c\",d\n1,2\n"), (Cells{{"a;b;c", "d"}, {"1", "2"}}));
}

TEST(Table, KnowsTheLineOfEachRow) {
  const Table t = data::parse_csv("a,b\n\n1,\"x\ny\"\n2,z\n", "t");
  EXPECT_EQ(t.line(0), 3);
  EXPECT_EQ(t.line(1), 5);
}

TEST(Table, RefusesWithASentence) {
  const auto refused = [](std::string_view text, const char* says) {
    expect_error<DataError>([&] { parse(text); }, says);
  };
  refused("", "t.csv: the file is empty");
  refused("\n \n", "t.csv: the file is empty");
  refused("a,b\n", "t.csv: no rows below the header");
  refused("a,b\n1,2\n3\n", "t.csv: line 3 has 1 fields, the header has 2");
  refused("a,b\n1,\"2\n2\"\n3,4,5\n", "line 4 has 3 fields, the header has 2");
  refused("a,a\n1,2\n", "two columns are called 'a'");
  refused("5.1,5.1\n1,2\n", "two columns are called '5.1' (is the line of column names missing?)");
  refused("a,b\n1,\"2\n", "line 2 opens a quote that is never closed");
  refused("a,b\n\"1\"x,2\n", "line 2 has text after the closing quote");
  refused(std::string_view("a,b\n1,\0\n", 8), "line 2 holds a zero byte");
  refused("\xff\xfe a", "UTF-16");
  refused("a\n" + std::string(data::kMaxCell + 1, 'x'),
          "line 2 has a field longer than 65,536 bytes");
  refused("a\n\"" + std::string(data::kMaxCell + 9, 'x'), "(is a quote not closed?)");
  refused(std::string(data::kMaxColumns, ',') + "\n1", "has more than 65,536 fields, the limit");
}

TEST(Table, FindsColumns) {
  const Table t = data::parse_csv("sepal_length,species\n1,2\n", "t.csv");
  EXPECT_EQ(t.find("species"), 1);
  expect_error<DataError>([&] { t.find("specie"); },
                          "t.csv: no column is called 'specie' (did you mean 'species'?)");
  expect_error<DataError>([&] { t.find("x"); }, "the columns are 'sepal_length', 'species'");
}

TEST(Table, ReadsFiles) {
  const Folder folder;
  const std::string text = "a,b\n1,2\n";
  EXPECT_EQ(cells(data::read_csv(folder.write("x.csv", text))), parse(text));
  EXPECT_EQ(cells(data::read_csv(folder.write("x.gz", gzip({text.begin(), text.end()})))),
            parse(text));
  expect_error<DataError>([&] { data::read_csv(folder.path() / "no.csv"); }, "cannot be read");
}

TEST(Table, UnderstandsCells) {
  const auto number = [](std::string_view text, double value) {
    EXPECT_EQ(data::read_cell(text).kind, Cell::number) << text;
    EXPECT_EQ(data::read_cell(text).value, value) << text;
  };
  number("0", 0), number("-1.5", -1.5), number("+2", 2), number("1e3", 1000), number(".5", 0.5);
  number("1e-999", 0), number("3.4e38", 3.4e38);
  for (const char* text : {"", "NA", "n/a", "NaN", "nan", "NULL", "?"})
    EXPECT_EQ(data::read_cell(text).kind, Cell::missing) << text;
  for (const char* text : {"inf", "-inf", "Infinity", "1e999", "-1e39"})
    EXPECT_EQ(data::read_cell(text).kind, Cell::infinite) << text;
  for (const char* text : {"a", "1x", "1 2", "1,5", "+-1", "+", "-", "--1", "0x10", "nah", "1e"})
    EXPECT_EQ(data::read_cell(text).kind, Cell::text) << text;
}

TEST(Table, ShowsCells) {
  EXPECT_EQ(data::shown("ab"), "'ab'");
  EXPECT_EQ(data::shown("a\nb\tc"), "'a?b?c'");
  EXPECT_EQ(data::shown(std::string(50, 'x')), "'" + std::string(40, 'x') + "...'");
}

TEST(Table, SurvivesAnyDamage) {
  const std::string_view text =
      "a,\"b\nb\",c\r\n1,\"x \"\"y\"\"\",\n2.5e3,\"\",z\n\n-1,\"two\nlines\",?\n";
  torture({text.begin(), text.end()}, 4000, [](const data::Bytes& b) {
    data::parse_csv({reinterpret_cast<const char*>(b.data()), b.size()}, "t");
  });
}

}  // namespace
}  // namespace chainrule::testing
