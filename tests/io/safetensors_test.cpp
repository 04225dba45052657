#include "chainrule/io/safetensors.h"

#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <limits>
#include <sys/resource.h>
#include <tuple>
#include <unistd.h>

#include "chainrule/core/error.h"
#include "chainrule/core/random.h"

namespace chainrule {
namespace {

namespace fs = std::filesystem;

class SafetensorsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("chainrule_safetensors_" + std::to_string(::getpid()));
    fs::create_directory(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

std::vector<std::byte> file_of(const std::string& header, std::size_t data_bytes,
                               std::uint64_t claimed = 0) {
  const std::uint64_t length = claimed != 0 ? claimed : header.size();
  std::vector<std::byte> bytes(8 + header.size() + data_bytes);
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

/// The sentence with which the file is refused, "" when it is read.
std::string refusal(const std::vector<std::byte>& bytes) {
  try {
    parse_safetensors(bytes, "f");
  } catch (const DataError& e) {
    return e.what();
  }
  return "";
}

SafeTensors example_tensors() {
  const float w[] = {1, 2, 3, 4, 5, 6};
  const double b[] = {0.5, -0.25};
  return {.metadata = {{"model", "linear 2"}, {"note", "quote \" and ü"}},
          .tensors = {SafeTensor::make("fc1.weight", {2, 3}, std::span<const float>(w)),
                      SafeTensor::make("fc1.bias", {2}, std::span<const double>(b)),
                      SafeTensor::make("none", {0, 4}, std::span<const float>())}};
}

std::vector<std::byte> bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  return {bytes.begin(), bytes.end()};
}

TEST_F(SafetensorsTest, RoundTrip) {
  const fs::path path = folder_ / "m.safetensors";
  write_safetensors(path, example_tensors());
  const SafeTensors read = read_safetensors(path);
  EXPECT_EQ(read.metadata, example_tensors().metadata);
  ASSERT_EQ(read.tensors.size(), 3u);
  EXPECT_EQ(read.find("fc1.weight")->shape, (std::vector<Index>{2, 3}));
  EXPECT_EQ(read.find("fc1.weight")->values(), (std::vector<double>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(read.find("fc1.bias")->values(), (std::vector<double>{0.5, -0.25}));
  EXPECT_EQ(read.find("none")->size(), 0);
  EXPECT_EQ(read.find("fc2.bias"), nullptr);
}

TEST_F(SafetensorsTest, BytesAreThoseOfTheFormat) {
  const fs::path path = folder_ / "m.safetensors";
  const float w[] = {1};
  write_safetensors(
      path, {.metadata = {}, .tensors = {SafeTensor::make("w", {1}, std::span<const float>(w))}});
  const std::string header = R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  std::vector<std::byte> expected =
      file_of(header + std::string((8 - header.size() % 8) % 8, ' '), 4);
  const float one = 1;
  std::memcpy(expected.data() + expected.size() - 4, &one, 4);
  EXPECT_EQ(bytes_of(path), expected);
}

TEST_F(SafetensorsTest, ReadsFloatsOf16Bits) {
  SafeTensors content;
  const std::uint16_t half[] = {0x3c00, 0xc100, 0x7bff, 0x0001, 0xfc00};  // 1 -2.5 65504 2^-24 -inf
  const std::uint16_t brain[] = {0x3f80, 0xc020, 0x7f7f, 0x0001, 0xff80};
  for (const auto& [name, type, bits] :
       {std::tuple("h", DType::f16, half), std::tuple("b", DType::bf16, brain)}) {
    const auto bytes = std::as_bytes(std::span(bits, 5));
    content.tensors.push_back(
        {.name = name, .dtype = type, .shape = {5}, .bytes = {bytes.begin(), bytes.end()}});
  }
  write_safetensors(folder_ / "half.safetensors", content);
  const SafeTensors back = read_safetensors(folder_ / "half.safetensors");
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(back.find("h")->values(),
            (std::vector<double>{1, -2.5, 65504, std::ldexp(1.0, -24), -inf}));
  EXPECT_EQ(back.find("b")->values(),
            (std::vector<double>{1, -2.5, std::ldexp(255.0, 120), std::ldexp(1.0, -133), -inf}));
}

TEST_F(SafetensorsTest, WritingLeavesNothingBehindWhenItFails) {
  EXPECT_THROW(write_safetensors(folder_ / "no" / "m.safetensors", example_tensors()), DataError);
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const fs::path path = folder_ / "m.safetensors";
  write_safetensors(path, example_tensors());
  const auto before = bytes_of(path);
  signal(SIGXFSZ, SIG_IGN);
  const rlimit small{100, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(write_safetensors(path, example_tensors()), DataError);
  setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_EQ(bytes_of(path), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(SafetensorsTest, RefusesWhatIsWrongWithOneSentence) {
  const struct {
    std::vector<std::byte> file;
    const char* says;
  } cases[] = {
      {{}, "has 0 bytes, expected at least 8"},
      {file_of("{}", 0, 3), "claims a header of 3 bytes, only 2 follow"},
      {file_of("{}", 0, ~0ull), "claims a header of 18446744073709551615 bytes"},
      {file_of("[]", 0), "not a JSON object"},
      {file_of("{", 0), "not valid JSON"},
      {file_of(R"({"a":1})", 0), "without 'dtype'"},
      {file_of(R"({"a":{"dtype":"F8","shape":[],"data_offsets":[0,1]}})", 1), "another type"},
      {file_of(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4), "whole number"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", 4), "whole number"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,4]}})", 4),
       "larger than the 4 bytes"},
      {file_of(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})", 4),
       "larger than the 4 bytes"},
      {file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4), "larger than"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4), "bytes 4 to 0"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,5]}})", 4), "bytes 0 to 5"},
      {file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,4]}})", 4), "its shape needs 1"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 8), "tensors cover 4"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8), "expected 0"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
               R"("b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
               4),
       "no overlap"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
               R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
               4),
       "twice"},
      {file_of("{\"a\\u0000b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4),
       "NUL"},
      {file_of(R"({"__metadata__":{"a":1}})", 0), "not text"},
      {file_of(R"({"a":{"dtype":[[[[]]]]}})", 0), "nested too deeply"},
      {file_of("{" + std::string(5 << 20, ' ') + "}", 0), "at most 4194304"},
  };
  for (const auto& c : cases) {
    const std::string got = refusal(c.file);
    EXPECT_NE(got.find(c.says), std::string::npos) << "got: " << got << "\nexpected: " << c.says;
  }
}

