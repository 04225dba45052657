#include "chainrule/data/encoding.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "chainrule/core/error.h"
#include "chainrule/core/plain_text.h"
#include "chainrule/data/file.h"

namespace chainrule::data {
namespace {

constexpr std::string_view kMark8 = "\xef\xbb\xbf", kMarkLe = "\xff\xfe", kMarkBe = "\xfe\xff";
constexpr std::size_t npos = std::string_view::npos;

std::uint8_t byte(std::string_view s, std::size_t i) { return static_cast<std::uint8_t>(s[i]); }

/// Length of the UTF-8 character at `at`, 0 when there is none: too long a form, a surrogate, a
/// number above U+10FFFF, cut short.
std::size_t utf8_length(std::string_view s, std::size_t at) {
  const std::uint8_t first = byte(s, at);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || length > s.size() - at) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(s, at + i) & 0xc0) != 0x80) return 0;
  const std::uint8_t second = byte(s, at + 1);
  const bool bad = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                   (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return bad ? 0 : length;
}

struct Utf8Count {
  std::size_t good = 0, bad = 0;  ///< of characters beyond ASCII
  std::size_t first_bad = npos;   ///< byte
};

Utf8Count count_utf8(std::string_view s) {
  Utf8Count count;
  for (std::size_t at = 0; at < s.size();) {
    const std::size_t length = utf8_length(s, at);
    if (length == 0 && count.bad++ == 0) count.first_bad = at;
    count.good += length > 1 ? 1 : 0;
    at += std::max<std::size_t>(length, 1);
  }
  return count;
}

std::int64_t line_of(std::string_view bytes, std::size_t at) {
  return 1 + std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at), '\n');
}

[[noreturn]] void refuse_damaged(std::string_view bytes, std::size_t at, std::string_view name) {
  std::array<char, 8> hex{};
  std::snprintf(hex.data(), hex.size(), "0x%02x", unsigned{byte(bytes, at)});
  throw DataError(cat(name, ": line ", line_of(bytes, at), " holds the byte ", hex.data(),
                      ", which is no UTF-8; if the text is in another encoding, name it"));
}

void put(std::string& out, std::uint32_t c) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (c >> shift & 0x3f)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6), tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12), tail(6), tail(0);
  } else {
    out += static_cast<char>(0xf0 | c >> 18), tail(12), tail(6), tail(0);
  }
}

std::uint32_t unit(std::string_view s, std::size_t at, bool big_endian) {
  const std::uint32_t first = byte(s, at), second = byte(s, at + 1);
  return big_endian ? first << 8 | second : second << 8 | first;
}

void from_utf16(std::string_view s, bool big_endian, std::string_view name, std::string& out) {
  if (s.size() % 2 != 0)
    throw DataError(
        cat(name, ": UTF-16 text of ", s.size(), " bytes, half a character is missing"));
  std::int64_t line = 1;
  for (std::size_t at = 0; at < s.size(); at += 2) {
    std::uint32_t c = unit(s, at, big_endian);
    if (c == '\n') ++line;
    if (c >= 0xd800 && c < 0xe000) {
      const std::uint32_t low = at + 4 <= s.size() ? unit(s, at + 2, big_endian) : 0;
      if (c >= 0xdc00 || low < 0xdc00 || low >= 0xe000)
        throw DataError(cat(name, ": line ", line, " holds half a character of UTF-16"));
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
      at += 2;
    }
    put(out, c);
  }
}

/// The characters 0x80 to 0x9f of Windows-1252; five are not assigned and stay what they are.
constexpr std::array<std::uint16_t, 32> kWindows = {
    0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8d,   0x017d, 0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178};

void from_bytes(std::string_view s, bool windows, std::string& out) {
  for (std::size_t i = 0; i < s.size(); ++i) {
    const std::uint8_t c = byte(s, i);
    put(out, windows && c >= 0x80 && c < 0xa0 ? kWindows[c - 0x80u] : c);
  }
}

