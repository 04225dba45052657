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

Cells parse(std::string_view text) { return cells(data::parse_table(text, "t.csv")); }

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
  EXPECT_EQ(parse(",b\n1,2\n"), (Cells{{"column1", "b"}, {"1", "2"}}));
}

TEST(Table, ReadsQuotedCells) {
  EXPECT_EQ(parse("\"a,1\",\"b\"\n\"say \"\"hi\"\"\", \" two\nlines \" \n\"\",x\"y\n"),
            (Cells{{"a,1", "b"}, {"say \"hi\"", " two\nlines "}, {"", "x\"y"}}));
  EXPECT_EQ(parse("\"a;b;c\",d\n1,2\n"), (Cells{{"a;b;c", "d"}, {"1", "2"}}));
}

TEST(Table, KnowsTheLineOfEachRow) {
  const Table t = data::parse_table("a,b\n\n1,\"x\ny\"\n2,z\n", "t");
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
  refused("a,b\n1,2\n3\n", "t.csv: line 3 has 1 field, line 1 has 2 (comma, header, UTF-8)");
  refused("a,b\n1,\"2\n2\"\n3,4,5\n", "line 4 has 3 fields, line 1 has 2");
  refused("a,a\n1,2\n", "two columns are called 'a'");
  refused("a,b\n1,\"2\n", "line 2 opens a quote that is never closed");
  refused("a,b\n\"1\"x,2\n", "line 2 has text after the closing quote");
  refused(std::string_view("a,b\n1,\0\n", 8), "line 2 holds a zero byte");
  refused("a\n" + std::string(data::kMaxCell + 1, 'x'),
          "line 2 has a field longer than 65,536 bytes");
  refused("a\n\"" + std::string(data::kMaxCell + 9, 'x'), "(is a quote not closed?)");
  refused(std::string(data::kMaxColumns, ',') + "\n1", "has more than 65,536 fields, the limit");
}

TEST(Table, FindsColumns) {
  const Table t = data::parse_table("sepal_length,species\n1,2\n", "t.csv");
  EXPECT_EQ(t.find("species"), 1);
  expect_error<DataError>([&] { t.find("specie"); },
                          "t.csv: no column is called 'specie' (did you mean 'species'?)");
  expect_error<DataError>([&] { t.find("x"); }, "the columns are 'sepal_length', 'species'");
}

TEST(Table, TakesColumnsByNameNumberAndPattern) {
  const Table t = data::parse_table("id,x_1,x_2,7,\"a,b\"\n1,2,3,4,5\n", "t.csv", {.header = true});
  EXPECT_EQ(t.column("x_2"), 2);
  EXPECT_EQ(t.column("2"), 1);
  EXPECT_EQ(t.column("-1"), 4);
  EXPECT_EQ(t.column("7"), 3) << "a name goes before a number";
  const auto chosen = [&](std::string_view words) { return t.select(words); };
  EXPECT_EQ(chosen("x_*"), (std::vector<Index>{1, 2}));
  EXPECT_EQ(chosen("-1, id,x_?"), (std::vector<Index>{0, 1, 2, 4}));
  EXPECT_EQ(chosen("a,b"), (std::vector<Index>{4}));
  for (const char* word : {"0", "6", "-6"})
    expect_error<DataError>([&] { t.column(word); }, "there are 5, counted from 1");
  expect_error<DataError>([&] { t.select("id,z*"); }, "no column is called 'z*'");
  expect_error<DataError>([&] { t.select("id,"); }, "no column is called ''");
}

TEST(Table, LosesNoRowWithoutHeader) {
  const auto has_header = [](std::string_view text, Index rows) {
    const Table t = data::parse_table(text, "t.csv");
    EXPECT_EQ(t.rows(), rows) << text;
    EXPECT_EQ(t.header[0] != "column1", t.dialect.header) << text;
    return t.dialect.header;
  };
  EXPECT_FALSE(has_header("5.1,3.5,setosa\n4.9,3.0,setosa\n6.3,3.3,virginica\n", 3));
  EXPECT_FALSE(has_header("1,2\n", 1));
  EXPECT_FALSE(has_header("low,2,bad\nlow,4,good\nhigh,more,bad\nlow,4,bad\n", 4));
  EXPECT_FALSE(has_header("?,2,3\n4,5,6\n", 2));
  EXPECT_TRUE(has_header("a,b\n1,2\n", 1));
  EXPECT_TRUE(has_header("x,2015\n1,2\n", 1));
  EXPECT_TRUE(has_header("buying,doors\nlow,two\nlow,four\nhigh,two\nhigh,four\n", 4));
  EXPECT_TRUE(has_header("name,note\nAnn,tall\nBob,small\n", 2));
  const Table counted = data::parse_table(",0,1\n0,2.5,3\n1,4.5,5\n", "t.csv");
  EXPECT_EQ(counted.header, (std::vector<std::string>{"column1", "0", "1"}));
  EXPECT_TRUE(counted.unnamed(0));
  EXPECT_FALSE(counted.unnamed(1));
  EXPECT_EQ(data::parse_table("a,b\n1,2\n", "t", {.header = false}).rows(), 2);
  EXPECT_EQ(data::parse_table("1,2\n3,4\n", "t", {.header = true}).header[1], "2");
  // A model knows better than one row can tell.
  EXPECT_EQ(data::parse_table("2,3\n3,4\n", "t", {.known = {"2", "y"}}).header[1], "3");
  EXPECT_EQ(data::parse_table("a,b\n", "t", {.known = {"column1", "column2"}}).rows(), 1);
}

