// zlib's inflate for content whose length nobody vouches for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct z_stream_s;

namespace chainrule::data {

/// Content of at most this many bytes may be packed as tightly as the format allows; more must not
/// be over kMostTimes the length of its packed form. So a small file cannot fill the memory.
inline constexpr std::size_t kFreelyPacked = std::size_t{16} << 20;
inline constexpr std::size_t kMostTimes = 200;

/// Unpacks bytes in memory, step by step. The content is kept in pieces, so that memory grows with
/// what the stream really holds.
class Inflater {
 public:
  /// `window` as inflateInit2() takes it; `what` begins the sentence of an error ("f.gz: the gzip
  /// stream"). The bytes must outlive this.
  Inflater(std::span<const std::uint8_t> packed, int window, std::string what);
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater();

  /// Unpacks some more; what inflate() returns. Throws DataError for content that is too large for
  /// its packed form.
  int step();
  /// For the next stream, which begins where the last one ended.
  void reset();

  std::size_t made() const { return made_; }
  /// The bytes that are not used yet.
  std::span<const std::uint8_t> rest() const;
  /// Has the last step stopped for want of input?
  bool starved() const;
  /// What zlib says is wrong.
  std::string problem() const;

  /// All content; leaves none.
  std::vector<std::uint8_t> take();

 private:
  struct Piece {
    std::unique_ptr<std::uint8_t[]> bytes;
    std::size_t size = 0, used = 0;
  };

  std::unique_ptr<z_stream_s> z_;
  std::span<const std::uint8_t> packed_;
  std::string what_;
  std::vector<Piece> pieces_;
  std::size_t made_ = 0;
};

}  // namespace chainrule::data
