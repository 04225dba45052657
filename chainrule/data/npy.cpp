#include "chainrule/data/npy.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string>
#include <type_traits>

#include "chainrule/core/error.h"
#include "chainrule/core/half.h"
#include "chainrule/core/plain_text.h"

namespace chainrule::data {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are stored little-endian");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMostAxes = 32;

/// What the dictionary at the beginning of a file says.
struct Header {
  std::string descr;
  bool fortran_order = false;
  std::vector<Index> shape;
};

/// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderParser {
 public:
  HeaderParser(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  Header parse() {
    Header h;
    unsigned seen = 0;
    expect('{');
    while (!take('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr")
        h.descr = quoted(), seen |= 1;
      else if (key == "fortran_order")
        h.fortran_order = boolean(), seen |= 2;
      else if (key == "shape")
        h.shape = numbers(), seen |= 4;
      else
        refuse("has an unknown entry");
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (at_ != text_.size()) refuse("has text after the closing brace");
    if (seen != 7) refuse("lacks 'descr', 'fortran_order' or 'shape'");
    return h;
  }

 private:
  [[noreturn]] void refuse(std::string_view why) const {
    throw DataError(cat(name_, ": the header of the npy file ", why, " (character ", at_ + 1, ")"));
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool take(char c) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) refuse(cat("lacks '", c, "'"));
  }
  std::string quoted() {
    const char quote = take('"') ? '"' : '\'';
    if (quote == '\'') expect('\'');
    const std::size_t end = text_.find(quote, at_);
    if (end == text_.npos) refuse("has a quote that is not closed");
    const std::string s(text_.substr(at_, end - at_));
    at_ = end + 1;
    return s;
  }
  bool boolean() {
    skip_blanks();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return value;
    }
    refuse("has neither True nor False for 'fortran_order'");
  }
  std::vector<Index> numbers() {
    std::vector<Index> all;
    expect('(');
    while (!take(')')) {
      skip_blanks();
      Index n = 0;
      const char* const begin = text_.data() + at_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), n);
      if (error != std::errc() || n < 0) refuse("has a shape that is not a tuple of lengths");
      at_ += static_cast<std::size_t>(end - begin);
      all.push_back(n);
      if (all.size() > kMostAxes) refuse("has a shape of more than 32 axes");
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return all;
  }

  std::string_view text_, name_;
  std::size_t at_ = 0;
};

bool is_supported(std::string_view descr) {
  if (descr.size() != 3 || std::string_view("<>|=").find(descr[0]) == descr.npos) return false;
  const std::string_view type = descr.substr(1);
  constexpr std::string_view kTypes[] = {"b1", "u1", "u2", "u4", "u8", "i1",
                                         "i2", "i4", "i8", "f2", "f4", "f8"};
  if (std::find(std::begin(kTypes), std::end(kTypes), type) == std::end(kTypes)) return false;
  return descr[0] != '|' || type[1] == '1';
}

/// Elements in Fortran order (the first index runs fastest) to C order (the last one does).
Bytes to_c_order(const Bytes& from, std::span<const Index> shape, std::size_t item) {
  Bytes to(from.size());
  std::vector<Index> index(shape.size());
  for (std::size_t i = 0; i < from.size(); i += item) {
    Index place = 0;
    for (std::size_t axis = 0; axis < shape.size(); ++axis)
      place = place * shape[axis] + index[axis];
    std::memcpy(to.data() + static_cast<std::size_t>(place) * item, from.data() + i, item);
    for (std::size_t axis = 0; axis < shape.size() && ++index[axis] == shape[axis]; ++axis)
      index[axis] = 0;
  }
  return to;
}

template <class From, class To>
std::vector<To> convert(const Bytes& bytes) {
  std::vector<To> out(bytes.size() / sizeof(From));
  for (std::size_t i = 0; i < out.size(); ++i) {
    From stored;
    std::memcpy(&stored, bytes.data() + i * sizeof(From), sizeof(From));
    const std::conditional_t<std::is_same_v<From, Half>, float, From> value = stored;
    if constexpr (std::is_floating_point_v<decltype(+value)> && std::is_integral_v<To>) {
      if (!(value >= -0x1p63 && value < 0x1p63))
        throw DataError(cat("element ", i, " is ", value, ", expected an integer"));
    }
    out[i] = static_cast<To>(value);
  }
  return out;
}

}  // namespace

std::string shape_text(std::span<const Index> shape) {
  std::string s = "(";
  for (const Index n : shape) s += cat(n, shape.size() == 1 ? "," : ", ");
  if (shape.size() > 1) s.resize(s.size() - 2);
  return s + ")";
}

template <class T>
std::vector<T> NpyArray::as() const {
  if (kind == 'b') return convert<std::uint8_t, T>(bytes);
  if (kind == 'f' && item_size == 2) return convert<Half, T>(bytes);
  if (kind == 'f') return item_size == 4 ? convert<float, T>(bytes) : convert<double, T>(bytes);
  const bool is_signed = kind == 'i';
  switch (item_size) {
    case 1:
      return is_signed ? convert<std::int8_t, T>(bytes) : convert<std::uint8_t, T>(bytes);
    case 2:
      return is_signed ? convert<std::int16_t, T>(bytes) : convert<std::uint16_t, T>(bytes);
    case 4:
      return is_signed ? convert<std::int32_t, T>(bytes) : convert<std::uint32_t, T>(bytes);
    default:
      return is_signed ? convert<std::int64_t, T>(bytes) : convert<std::uint64_t, T>(bytes);
  }
}

