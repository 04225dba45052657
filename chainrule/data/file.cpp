#include "chainrule/data/file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "chainrule/core/error.h"
#include "chainrule/data/inflate.h"
#include "chainrule/files/atomic_file.h"

namespace chainrule::data {
namespace {

struct Close {
  void operator()(std::FILE* f) const { std::fclose(f); }
};
using File = std::unique_ptr<std::FILE, Close>;

std::string title(const std::filesystem::path& path) {
  return path == "-" ? "standard input" : path.string();
}

[[noreturn]] void cannot_read(const std::string& name) {
  throw DataError(cat(name, ": cannot be read: ", std::strerror(errno)));
}

}  // namespace

Bytes read_file(const std::filesystem::path& path, std::uint64_t limit) {
  const bool standard_input = path == "-";
  const std::string name = title(path);
  const File opened(standard_input ? nullptr : std::fopen(path.c_str(), "rb"));
  std::FILE* const file = standard_input ? stdin : opened.get();
  struct stat status {};
  if (file == nullptr || fstat(fileno(file), &status) != 0) cannot_read(name);
  if (S_ISCHR(status.st_mode) && isatty(fileno(file)) == 0)
    throw DataError(name + ": a device, which may never end; a file was expected");
  const bool sized = S_ISREG(status.st_mode) && status.st_size > 0;
  if (!sized) limit = std::min(limit, kMaxPipeBytes);
  const auto too_long = [&] {
    throw DataError(cat(name, ": more than ", grouped(static_cast<std::int64_t>(limit)),
                        " bytes, which is the limit", sized ? "" : " of a pipe"));
  };
  if (sized && static_cast<std::uint64_t>(status.st_size) > limit) too_long();

  constexpr std::size_t kBeginning = 1 << 16;
  Bytes bytes;
  std::size_t room = kBeginning;
  for (std::size_t got = 0;;) {
    bytes.resize(got + room);
    const std::size_t n = std::fread(bytes.data() + got, 1, room, file);
    got += n;
    if (got > limit) too_long();
    if (n < room) {
      if (std::ferror(file)) cannot_read(name);
      bytes.resize(got);
      return bytes;
    }
    if (got == kBeginning && std::ranges::count(bytes, 0) == static_cast<long>(kBeginning))
      throw DataError(cat(name, ": begins with ", grouped(kBeginning),
                          " zero bytes: of no kind that can be read"));
    const auto size = static_cast<std::size_t>(status.st_size);
    room = sized && size >= got ? size - got + 1 : got;
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
  return gunzip(bytes, title(path), limit);
}

void write_file(const std::filesystem::path& path, std::span<const std::uint8_t> content) {
  chainrule::write_file(path, {std::as_bytes(content)});
}

}  // namespace chainrule::data
