#include "chainrule/data/npy.h"

#include <gtest/gtest.h>
#include <limits>

#include "tests/data/errors.h"
#include "tests/data/files.h"

namespace chainrule::testing {
namespace {

using data::Bytes;
using data::NpyArray;

/// A file with the given dictionary and elements.
Bytes file(const std::string& header, const Bytes& elements, int version = 1) {
  Bytes f{0x93, 'N', 'U', 'M', 'P', 'Y', static_cast<std::uint8_t>(version), 0};
  f.push_back(static_cast<std::uint8_t>(header.size()));
  for (int i = version == 1 ? 1 : 3; i > 0; --i) f.push_back(0);
  f.insert(f.end(), header.begin(), header.end());
  f.insert(f.end(), elements.begin(), elements.end());
  return f;
}

Bytes array(const char* descr, const char* shape, const Bytes& elements, bool fortran = false) {
  return file(std::string("{'descr': '") + descr + "', 'fortran_order': " +
                  (fortran ? "True" : "False") + ", 'shape': " + shape + ", }\n",
              elements);
}

std::vector<double> doubles(const Bytes& f) { return data::parse_npy(f, "a.npy").as<double>(); }

TEST(Npy, ReadsEveryType) {
  using V = std::vector<double>;
  EXPECT_EQ(doubles(array("|b1", "(3,)", {0, 1, 1})), (V{0, 1, 1}));
  EXPECT_EQ(doubles(array("|u1", "(2,)", {7, 255})), (V{7, 255}));
  EXPECT_EQ(doubles(array("|i1", "(2,)", {7, 255})), (V{7, -1}));
  EXPECT_EQ(doubles(array("<i2", "(2,)", {1, 2, 0xfe, 0xff})), (V{513, -2}));
  EXPECT_EQ(doubles(array(">i2", "(2,)", {1, 2, 0xff, 0xfe})), (V{258, -2}));
  EXPECT_EQ(doubles(array(">u2", "(1,)", {0xff, 0xfe})), V{65534});
  EXPECT_EQ(doubles(array("<i4", "(1,)", {0, 0, 0, 0x80})), V{-2147483648.0});
  EXPECT_EQ(doubles(array("<u4", "(1,)", {0, 0, 0, 0x80})), V{2147483648.0});
  EXPECT_EQ(doubles(array(">i8", "(1,)", {0, 0, 0, 1, 0, 0, 0, 0})), V{4294967296.0});
  EXPECT_EQ(doubles(array("<f4", "(2,)", {0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0})), (V{1.5, -2}));
  EXPECT_EQ(doubles(array(">f4", "(1,)", {0x3f, 0xc0, 0, 0})), V{1.5});
  EXPECT_EQ(doubles(array("<f8", "(1,)", {0, 0, 0, 0, 0, 0, 0xf8, 0x3f})), V{1.5});
  EXPECT_EQ(doubles(array(">f8", "()", {0x3f, 0xf8, 0, 0, 0, 0, 0, 0})), V{1.5});
  EXPECT_EQ(doubles(array("<f8", "(0, 3)", {})), V{});
}

TEST(Npy, ReadsBothVersionsAndOrders) {
  const NpyArray c = data::parse_npy(array("|u1", "(2, 3)", {1, 2, 3, 4, 5, 6}), "a");
  EXPECT_EQ(c.shape, (std::vector<Index>{2, 3}));
  EXPECT_EQ(c.bytes, (Bytes{1, 2, 3, 4, 5, 6}));
  const NpyArray f = data::parse_npy(array("|u1", "(2, 3)", {1, 4, 2, 5, 3, 6}, true), "a");
  EXPECT_EQ(f.bytes, c.bytes);
  const NpyArray three =
      data::parse_npy(array("<u2", "(2, 1, 2)", {1, 0, 3, 0, 2, 0, 4, 0}, true), "a");
  EXPECT_EQ(three.as<double>(), (std::vector<double>{1, 2, 3, 4}));
  const Bytes two = file("{\"shape\":(2,),\"fortran_order\":False,\"descr\":\"|i1\"}", {8, 9}, 2);
  EXPECT_EQ(doubles(two), (std::vector<double>{8, 9}));
}

TEST(Npy, RefusesWithASentence) {
  const auto refused = [](const Bytes& f, const char* says) {
    expect_error<DataError>([&] { data::parse_npy(f, "a.npy"); }, says);
  };
  refused({}, "a.npy: not a npy file");
  refused({0x93, 'N', 'U', 'M', 'P', 'Y', 1}, "cut short");
  refused(file("{}", {}, 3), "npy version 3.0, expected 1.0 or 2.0");
  refused(file("{}", {}), "lacks 'descr', 'fortran_order' or 'shape'");
  refused(array("<c8", "(1,)", {0, 0, 0, 0, 0, 0, 0, 0}), "elements of type '<c8', expected bool");
  refused(array("|O8", "(1,)", Bytes(8)), "elements of type '|O8'");
  refused(array("<c16", "(1,)", Bytes(16)), "elements of type '<c16'");
  refused(array("<f4", "(2, 2)", Bytes(12)),
          "(2, 2) elements of 4 bytes were promised, the file holds 12 bytes");
  refused(array("<f4", "(2,)", Bytes(9)), "the file holds 9 bytes");
  refused(array("<f8", "(4611686018427387904, 4)", {}), "were promised, the file holds 0 bytes");
  refused(array("<f4", "(99999999999999999999,)", {}), "a shape that is not a tuple of lengths");
  refused(array("<f4", "(-1,)", {}), "a shape that is not a tuple of lengths");
  refused(file("{'descr': '<f4', 'wrong': 1}", {}), "has an unknown entry (character 26)");
  refused(file("{'descr': '<f4', 'fortran_order': None}", {}), "neither True nor False");
  refused(file("{'descr: ", {}), "a quote that is not closed");
  Bytes promise = array("|u1", "(1,)", {1});
  promise[9] = 255;  // a header longer than the file
  refused(promise, "the npy file is cut short");
}

TEST(Npy, WritesWhatItReads) {
  const std::vector<Index> shape{2, 3};
  const auto round_trip = [&](auto example) {
    using T = decltype(example);
    const std::vector<T> values{
        T{1}, T(-2), T{3}, std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest(), T{0}};
    const Bytes f = data::format_npy(std::span<const T>(values), shape);
    EXPECT_EQ(f.size(), 128 + 6 * sizeof(T));  // as numpy writes it
    const NpyArray a = data::parse_npy(f, "a");
    EXPECT_EQ(a.shape, shape);
    EXPECT_EQ(a.kind, std::is_integral_v<T> ? 'i' : 'f');
    if constexpr (std::is_integral_v<T>)
      EXPECT_EQ(a.as<std::int64_t>(), (std::vector<std::int64_t>(values.begin(), values.end())));
    else
      EXPECT_EQ(a.as<T>(), values);
  };
  round_trip(float{}), round_trip(double{}), round_trip(std::int32_t{}), round_trip(std::int64_t{});

  const std::vector<float> one{2.5f};
  const Bytes scalar = data::format_npy(std::span<const float>(one), {});
  const std::string_view text(reinterpret_cast<const char*>(scalar.data()), scalar.size());
  EXPECT_NE(text.find("{'descr': '<f4', 'fortran_order': False, 'shape': (), }"), text.npos);
  EXPECT_EQ(text[127], '\n');
  expect_error<Error>([&] { data::format_npy(std::span<const float>(one), shape); },
                      "shape (2, 3) was to be written, but there are 1 elements");
  const Folder folder;
  data::write_npy(folder.path() / "a.npy", std::span<const float>(one), std::vector<Index>{1});
  EXPECT_EQ(data::read_npy(folder.path() / "a.npy").shape, std::vector<Index>{1});
}

TEST(Npy, SurvivesAnyDamage) {
  const auto read = [](const Bytes& b) {
    const NpyArray a = data::parse_npy(b, "a");
    a.as<double>();
  };
  EXPECT_EQ(torture(array(">f4", "(2, 3)", Bytes(24, 3), true), 3000, read), 0);
  EXPECT_EQ(torture(array("|u1", "(2, 2, 2)", Bytes(8, 3)), 2000, read), 0);
}

TEST(NpyDataset, BytesClassesAndPictures) {
  const Folder folder;
  const auto x = folder.write("x.npy", array("|u1", "(2, 1, 3)", {1, 2, 3, 4, 5, 6}));
  const auto y = folder.write("y.npy", array("<i2", "(2,)", {3, 0, 0, 0}));
  const Dataset d = data::npy(x, y);
  EXPECT_EQ(d.name, "x");
  EXPECT_EQ(d.features, Shape({3}));
  EXPECT_EQ(d.image, Shape({1, 3}));
  EXPECT_EQ(d.bytes, (Bytes{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(d.classes, (std::vector<std::int32_t>{3, 0}));
  EXPECT_EQ(d.class_count(), 4);
  EXPECT_FALSE(data::npy(x).has_classes());
}

TEST(NpyDataset, FloatsAndNumbers) {
  const Folder folder;
  const std::vector<double> values{1, 2, 3, 4, 5, 6};
  data::write_npy<double>(folder.path() / "x.npy", values, std::vector<Index>{3, 2});
  data::write_npy<double>(folder.path() / "y.npy", values, std::vector<Index>{3, 2});
  const Dataset d = data::npy(folder.path() / "x.npy", folder.path() / "y.npy");
  EXPECT_EQ(d.features, Shape({2}));
  EXPECT_EQ(d.floats, (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(d.targets, d.floats);
  EXPECT_EQ(d.target_names, (std::vector<std::string>{"y1", "y2"}));
}

TEST(NpyDataset, RefusesWithASentence) {
  const Folder folder;
  const auto x = folder.write("x.npy", array("|u1", "(2, 2)", {1, 2, 3, 4}));
  const auto refused = [&](const Bytes& y, const char* says) {
    expect_error<DataError>([&] { data::npy(x, folder.write("y.npy", y)); }, says);
  };
  refused(array("|u1", "(3,)", {0, 1, 1}), "x.npy has 2 rows, but ");
  refused(array("|i1", "(2,)", {0, 255}), "y.npy: class -1 in row 2, expected 0 to 999");
  refused(array("<u2", "(2,)", {0, 0, 0xe8, 3}), "y.npy: class 1000 in row 2");
  refused(array("|u1", "(2, 2)", {0, 2, 1, 0}),
          "whole numbers of shape (2, 2), expected classes (N,)");
  refused(array("<f4", "(2,)", {0, 0, 0xc0, 0x7f, 0, 0, 0, 0}), "nan in row 1, target 'y'");
  expect_error<DataError>([&] { data::npy(folder.write("e", array("<f4", "(0, 3)", {}))); },
                          "features of shape (0, 3), expected (N, ...) with N > 0");
  expect_error<DataError>([&] { data::npy(folder.write("s", array("|u1", "()", {1}))); },
                          "features of shape (), expected (N, ...)");
}

}  // namespace
}  // namespace chainrule::testing
