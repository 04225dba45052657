// Files changed at random, always in the same way, for readers that must survive them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/core/random.h"
#include "fuzz/sentence.h"

namespace chainrule::testing {

using FileBytes = std::vector<std::uint8_t>;

/// The seeds of a fuzz target, by name.
inline std::vector<FileBytes> corpus(const std::string& target) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(CHAINRULE_SOURCE_DIR "/fuzz/corpus/" + target))
    paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<FileBytes> files;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    files.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return files;
}

class Mutator {
 public:
  explicit Mutator(std::uint64_t stream) : random_(2026, stream) {}

  /// `file` with one to four changes; `other` lends its bytes to some.
  FileBytes operator()(FileBytes file, const FileBytes& other) {
    for (std::uint32_t changes = 1 + random_.below(4); changes > 0; --changes) change(file, other);
    return file;
  }

 private:
  std::size_t below(std::size_t n) {
    return n == 0 ? 0 : random_.below(static_cast<std::uint32_t>(n));
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(random_.bits()); }
  /// A stretch of at most 64 bytes.
  std::span<const std::uint8_t> some(const FileBytes& file) {
    const std::size_t begin = below(file.size());
    return std::span(file).subspan(begin,
                                   below(std::min<std::size_t>(64, file.size() - begin) + 1));
  }

  void change(FileBytes& file, const FileBytes& other) {
    const std::size_t place = below(file.size());
    const auto at = file.begin() + static_cast<std::ptrdiff_t>(place);
    switch (file.empty() ? 4 : random_.below(9)) {
      case 0:
        *at = static_cast<std::uint8_t>(*at ^ 1U << random_.below(8));
        break;
      case 1:
        *at = byte();
        break;
      case 2:
        file.resize(place);
        break;
      case 3:
        file.erase(at, at + static_cast<std::ptrdiff_t>(below(file.size() - place) + 1));
        break;
      case 4: {
        const auto part = some(other);
        file.insert(at, part.begin(), part.end());
        break;
      }
      case 5: {  // both files, joined somewhere
        const auto from = other.begin() + static_cast<std::ptrdiff_t>(below(other.size()));
        file.resize(place);
        file.insert(file.end(), from, other.end());
        break;
      }
      case 6:
        set_length(file, place);
        break;
      case 7:
        set_number(file, place);
        break;
      default: {
        constexpr char kBytes[] = "\xff\x7f\x80,;\"\n{}[]0-9.e";  // and the zero at the end
        *at = static_cast<std::uint8_t>(kBytes[below(sizeof kBytes)]);
      }
    }
  }

  /// A length of 2, 4 or 8 bytes, in either order.
  void set_length(FileBytes& file, std::size_t place) {
    constexpr std::array<std::uint64_t, 8> kLengths = {
        0,      1, 0x7fffffff, 0x80000000, 0xffffffff, std::uint64_t{1} << 60, ~std::uint64_t{0},
        100'000};
    const std::uint64_t length =
        random_.below(4) == 0 ? file.size() - below(20) : kLengths[below(kLengths.size())];
    const std::size_t width = std::size_t{2} << random_.below(3);
    const bool big_endian = random_.below(2) != 0;
    for (std::size_t i = 0; i < width && place + i < file.size(); ++i)
      file[place + i] = static_cast<std::uint8_t>(length >> 8 * (big_endian ? width - 1 - i : i));
  }

  /// Another number in place of the next one that is written in digits.
  void set_number(FileBytes& file, std::size_t place) {
    constexpr std::array<std::string_view, 9> kNumbers = {
        "0",     "-1",  "4294967296", "1152921504606846976", "18446744073709551615",
        "1e300", "0.5", "",           "99999999999999999999"};
    const auto is_digit = [](std::uint8_t c) { return c >= '0' && c <= '9'; };
    const auto begin =
        std::find_if(file.begin() + static_cast<std::ptrdiff_t>(place), file.end(), is_digit);
    const auto end = std::find_if_not(begin, file.end(), is_digit);
    const std::string_view number = kNumbers[below(kNumbers.size())];
    file.insert(file.erase(begin, end), number.begin(), number.end());
  }

  Random random_;
};

/// Gives `read` the files made by the test, which must be read, the corpus of the fuzz target, and
/// `count` mutations of both. Each must be read or refused with E, as the reader documents, in a
/// sentence.
template <class E>
void survive_mutations(void (*read)(std::span<const std::uint8_t>), std::vector<FileBytes> made,
                       const std::string& target, int count) {
  const auto survives = [&](const FileBytes& file) {
    try {
      read(file);
      return true;
    } catch (const E& error) {
      EXPECT_TRUE(fuzz::is_sentence(error.what(), std::is_same_v<E, Error>)) << error.what();
    } catch (const std::exception& error) {
      ADD_FAILURE() << "not the documented error: " << error.what();
    }
    return false;
  };
  for (const FileBytes& file : made) EXPECT_TRUE(survives(file)) << "a good file was refused";
  std::vector<FileBytes> files = corpus(target);
  ASSERT_TRUE(std::ranges::count_if(files, survives) > 0) << "no file of the corpus is good";
  files.insert(files.end(), made.begin(), made.end());
  for (int i = 0; i < count; ++i) {
    const auto n = static_cast<std::size_t>(i);
    Mutator mutator(n);
    survives(mutator(files[n % files.size()], files[n / files.size() % files.size()]));
    if (::testing::Test::HasFailure()) FAIL() << "mutation " << i;  // one is enough
  }
}

}  // namespace chainrule::testing