/// `item` written `count` times, each with its number in place of "#".
std::string repeated(std::string_view item, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) {
    const std::size_t mark = item.find('#');
    all += cat(i == 0 ? "" : ",", item.substr(0, mark), i, item.substr(mark + 1));
  }
  return all;
}

/// Headers whose time or memory would be out of proportion to their length.
TEST_F(SafetensorsTest, RefusesHeadersOfTooMuch) {
  const struct {
    std::string header;
    const char* says;
  } cases[] = {
      {"{" + repeated(R"("t#":0)", 100'000) + "}", "more than 10,001 names in one object"},
      {R"({"__metadata__":{)" + repeated(R"("t#":"")", 100'000) + "}}",
       "more than 1,000 names in one object"},
      {R"({"a":{"shape":[)" + repeated("#", 400'000) + "]}}", "more than 300,000 values"},
  };
  for (const auto& c : cases) {
    const std::string got = refusal(file_of(c.header, 0));
    EXPECT_NE(got.find(c.says), std::string::npos) << "got: " << got << "\nexpected: " << c.says;
  }
}

TEST_F(SafetensorsTest, AnAxisOf0MakesTheOthersMeaningless) {
  const SafeTensors t = parse_safetensors(
      file_of(R"({"a":{"dtype":"F32","shape":[9223372036854775807,4,0],"data_offsets":[0,0]}})", 0),
      "f");
  EXPECT_EQ(t.tensors[0].size(), 0);
  EXPECT_TRUE(t.tensors[0].values().empty());
}

TEST_F(SafetensorsTest, NamesAreShownWithoutWhatCommandsATerminal) {
  EXPECT_NE(refusal(file_of("{\"\\u001b[2J\":{}}", 0)).find("a tensor '?[2J' without"),
            std::string::npos);
}

TEST_F(SafetensorsTest, EveryTruncationIsRefused) {
  const fs::path path = folder_ / "m.safetensors";
  write_safetensors(path, example_tensors());
  const auto whole = bytes_of(path);
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_NE(refusal({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)}), "")
        << n << " of " << whole.size() << " bytes were read as a whole file";
}

TEST_F(SafetensorsTest, MutationsAreReadOrRefused) {
  const fs::path path = folder_ / "m.safetensors";
  write_safetensors(path, example_tensors());
  const auto whole = bytes_of(path);
  Random random(11);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = whole;
    for (std::uint32_t k = random.below(4) + 1; k > 0; --k)
      bytes[random.below(static_cast<std::uint32_t>(bytes.size()))] = std::byte(random.below(256));
    refused += !refusal(bytes).empty();
  }
  EXPECT_GT(refused, 5'000);
}

}  // namespace
}  // namespace chainrule