TEST(Table, ReadsRowNamesAndDelimitersAtTheEnd) {
  EXPECT_EQ(parse("x y\nfirst 1 a\nsecond 2 b\n"),
            (Cells{{"column1", "x", "y"}, {"first", "1", "a"}, {"second", "2", "b"}}));
  EXPECT_EQ(parse("x,y\n1,a,\n2,b,\n"), (Cells{{"x", "y"}, {"1", "a"}, {"2", "b"}}));
  EXPECT_EQ(parse("x,y,\n1,a,\n2,b,\n"), (Cells{{"x", "y"}, {"1", "a"}, {"2", "b"}}));
  EXPECT_EQ(parse("x,y,\n1,a,\n2,b,c\n"),
            (Cells{{"x", "y", "column3"}, {"1", "a", ""}, {"2", "b", "c"}}));
  EXPECT_EQ(data::parse_table("x,y,\n1,a,\n", "t").how(),
            "comma, header, UTF-8, without an empty last column");
}

TEST(Table, KnowsWhatIsMissing) {
  const auto kinds = [](const Table& t, Index column) {
    std::string all;
    for (Index r = 0; r < t.rows(); ++r) all += "mnit"[t.read(r, column).kind];
    return all;
  };
  const std::string text = "age,sign,size\n-1,-,1\n5,+,-\n7.0,none,None\n,-,.\n#N/A,+,<NA>\n";
  Table t = data::parse_table(text, "t.csv", {.missing = {"age=-1.0", "7"}});
  EXPECT_EQ(kinds(t, 0), "mnmmm");
  EXPECT_EQ(kinds(t, 1), "ttttt") << "a dash may be a category";
  EXPECT_EQ(kinds(t, 2), "nmmmm");
  EXPECT_EQ(t.missing(0), (std::vector<std::string>{"-1.0", "7"}));
  EXPECT_EQ(t.missing(2), (std::vector<std::string>{"7"}));
  t.set_kind(1, data::ColumnKind::number);
  EXPECT_EQ(kinds(t, 1), "mtmmt");
  expect_error<DataError>([&] { data::parse_table(text, "t", {.missing = {"agee=1"}}); },
                          "no column is called 'agee' (did you mean 'age'?)");
}

TEST(Table, ReadsFiles) {
  const Folder folder;
  const std::string text = "a,b\n1,2\n";
  EXPECT_EQ(cells(data::read_table(folder.write("x.csv", text))), parse(text));
  EXPECT_EQ(cells(data::read_table(folder.write("x.gz", gzip({text.begin(), text.end()})))),
            parse(text));
  expect_error<DataError>([&] { data::read_table(folder.path() / "no.csv"); }, "cannot be read");
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

TEST(Table, UnderstandsDecimalCommas) {
  const auto number = [](std::string_view text, double value) {
    EXPECT_EQ(data::read_cell(text, ',').kind, Cell::number) << text;
    EXPECT_EQ(data::read_cell(text, ',').value, value) << text;
  };
  number("1,5", 1.5), number("-0,25", -0.25), number("+1e3", 1000), number("1,5e2", 150);
  number("1.234,5", 1234.5), number("-12.345.678", -12345678), number("1.5", 1.5);
  for (const char* text : {"1,2,3", "1,2.3", "a,b", "01.02.2024", ","})
    EXPECT_EQ(data::read_cell(text, ',').kind, Cell::text) << text;
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
    data::parse_table({reinterpret_cast<const char*>(b.data()), b.size()}, "t");
  });
}

}  // namespace
}  // namespace chainrule::testing
