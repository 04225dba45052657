#include "chainrule/data/arff.h"

#include <gtest/gtest.h>

#include "chainrule/data/libsvm.h"
#include "tests/data/errors.h"

namespace chainrule::testing {
namespace {

using data::ColumnKind;
using data::Table;

/// The rows of a table, cells between '|'.
std::string rows_of(const Table& t) {
  std::string all;
  for (Index r = 0; r < t.rows(); ++r) {
    for (Index c = 0; c < t.columns(); ++c) all += std::string(t.cell(r, c)) + "|";
    all += " ";
  }
  return all;
}

constexpr const char* kWeather =
    "% weather\r\n@RELATION weather\r\n\r\n@attribute 'the outlook' {sunny,'light rain'}\r\n"
    "@attribute t numeric\r\n@attribute day date \"yyyy\"\r\n@attribute play { yes, no }\r\n"
    "@data\r\nsunny, 85, \"2024\", no\r\n% out\r\n'light rain',?,'it\\'s 2025',yes\r\n";

TEST(Arff, ReadsDenseRows) {
  const Table t = data::parse_arff(kWeather, "t.arff");
  EXPECT_EQ(t.header, (std::vector<std::string>{"the outlook", "t", "day", "play"}));
  EXPECT_EQ(rows_of(t), "sunny|85|2024|no| light rain|?|it's 2025|yes| ");
  EXPECT_EQ(t.kind(0), ColumnKind::category);
  EXPECT_EQ(t.kind(1), ColumnKind::number);
  EXPECT_EQ(t.kind(2), ColumnKind::automatic);
  EXPECT_EQ(t.read(1, 1).kind, data::Cell::missing);
  EXPECT_EQ(t.line(0), 9);
  EXPECT_EQ(t.line(1), 11);
  EXPECT_EQ(t.how(), "ARFF");
  // The reader of tables recognises it.
  EXPECT_EQ(rows_of(data::parse_table(kWeather, "any name")), rows_of(t));
}

TEST(Arff, ReadsSparseRows) {
  const Table t = data::parse_arff(
      "@relation s\n@attribute x real\n@attribute c {a,'b c'}\n@attribute y integer\n@data\n"
      "{0 1.5, 1 'b c'}\n{}\n{ 2 3 }\n",
      "t");
  EXPECT_EQ(rows_of(t), "1.5|b c|0| 0|a|0| 0|a|3| ");
  EXPECT_EQ(t.how(), "ARFF, sparse");
}

TEST(Arff, RefusesWithASentence) {
  const auto refused = [](const std::string& text, const char* says) {
    expect_error<DataError>([&] { data::parse_arff(text, "t"); }, says);
  };
  const std::string head = "@relation r\n@attribute a real\n@attribute b {x,y}\n";
  refused("", "has no line @data");
  refused("@relation r\n@data\n1\n", "line 2 begins the rows, but no @attribute stands above");
  refused("@relation r\n@attribute a relational\n", "line 2 has an attribute of type 'relational'");
  refused("@relation r\n@attribute a\n", "line 2 lacks the name or the type");
  refused("@relation r\n@attribute 'a real\n", "line 2 opens a quote that is never closed");
  refused("@relation r\n@oops\n", "line 2 begins with '@oops'");
  refused(head + "@attribute a real\n@data\n1,x,2\n", "two columns are called 'a'");
  refused(head + "@data\n1,x\n1\n", "line 6 has 1 cells, but there are 2 attributes");
  refused(head + "@data\n", "no rows below the header");
  refused(head + "@data\n{2 1}\n", "line 5 names the attribute '2', expected 0 to 1");
  refused(head + "@data\n{0 1\n", "line 5 lacks the '}'");
  refused(head + "@data\n{0 1}\n1,x\n", "line 6 is no sparse row");
  std::string wide = "@relation w\n";
  for (int i = 0; i < 60'000; ++i) wide += "@attribute a" + std::to_string(i) + " real\n";
  wide += "@data\n";
  for (int i = 0; i < 1000; ++i) wide += "{}\n";
  refused(wide, "more than 4 for each byte");
}

TEST(Libsvm, ReadsSparseRows) {
  const Table t = data::parse_libsvm("1 1:0.5 3:2 # c\n\n-1 qid:3 2:1e3\r\n", "t.svm");
  EXPECT_EQ(t.header, (std::vector<std::string>{"label", "x1", "x2", "x3"}));
  EXPECT_EQ(rows_of(t), "1|0.5|0|2| -1|0|1e3|0| ");
  EXPECT_EQ(t.target, "label");
  EXPECT_EQ(t.how(), "libsvm, without query numbers");
  EXPECT_EQ(t.line(1), 3);
  EXPECT_EQ(data::parse_libsvm("1 0:2\n", "t").header[1], "x0");
  EXPECT_EQ(data::parse_libsvm("1 1:2\n", "t", {.known = {"x3", "y9"}}).columns(), 4);
  EXPECT_EQ(data::parse_table("1 1:2\n2 7:1\n", "t").columns(), 8);
  EXPECT_EQ(data::parse_table("1 1:2\n2 7:1\n", "t", {.delimiter = ' '}).columns(), 2);
}

TEST(Libsvm, RefusesWithASentence) {
  const auto refused = [](const std::string& text, const char* says) {
    expect_error<DataError>([&] { data::parse_libsvm(text, "t"); }, says);
  };
  refused("", "no rows");
  refused("1 1:2\n1 x\n", "line 2 has 'x', expected a label and pairs");
  refused("1 1:a\n", "line 1 has '1:a'");
  refused("1:2 1:2\n", "expected a label and pairs");
  refused("1 -1:2\n", "line 1 has '-1:2'");
  refused("1 3:1 3:2\n", "line 1 has the feature 3 twice");
  refused("1 70000:1\n", "the feature 70000, more than the limit of 65,536 columns");
  std::string many = "1 60000:1\n";
  for (int i = 0; i < 2000; ++i) many += "1 1:1\n";
  refused(many, "more than 4 for each byte");
}

}  // namespace
}  // namespace chainrule::testing
