// Small files for the tests of readers, good and hostile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>
#include <zlib.h>

#include "chainrule/core/error.h"
#include "chainrule/data/file.h"
#include "tests/mutations.h"

namespace chainrule::testing {

/// A folder of its own for one test, removed at the end.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "chainrule-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary folder";
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const data::Bytes& content) const {
    std::filesystem::remove(path_ / name);  // a file cut to nothing is slow to write anew
    std::ofstream(path_ / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(content.data()),
               static_cast<std::streamsize>(content.size()));
    return path_ / name;
  }
  std::filesystem::path write(const std::string& name, std::string_view text) const {
    return write(name, data::Bytes(text.begin(), text.end()));
  }

 private:
  std::filesystem::path path_;
};

inline data::Bytes gzip(const data::Bytes& content) {
  z_stream z{};
  EXPECT_EQ(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  data::Bytes out(deflateBound(&z, content.size()) + 64);
  z.next_in = const_cast<std::uint8_t*>(content.data());
  z.avail_in = static_cast<uInt>(content.size());
  z.next_out = out.data();
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

/// Gives `read` every shorter beginning of `good`, and `mutations` changed copies. Each must be
/// read or refused with one DataError. Returns how many shortened copies were accepted.
template <class F>
int torture(const data::Bytes& good, int mutations, F read) {
  const auto survives = [&](const data::Bytes& bytes) {
    try {
      read(bytes);
      return true;
    } catch (const DataError& error) {
      EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos) << error.what();
      EXPECT_GT(std::string_view(error.what()).size(), 10u);
    } catch (const std::exception& error) {
      ADD_FAILURE() << "not a DataError: " << error.what();
    }
    return false;
  };
  EXPECT_TRUE(survives(good)) << "the good file was refused";
  int accepted = 0;
  for (std::size_t n = 0; n < good.size(); ++n)
    accepted += survives({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)});
  for (int i = 0; i < mutations; ++i) survives(Mutator(static_cast<std::uint64_t>(i))(good, good));
  return accepted;
}

}  // namespace chainrule::testing
