// Files that claim more than they hold, or hold more than they should: the program says so in one
// sentence and takes little memory.
#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>
#include <span>
#include <string>
#include <string_view>
#include <zlib.h>

#include "chainrule/core/error.h"
#include "chainrule/data/npy.h"
#include "chainrule/data/npz.h"
#include "chainrule/data/png.h"
#include "chainrule/io/onnx_export.h"
#include "chainrule/model/model.h"
#include "fuzz/sentence.h"
#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

constexpr const char* kPython = "/usr/bin/python3";

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsMeasured = false;  // the sanitizer's own is most of it
#else
const bool kMemoryIsMeasured = std::filesystem::exists(kPython);
#endif

/// Runs the program, and prints the most memory that it had at a time, in KiB. A program that is
/// started by this process would be said to have had as much as this process had.
constexpr const char* kMeasure =
    "import resource, subprocess, sys\n"
    "code = subprocess.call(sys.argv[1:])\n"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    "sys.exit(code)";

void expect_hostile_refused(const std::vector<std::string>& words, std::string_view says) {
  RunOptions options;
  if (kMemoryIsMeasured) options.launcher = {kPython, "-c", kMeasure};
  const Outcome o = run(words, options);
  EXPECT_EQ(o.exit_code, 3) << o.err;
  EXPECT_NE(o.err.find(says), std::string::npos) << "got: " << o.err << "\nexpected: " << says;
  const std::string_view line = std::string_view(o.err).substr(0, o.err.find('\n'));
  EXPECT_TRUE(fuzz::is_sentence(line)) << o.err;
  EXPECT_EQ(line.size() + 1, o.err.size()) << "more than one line: " << o.err;
  if (!kMemoryIsMeasured) return;
  const double kibibytes = std::stod(o.last_line());
  EXPECT_GT(kibibytes, 1'000);
  EXPECT_LT(kibibytes, 100'000) << o.err;
}

std::string zlib_packed(const std::string& content, int window = 16 + MAX_WBITS) {
  z_stream z{};
  EXPECT_EQ(deflateInit2(&z, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&z, content.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  z.avail_in = static_cast<uInt>(content.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

/// A gzip file of that many zeros after `begin`; one member is repeated, so that it is made
/// quickly.
std::string gzip_bomb(const std::string& begin, int mebibytes) {
  std::string file = zlib_packed(begin);
  const std::string member = zlib_packed(std::string(1 << 20, '\0'));
  for (int i = 0; i < mebibytes; ++i) file += member;
  return file;
}

std::string in_big_endian(std::initializer_list<std::uint32_t> words) {
  std::string bytes;
  for (const std::uint32_t w : words)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(w >> shift);
  return bytes;
}

std::string safetensors_file(const std::string& header, std::size_t data,
                             std::uint64_t claimed = 0) {
  const std::uint64_t length = claimed != 0 ? claimed : header.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + header + std::string(data, '\0');
}

std::string file_text(const data::Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

TEST(Limits, Idx) {
  const std::string labels = in_big_endian({0x801, 1}) + '\0';
  const auto refused = [&](const std::string& name, const std::string& images, const char* says) {
    const TemporaryFolder folder;
    for (const char* part : {"train", "t10k"}) {
      folder.write(std::string(part) + "-images-idx3-ubyte" + name, images);
      folder.write(std::string(part) + "-labels-idx1-ubyte", labels);
    }
    expect_hostile_refused({"train", "mnist", "--data", folder.str("")}, says);
  };
  refused("", in_big_endian({0x803, 1U << 20, 1U << 20, 1U << 20}), "promises 1048576 x 1048576");
  refused("", in_big_endian({0x803, 0xffffffff, 0xffffffff, 0xffffffff}), "promises 4294967295 x");
  refused("", in_big_endian({0x803, 0, 28, 28}), "holds nothing");
  refused(".gz", gzip_bomb(in_big_endian({0x803, 1U << 20, 28, 28}), 1024),
          "200 times its own length");
}

TEST(Limits, Npy) {
  const TemporaryFolder folder;
  const std::vector<float> one = {1};
  const std::string good = file_text(data::format_npy<float>(one, std::vector<Index>{1}));
  const std::string y = folder.write("y.npy", good);
  const auto refused = [&](const std::string& shape, const char* says) {
    std::string file = good;
    file.replace(file.find("(1,)"), 4, shape);
    file.erase(file.find("     "), shape.size() - 4);
    expect_hostile_refused({"train", folder.write("x.npy", file), "--labels", y}, says);
  };
  refused("(1152921504606846976,)", "were promised, the file holds 4 bytes");
  refused("(4294967296, 4294967296)", "were promised, the file holds 4 bytes");
  refused("(9999999999999999999,)", "not a tuple of lengths");
  refused("(0, 4)", "the file holds 4 bytes");
  expect_hostile_refused({"train", folder.write("x.npy", gzip_bomb(good, 1024)), "--labels", y},
                         "200 times its own length");
}

TEST(Limits, Npz) {
  const TemporaryFolder folder;
  const std::string model = folder.str("m.safetensors");
  Model("linear 1", {2}, {.loss = "squared_error"}).save(model);
  const std::vector<float> numbers = {1, 2};
  const std::string x =
      folder.write("x.npy", file_text(data::format_npy<float>(numbers, std::vector<Index>{1, 2})));
  const std::string y = folder.write(
      "y.npy",
      file_text(data::format_npy<float>(std::span(numbers).first(1), std::vector<Index>{1})));
  const auto refused = [&](const std::string& file, const char* says) {
    const std::string grads = folder.write("g.npz", file);
    expect_hostile_refused({"compare", model, "--x", x, "--y", y, "--grads", grads}, says);
  };
  // 128 MiB of zeros: stored as they are packed, then called deflated.
  const std::string zeros = zlib_packed(std::string(std::size_t{128} << 20, '\0'), -MAX_WBITS);
  const std::vector<data::NpzEntry> entries = {{"fc1.bias", {zeros.begin(), zeros.end()}}};
  std::string file = file_text(data::format_npz(entries));
  const std::size_t entry = file.size() - 22 - 46 - 12;
  file[entry + 10] = 8;
  file.replace(entry + 24, 4, std::string("\0\0\0\x08", 4));
  refused(file, "200 times its own length");
  file.replace(entry + 24, 4, "\xff\xff\xff\x7f");
  refused(file, "promises 2147483647 bytes");
  // One stream of 15 MB under many names.
  const std::string some = zlib_packed(std::string(15'000'000, '\0'), -MAX_WBITS);
  std::string shared =
      file_text(data::format_npz(std::vector<data::NpzEntry>{{"a00", {some.begin(), some.end()}}}));
  const std::size_t start = shared.size() - 22 - 46 - 7;
  shared[start + 10] = 8;
  shared.replace(start + 24, 4, std::string("\xc0\xe1\xe4\0", 4));
  const std::string central = shared.substr(start, 46 + 7);
  std::string end = shared.substr(shared.size() - 22);
  shared.resize(start);
  for (int i = 0; i < 30; ++i) shared += std::string(central).replace(47, 2, cat(i / 10, i % 10));
  end[8] = end[10] = 30;
  const std::uint32_t size = 30 * 53;
  std::memcpy(end.data() + 12, &size, 4);
  refused(shared + end, "times its own length");
}

TEST(Limits, Csv) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& file, const char* says) {
    expect_hostile_refused({"train", folder.write("t.csv", file), "--target", "y"}, says);
  };
  refused(std::string(8'000'000, ',') + "\n1", "more than 65,536 fields");
  refused("y,x\n1," + std::string(8'000'000, 'x'), "longer than 65,536 bytes");
  refused("y,x\n1,\"" + std::string(8'000'000, 'x'), "longer than 65,536 bytes");
  refused(gzip_bomb("y,x\n1,", 1024), "200 times its own length");
  refused(std::string("y,x\n1,\0\n", 8), "zero byte");
}

TEST(Limits, Tables) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& file, const char* says) {
    expect_hostile_refused({"train", folder.write("t.csv", file), "--target", "y"}, says);
    expect_hostile_refused({"data", "show", folder.write("t.csv", file)}, says);
  };
  std::string sparse = "1 60000:1\n";
  for (int i = 0; i < 100'000; ++i) sparse += "1 1:1\n";
  refused(sparse, "more than 4 for each byte");
  std::string arff = "@relation r\n";
  for (int i = 0; i < 65'000; ++i) arff += cat("@attribute a", i, " real\n");
  arff += "@data\n";
  for (int i = 0; i < 100'000; ++i) arff += "{}\n";
  refused(arff, "more than 4 for each byte");
  refused(arff.substr(0, arff.find("@data")) + std::string("@attribute b real\n@data\n") +
              std::string(8'000'000, ','),
          "more than 65,536 fields");
  refused(std::string("\xff\xfe") + std::string(100'000, 'x') + "y", "half a character");
  refused(std::string(8'000'000, '\0'), "begins with 65,536 zero bytes");
  if (std::filesystem::exists("/dev/zero"))
    expect_hostile_refused({"data", "show", "/dev/zero"}, "a device, which may never end");
}

TEST(Limits, Pictures) {
  const TemporaryFolder folder;
  const std::string model = folder.str("m.safetensors");
  Model m("linear 2", {784});
  m.schema.inputs = {picture_input({28, 28})};
  m.save(model);
  const auto refused = [&](const std::string& file, const char* says) {
    expect_hostile_refused({"predict", model, folder.write("p.png", file)}, says);
  };
  refused("P5 8192 8192 255\n", "8192 x 8192 pixels need 67108864 bytes, the PGM file holds 0");
  refused("P2 8192 8192 255\n", "too short for 8192 x 8192 pixels");
  refused("P5 99999999 1 255\n", "expected 1 to 8192 on each side");
  refused("P5 0 1 255\n", "expected 1 to 8192 on each side");
  const std::string good = file_text(data::encode_png(1, 1, std::vector<std::uint8_t>{7}));
  std::string bmp =
      std::string("BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\0\x20\0\0\0\x20\0\0\1\0\x18\0", 30);
  bmp += std::string(24, '\0');
  refused(bmp, "too short for 8192 x 8192 pixels");
  refused(bmp.replace(28, 1, "\1"), "too short for 8192 x 8192 pixels");
  std::string jpeg = read_file(CHAINRULE_TEST_DATA "/files/colour.jpg");
  jpeg.replace(jpeg.find("\xff\xc0") + 5, 4, std::string("\x20\0\x20\0", 4));
  expect_hostile_refused({"predict", model, folder.write("p.png", jpeg)}, "p.png: ");
  if (run({"predict", model, folder.write("p.png", good)}).exit_code != 0)
    GTEST_SKIP() << "built without libpng: only PGM was tried";
  const auto sized = [&](std::uint32_t width) {
    std::string file = good;
    file.replace(16, 4, in_big_endian({width}));
    const auto sum = crc32(0, reinterpret_cast<const Bytef*>(file.data()) + 12, 17);
    file.replace(29, 4, in_big_endian({static_cast<std::uint32_t>(sum)}));
    return file;
  };
  refused(sized(100'000'000), "cannot be read");
  refused(sized(100'000), "expected 1 to 8192 on each side");
  std::string tall = sized(8192);
  tall.replace(20, 4, in_big_endian({8192}));
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(tall.data()) + 12, 17);
  tall.replace(29, 4, in_big_endian({static_cast<std::uint32_t>(sum)}));
  refused(tall, "too short for 8192 x 8192 pixels");
}

TEST(Limits, Safetensors) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& file, const char* says) {
    const std::string path = folder.write("m.safetensors", file);
    expect_hostile_refused({"eval", path, "xor"}, says);
    expect_hostile_refused(
        {"import", path, "--model", "linear 2", "-o", folder.str("o.safetensors")}, says);
  };
  const auto one = [](const char* shape, const char* range) {
    return cat(R"({"a":{"dtype":"F32","shape":)", shape, R"(,"data_offsets":)", range, "}}");
  };
  refused(safetensors_file("{}", 0, std::uint64_t{4} << 30), "claims a header of 4294967296 bytes");
  refused(safetensors_file("{" + std::string(5 << 20, ' ') + "}", 0), "at most 4194304 are read");
  refused(safetensors_file(one("[1152921504606846976]", "[0,4]"), 4), "larger than the 4 bytes");
  refused(safetensors_file(one("[4294967296,4294967296]", "[0,4]"), 4), "larger than the 4 bytes");
  refused(safetensors_file(one("[0]", "[0,4]"), 4), "its shape needs 0");
  refused(safetensors_file(one("[1]", "[4,8]"), 8), "expected 0 (no gap, no overlap)");
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += cat(i == 0 ? "{" : ",", "\"t", i, "\":{}");
  refused(safetensors_file(many + "}", 0), "more than 10,001 names");
  std::string lists = "{\"a\":{\"shape\":[";
  for (int i = 0; i < 1'300'000; ++i) lists += i == 0 ? "0" : ",0";
  refused(safetensors_file(lists + "]}}", 0), "more than 300,000 values");
  refused(safetensors_file(R"({"a\u0000b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4),
          "contains NUL");
}

TEST(Limits, ModelFiles) {
  const TemporaryFolder folder;
  const std::string path = folder.str("m.safetensors");
  Model("linear 3, linear 2", {2}).save(path);
  const std::string good = read_file(path);
  const auto refused = [&](const std::string& from, const std::string& to, const char* says) {
    std::string file = good;
    ASSERT_NE(file.find(from), std::string::npos) << from;
    file.replace(file.find(from), from.size(), to);
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), 8);
    length += to.size() - from.size();
    std::memcpy(file.data(), &length, 8);
    expect_hostile_refused({"eval", folder.write("bad.safetensors", file), "xor"}, says);
  };
  refused("linear 3, linear 2", "linear 40000, linear 40000", "describes a model of 1,600,");
  refused("linear 3, linear 2", "linear 2000000000, linear 2", "describes a model");
  refused(R"("[2]")", R"("[1099511627776]")", "at most 16,777,216 are read");
  refused(R"("[2]")", R"("[0]")", "cannot be built");
}

TEST(Limits, Onnx) {
  if (!onnx::available()) GTEST_SKIP() << "built without protozero";
  const TemporaryFolder folder;
  const auto refused = [&](void (*change)(onnx::File&), const char* says) {
    onnx::File file = to_onnx(Model("linear 3, relu, linear 2", {4}));
    change(file);
    const std::string path = folder.write("m.onnx", onnx::encode(file));
    expect_hostile_refused({"import", path, "-o", folder.str("o.safetensors")}, says);
  };
  refused([](auto& f) { f.tensors[0].dims[0] = Index{1} << 60; }, "1152921504606846976");
  refused([](auto& f) { f.tensors[0].dims[0] = 0; }, "not what its dimensions need");
  refused([](auto& f) { f.tensors[0].dims = {0, 0}, f.tensors[0].bytes.clear(); }, "length 0");
  refused([](auto& f) { f.inputs[0].axes[1].size = Index{1} << 60; }, "size that cannot be");
  refused([](auto& f) { f.nodes[0].name = std::string("a\0b", 3); }, "zero byte");
  refused(
      [](auto& f) {
        for (int i = 0; i < 100'000; ++i)
          f.tensors.push_back({cat("t", i), onnx::Type::f32, {0}, {}});
      },
      "more than 100,000 initializers");
}

}  // namespace
}  // namespace chainrule::testing
