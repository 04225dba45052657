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
#include "chainrule/data/inflate.h"

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
  constexpr int kGzip = 16;
  const std::string what = cat(name, ": the gzip stream");
  Inflater inflater(file, kGzip + MAX_WBITS, what);
  while (true) {
    const int status = inflater.step();
    if (inflater.made() > limit)
      throw DataError(cat(what, " holds more than ", grouped(static_cast<std::int64_t>(limit)),
                          " bytes, which is the limit"));
    if (status == Z_STREAM_END) {
      const std::span<const std::uint8_t> rest = inflater.rest();
      if (rest.empty()) return inflater.take();
      if (rest.size() < 2 || rest[0] != 0x1f || rest[1] != 0x8b)
        throw DataError(cat(name, ": ", rest.size(), " bytes follow the end of the gzip stream"));
      inflater.reset();
    } else if (status == Z_BUF_ERROR || (status == Z_OK && inflater.starved())) {
      throw DataError(cat(what, " is cut short after ",
                          grouped(static_cast<std::int64_t>(inflater.made())),
                          " bytes of content"));
    } else if (status != Z_OK) {
      throw DataError(cat(what, " is corrupt (", inflater.problem(), ")"));
    }
  }
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