template std::vector<float> NpyArray::as() const;
template std::vector<double> NpyArray::as() const;
template std::vector<std::int64_t> NpyArray::as() const;

NpyArray parse_npy(std::span<const std::uint8_t> file, std::string_view name) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (!text.starts_with(kMagic)) throw DataError(cat(name, ": not a npy file"));
  const std::size_t length_bytes = file.size() > 6 && file[6] == 1 ? 2 : 4;
  const std::size_t start = 8 + length_bytes;
  if (file.size() < start) throw DataError(cat(name, ": the npy file is cut short"));
  if (file[6] < 1 || file[6] > 2 || file[7] != 0)
    throw DataError(
        cat(name, ": npy version ", int{file[6]}, ".", int{file[7]}, ", expected 1.0 or 2.0"));
  std::size_t length = 0;
  for (std::size_t i = length_bytes; i > 0; --i) length = length << 8 | file[7 + i];
  if (length > file.size() - start) throw DataError(cat(name, ": the npy file is cut short"));

  const Header h = HeaderParser(text.substr(start, length), name).parse();
  if (!is_supported(h.descr))
    throw DataError(cat(name, ": elements of type '", without_controls(h.descr.substr(0, 20)),
                        "', expected bool, integers of 1 to 8 bytes or floats of 2, 4 or 8"));
  NpyArray a;
  a.kind = h.descr[1];
  a.item_size = h.descr[2] - '0';
  a.shape = h.shape;
  const auto item = static_cast<std::size_t>(a.item_size);
  std::size_t claimed = item;
  bool overflow = false;
  for (const Index n : h.shape)
    overflow |= __builtin_mul_overflow(claimed, static_cast<std::size_t>(n), &claimed);
  const std::size_t held = file.size() - start - length;
  if (overflow || claimed != held)
    throw DataError(cat(name, ": ", shape_text(h.shape), " elements of ", a.item_size,
                        " bytes were promised, the file holds ", held, " bytes"));

  a.bytes.assign(file.end() - static_cast<std::ptrdiff_t>(held), file.end());
  if (h.descr[0] == '>')
    for (std::size_t i = 0; i < held; i += item)
      std::reverse(a.bytes.begin() + static_cast<std::ptrdiff_t>(i),
                   a.bytes.begin() + static_cast<std::ptrdiff_t>(i + item));
  if (h.fortran_order && h.shape.size() > 1) a.bytes = to_c_order(a.bytes, h.shape, item);
  return a;
}

NpyArray read_npy(const std::filesystem::path& path) {
  return parse_npy(read_plain_or_gzip(path), path.string());
}

template <class T>
Bytes format_npy(std::span<const T> elements, std::span<const Index> shape) {
  std::size_t count = 1;
  for (const Index n : shape) count *= static_cast<std::size_t>(n);
  if (count != elements.size() || shape.size() > kMostAxes)
    throw Error(cat("an array of shape ", shape_text(shape), " was to be written, but there are ",
                    elements.size(), " elements"));
  std::string header = cat("{'descr': '<", std::is_integral_v<T> ? 'i' : 'f', sizeof(T),
                           "', 'fortran_order': False, 'shape': ", shape_text(shape), ", }");
  // Elements begin at a multiple of 64; the header ends in a line feed.
  constexpr std::size_t kStart = 10, kAlign = 64;
  const std::size_t length = (kStart + header.size() + kAlign) / kAlign * kAlign - kStart;
  header.resize(length - 1, ' ');
  header += '\n';
  Bytes file(kMagic.begin(), kMagic.end());
  for (const std::size_t byte : {std::size_t{1}, std::size_t{0}, length & 255, length >> 8})
    file.push_back(static_cast<std::uint8_t>(byte));
  file.insert(file.end(), header.begin(), header.end());
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(elements.data());
  file.insert(file.end(), bytes, bytes + elements.size_bytes());
  return file;
}

template <class T>
void write_npy(const std::filesystem::path& path, std::span<const T> elements,
               std::span<const Index> shape) {
  write_file(path, format_npy(elements, shape));
}

template Bytes format_npy(std::span<const float>, std::span<const Index>);
template Bytes format_npy(std::span<const double>, std::span<const Index>);
template Bytes format_npy(std::span<const std::int32_t>, std::span<const Index>);
template Bytes format_npy(std::span<const std::int64_t>, std::span<const Index>);
template void write_npy(const std::filesystem::path&, std::span<const float>,
                        std::span<const Index>);
template void write_npy(const std::filesystem::path&, std::span<const double>,
                        std::span<const Index>);
template void write_npy(const std::filesystem::path&, std::span<const std::int32_t>,
                        std::span<const Index>);
template void write_npy(const std::filesystem::path&, std::span<const std::int64_t>,
                        std::span<const Index>);

}  // namespace chainrule::data
