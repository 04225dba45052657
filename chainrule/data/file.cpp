#include "chainrule/data/file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>
#include <zlib.h>

#include "chainrule/core/atomic_file.h"
#include "chainrule/core/error.h"

namespace chainrule::data {
namespace {

struct Close {
  void operator()(std::FILE* f) const { std::fclose(f); }
};
using File = std::unique_ptr<std::FILE, Close>;

[[noreturn]] void cannot_read(const std::filesystem::path& path) {
  throw DataError(cat(path.string(), ": cannot be read: ", std::strerror(errno)));
}

}  // namespace

Bytes read_file(const std::filesystem::path& path, std::uint64_t limit) {
  const auto too_long = [&] {
    throw DataError(cat(path.string(), ": more than ", grouped(static_cast<std::int64_t>(limit)),
                        " bytes, which is the limit"));
  };
  std::error_code unknown;
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) cannot_read(path);
  const std::uintmax_t size = std::filesystem::file_size(path, unknown);  // not of a pipe
  if (!unknown && size > limit) too_long();

  Bytes bytes;
  std::size_t room = unknown ? 1 << 16 : static_cast<std::size_t>(size) + 1;
  for (std::size_t got = 0;; room = bytes.size()) {
    bytes.resize(got + room);
    const std::size_t n = std::fread(bytes.data() + got, 1, room, file.get());
    got += n;
    if (got > limit) too_long();
    if (n == room) continue;
    if (std::ferror(file.get())) cannot_read(path);
    bytes.resize(got);
    return bytes;
  }
}

Bytes gunzip(std::span<const std::uint8_t> file, std::string_view name, std::uint64_t limit) {
  z_stream z{};
  constexpr int kGzip = 16;
  if (inflateInit2(&z, kGzip + MAX_WBITS) != Z_OK) throw DataError(cat(name, ": out of memory"));
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&z, inflateEnd);

  Bytes out;
  std::size_t made = 0;
  constexpr std::size_t kStep = std::size_t{1} << 30;  // zlib counts in 32 bits
  const std::uint8_t* const last = file.data() + file.size();
  z.next_in = const_cast<std::uint8_t*>(file.data());
  while (true) {
    if (made == out.size())
      out.resize(std::min<std::uint64_t>(std::max<std::size_t>(2 * made, 1 << 16), limit + 1));
    z.avail_in =
        static_cast<uInt>(std::min<std::size_t>(kStep, static_cast<std::size_t>(last - z.next_in)));
    z.avail_out = static_cast<uInt>(std::min(kStep, out.size() - made));
    z.next_out = out.data() + made;
    const int status = inflate(&z, Z_NO_FLUSH);
    made = static_cast<std::size_t>(z.next_out - out.data());
    if (made > limit)
      throw DataError(cat(name, ": the gzip stream holds more than ",
                          grouped(static_cast<std::int64_t>(limit)), " bytes, which is the limit"));
    const auto left = static_cast<std::size_t>(last - z.next_in);
    if (status == Z_STREAM_END) {
      if (left == 0) break;
      if (left < 2 || z.next_in[0] != 0x1f || z.next_in[1] != 0x8b)
        throw DataError(cat(name, ": ", left, " bytes follow the end of the gzip stream"));
      inflateReset(&z);
    } else if (status == Z_BUF_ERROR || (status == Z_OK && left == 0 && z.avail_out > 0)) {
      throw DataError(cat(name, ": the gzip stream is cut short after ",
                          grouped(static_cast<std::int64_t>(made)), " bytes of content"));
    } else if (status != Z_OK) {
      throw DataError(cat(name, ": the gzip stream is corrupt (", z.msg ? z.msg : "unknown", ")"));
    }
  }
  out.resize(made);
  return out;
}

Bytes read_plain_or_gzip(const std::filesystem::path& path, std::uint64_t limit) {
  Bytes bytes = read_file(path, limit);
  if (bytes.size() < 2 || bytes[0] != 0x1f || bytes[1] != 0x8b) return bytes;
  return gunzip(bytes, path.string(), limit);
}

void write_file(const std::filesystem::path& path, std::span<const std::uint8_t> content) {
  chainrule::write_file(path, {std::as_bytes(content)});
}

}  // namespace chainrule::data
