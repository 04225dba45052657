#include "chainrule/data/file_kind.h"

#include <gtest/gtest.h>

#include "chainrule/data/table.h"
#include "tests/data/errors.h"

namespace chainrule::testing {
namespace {

using namespace std::string_view_literals;
using data::FileKind;

std::span<const std::uint8_t> bytes_of(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

FileKind kind(std::string_view s) { return data::file_kind(bytes_of(s), "f"); }

TEST(FileKind, IsToldByTheContent) {
  EXPECT_EQ(kind("a,b\n1,2\n"), FileKind::table);
  EXPECT_EQ(kind("\xff\xfe"
                 "a\0,\0b\0\n\0"sv),
            FileKind::table);
  EXPECT_EQ(kind("M\xfcller,1\n"), FileKind::table);
  EXPECT_EQ(kind("a long enough line of text\n1,\0\n"sv), FileKind::table) << "a damaged one";
  EXPECT_EQ(kind("\xde\xad\xbe\xef\0\0"sv), FileKind::unknown);
  EXPECT_EQ(kind("\x01\x02\x03"), FileKind::unknown);
  EXPECT_EQ(kind("\xef\xbb\xbf% x\n\n@RELATION r\n"), FileKind::arff);
  EXPECT_EQ(kind("# c\n1 1:2 7:-1e3\n0 2:1\n"), FileKind::libsvm);
  EXPECT_EQ(kind("1 2 3\n4 5 6\n"), FileKind::table);
  EXPECT_EQ(kind("08:30 1\n"), FileKind::table);
  EXPECT_EQ(kind("\x93NUMPY..."), FileKind::npy);
  EXPECT_EQ(kind("PK\x03\x04....x.npy"), FileKind::npz);
  EXPECT_EQ(kind("\0\0\x08\x03...."sv), FileKind::idx);
  EXPECT_EQ(kind("\xff\xd8\xff\xe0"), FileKind::picture);
  expect_error<DataError>([] { kind(""); }, "f: the file is empty");
}

TEST(FileKind, SaysHowToConvertWhatIsNotRead) {
  const auto foreign = [](std::string_view s, const char* says) {
    EXPECT_EQ(kind(s), FileKind::foreign) << says;
    EXPECT_NE(data::how_to_convert(bytes_of(s)).find(says), std::string::npos) << says;
    expect_error<DataError>([&] { data::parse_table(s, "f"); }, says);
  };
  foreign("PK\x03\x04 [Content_Types].xml xl/workbook.xml", "save the sheet as CSV");
  foreign("PK\x03\x04 archive/data.pkl", "PyTorch");
  foreign("PK\x03\x04 readme.txt", "unpack it");
  foreign("PAR1....", "read_parquet(file).to_csv(");
  foreign("\x89HDF\r\n\x1a\n....", "numpy.savez(");
  foreign("\x80\x02\x8a\nl\xfc", "a pickle (.pkl, or an old .pt)");
  foreign("\x80\x04\x95....", "a pickle");
  foreign("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "(.xls)");
  foreign(
      "\xfd"
      "7zXZ\0"sv,
      "only gzip is");
  foreign("%PDF-1.4", "PDF");
  EXPECT_EQ(data::how_to_convert(bytes_of("a,b\n")), "");
}

}  // namespace
}  // namespace chainrule::testing