/// UTF-16 without a mark: zeros stand beside every ASCII character, on one side of it. Most
/// characters of a table are ASCII, whatever its language: digits, delimiters, line breaks.
Encoding utf16_by_zeros(std::string_view bytes, std::string_view name) {
  constexpr std::size_t kSample = 1 << 16;
  std::array<std::size_t, 2> zeros{};
  const std::string_view sample = bytes.substr(0, kSample);
  for (std::size_t i = 0; i < sample.size(); ++i) zeros[i % 2] += sample[i] == '\0' ? 1 : 0;
  const std::size_t most = std::max(zeros[0], zeros[1]), least = std::min(zeros[0], zeros[1]);
  if (bytes.size() % 2 != 0 || most * 4 < sample.size() || least * 8 > most)
    throw DataError(cat(name, ": line ", line_of(bytes, bytes.find('\0')),
                        " holds a zero byte, a text file was expected"));
  return zeros[1] > zeros[0] ? Encoding::utf16_le : Encoding::utf16_be;
}

}  // namespace

std::string_view encoding_name(Encoding encoding) {
  switch (encoding) {
    case Encoding::utf8:
      return "UTF-8";
    case Encoding::utf16_le:
      return "UTF-16";
    case Encoding::utf16_be:
      return "UTF-16 (big-endian)";
    case Encoding::windows_1252:
      return "Windows-1252";
    default:
      return "Latin-1";
  }
}

Encoding parse_encoding(std::string_view word) {
  std::string plain;
  for (const char c : word)
    if (c != '-' && c != '_' && c != ' ')
      plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (plain == "utf8" || plain == "ascii" || plain == "utf8sig") return Encoding::utf8;
  if (plain == "utf16" || plain == "utf16le") return Encoding::utf16_le;
  if (plain == "utf16be") return Encoding::utf16_be;
  if (plain == "windows1252" || plain == "cp1252") return Encoding::windows_1252;
  if (plain == "latin1" || plain == "iso88591") return Encoding::latin_1;
  throw Error(cat("an encoding is utf-8, utf-16, utf-16-be, windows-1252 or latin-1, not '",
                  without_controls(std::string(word)), "'"));
}

Encoding find_encoding(std::string_view bytes, std::string_view name) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xff\xfe\0\0"sv) || bytes.starts_with("\0\0\xfe\xff"sv))
    throw DataError(cat(name, ": the text is UTF-32, save it as UTF-8"));
  if (bytes.starts_with(kMarkLe)) return Encoding::utf16_le;
  if (bytes.starts_with(kMarkBe)) return Encoding::utf16_be;
  if (bytes.find('\0') != npos) return utf16_by_zeros(bytes, name);
  const Utf8Count count = count_utf8(bytes);
  if (count.bad == 0) return Encoding::utf8;
  if (bytes.starts_with(kMark8) || count.good > 2 * count.bad)
    refuse_damaged(bytes, count.first_bad, name);
  return Encoding::windows_1252;
}

std::string_view to_utf8(std::string_view bytes, Encoding encoding, std::string_view name,
                         std::string& room) {
  std::string_view text = bytes;
  if (encoding == Encoding::utf8) {
    if (const std::size_t bad = count_utf8(bytes).first_bad; bad != npos)
      refuse_damaged(bytes, bad, name);
    if (text.starts_with(kMark8)) text.remove_prefix(kMark8.size());
  } else {
    room.clear();
    room.reserve(bytes.size());
    const bool big_endian = encoding == Encoding::utf16_be;
    if (encoding == Encoding::utf16_le || big_endian) {
      if (bytes.starts_with(big_endian ? kMarkBe : kMarkLe)) bytes.remove_prefix(2);
      from_utf16(bytes, big_endian, name, room);
    } else {
      from_bytes(bytes, encoding == Encoding::windows_1252, room);
    }
    text = room;
  }
  if (text.size() > kMaxFileBytes) throw DataError(cat(name, ": the text is too long"));
  if (const std::size_t at = text.find('\0'); at != npos)
    throw DataError(
        cat(name, ": line ", line_of(text, at), " holds a zero byte, a text file was expected"));
  return text;
}

}  // namespace chainrule::data
