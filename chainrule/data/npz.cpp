#include "chainrule/data/npz.h"

#include <algorithm>
#include <memory>
#include <set>
#include <zlib.h>

#include "chainrule/core/error.h"
#include "chainrule/data/inflate.h"

namespace chainrule::data {
namespace {

constexpr std::string_view kSuffix = ".npy";
constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr std::size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22;
constexpr std::size_t kLongestComment = 0xffff;
constexpr std::size_t kMostEntries = 0xfffe;  // 0xffff means "see the ZIP64 record"
constexpr std::uint16_t kStored = 0, kDeflated = 8;
/// No deflate stream holds more than 1,032 times its length.
constexpr std::uint64_t kMostInflation = 1032;

/// An entry of the directory, which is the authority on sizes: numpy's local headers leave theirs
/// to a ZIP64 field.
struct Entry {
  std::string name;
  std::uint16_t flags, method;
  std::uint32_t crc, packed, size, local;
};

class Archive {
 public:
  Archive(std::span<const std::uint8_t> file, std::string_view name) : file_(file), name_(name) {}

  std::vector<Entry> directory() const {
    const std::size_t end = find_end();
    const std::size_t count = u16(end + 10), size = u32(end + 12), start = u32(end + 16);
    if (count > kMostEntries || size == 0xffffffff || start == 0xffffffff)
      refuse("is a ZIP64 archive, expected one below 2 GiB");
    if (u16(end + 4) != 0 || u16(end + 6) != 0 || u16(end + 8) != count)
      refuse("is one part of an archive");
    if (start > end || size > end - start) refuse("names a directory that it does not hold");

    std::vector<Entry> entries;
    std::set<std::string> names;
    std::uint64_t total = 0;
    std::size_t at = start;
    for (std::size_t i = 0; i < count; ++i) {
      need(at, kCentralSize, end);
      if (u32(at) != kCentral) refuse("has a broken directory");
      Entry e{.name = {},
              .flags = u16(at + 8),
              .method = u16(at + 10),
              .crc = u32(at + 16),
              .packed = u32(at + 20),
              .size = u32(at + 24),
              .local = u32(at + 42)};
      const std::size_t length = u16(at + 28), rest = u16(at + 30) + std::size_t{u16(at + 32)};
      at += kCentralSize;
      need(at, length + rest, end);
      e.name.assign(file_.begin() + static_cast<std::ptrdiff_t>(at),
                    file_.begin() + static_cast<std::ptrdiff_t>(at + length));
      at += length + rest;
      check(e);
      total += e.size;
      if (total > kMaxFileBytes) refuse("holds more than 2 GiB, which is the limit");
      if (total > kFreelyPacked && total / kMostTimes > file_.size())
        refuse(cat("holds more than ", kMostTimes, " times its own length, which is refused from ",
                   kFreelyPacked >> 20, " MiB on"));
      e.name.resize(e.name.size() - kSuffix.size());
      if (!names.insert(e.name).second) refuse(cat("holds ", title(e), " twice"));
      entries.push_back(std::move(e));
    }
    check_apart(entries, start);
    return entries;
  }

  Bytes content(const Entry& e) const {
    const std::span<const std::uint8_t> packed = file_.subspan(data_of(e), e.packed);
    Bytes bytes = e.method == kStored ? Bytes(packed.begin(), packed.end()) : inflated(e, packed);
    if (crc32_z(0, bytes.data(), bytes.size()) != e.crc)
      refuse(cat("holds ", title(e), " with a wrong checksum"));
    return bytes;
  }

  /// Names come from the file, so they are shown only when they are plain.
  std::string title(const Entry& e) const {
    const bool plain =
        e.name.size() <= 100 &&
        std::all_of(e.name.begin(), e.name.end(), [](char c) { return c >= ' ' && c <= '~'; });
    return plain ? cat("'", e.name, "'") : "an entry with an unreadable name";
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw DataError(cat(name_, ": the npz file ", why));
  }
  void need(std::size_t at, std::size_t size, std::size_t end) const {
    if (at > end || size > end - at) refuse("is cut short");
  }
  /// Where the packed bytes of an entry begin, all of which are there.
  std::size_t data_of(const Entry& e) const {
    need(e.local, kLocalSize, file_.size());
    if (u32(e.local) != kLocal) refuse(cat("has no header where ", title(e), " should begin"));
    // Two lengths of 16 bits, so nothing overflows.
    const std::size_t start =
        e.local + kLocalSize + u16(e.local + 26) + std::size_t{u16(e.local + 28)};
    need(start, e.packed, file_.size());
    return start;
  }

  /// Entries that share bytes could be unpacked over and over.
  void check_apart(const std::vector<Entry>& entries, std::size_t directory) const {
    std::vector<std::pair<std::size_t, std::size_t>> ranges = {{directory, file_.size()}};
    for (const Entry& e : entries) ranges.emplace_back(e.local, data_of(e) + e.packed);
    std::ranges::sort(ranges);
    for (std::size_t i = 1; i < ranges.size(); ++i)
      if (ranges[i].first < ranges[i - 1].second) refuse("has entries that lie upon each other");
  }

  std::uint16_t u16(std::size_t at) const {
    return static_cast<std::uint16_t>(file_[at] | file_[at + 1] << 8);
  }
  std::uint32_t u32(std::size_t at) const {
    return u16(at) | static_cast<std::uint32_t>(u16(at + 2)) << 16;
  }

  /// The record at the end; only a comment may follow it, whose length it says.
  std::size_t find_end() const {
    if (file_.size() < kEndSize || (u32(0) != kLocal && u32(0) != kEnd))
      throw DataError(cat(name_, ": not a npz file"));
    const std::size_t last = file_.size() - kEndSize;
    for (std::size_t comment = 0; comment <= std::min(last, kLongestComment); ++comment)
      if (const std::size_t at = last - comment; u32(at) == kEnd && u16(at + 20) == comment)
        return at;
    refuse("has no directory at its end, as if it were cut short");
  }

  void check(const Entry& e) const {
    if (e.name.size() <= kSuffix.size() || !e.name.ends_with(kSuffix))
      refuse(cat("holds ", title(e), ", which is not an array: arrays end in .npy"));
    if ((e.flags & 1) != 0) refuse(cat("holds ", title(e), " encrypted"));
    if (e.method != kStored && e.method != kDeflated)
      refuse(cat("holds ", title(e), " in method ", unsigned{e.method},
                 ", expected 0 (stored) or 8 (deflated)"));
    if (e.packed == 0xffffffff || e.size == 0xffffffff)
      refuse("is a ZIP64 archive, expected one below 2 GiB");
    if (e.method == kStored ? e.size != e.packed : e.size > kMostInflation * e.packed)
      refuse(cat("promises ", e.size, " bytes for ", title(e), " out of ", e.packed));
  }

  Bytes inflated(const Entry& e, std::span<const std::uint8_t> packed) const {
    Inflater inflater(packed, -MAX_WBITS, cat(name_, ": the npz file's entry ", title(e)));
    int status = Z_OK;
    while (status == Z_OK && inflater.made() <= e.size && !inflater.starved())
      status = inflater.step();
    if (status != Z_STREAM_END || inflater.made() != e.size || !inflater.rest().empty())
      refuse(cat("holds ", title(e), " in a corrupt stream"));
    return inflater.take();
  }

  std::span<const std::uint8_t> file_;
  std::string_view name_;
};

/// Numbers of a ZIP record, little-endian.
class Record {
 public:
  Record& u16(std::size_t x) {
    bytes_.push_back(static_cast<std::uint8_t>(x));
    bytes_.push_back(static_cast<std::uint8_t>(x >> 8));
    return *this;
  }
  Record& u32(std::size_t x) { return u16(x & 0xffff).u16(x >> 16); }
  void to(Bytes& out) const { out.insert(out.end(), bytes_.begin(), bytes_.end()); }

 private:
  Bytes bytes_;
};

}  // namespace

std::vector<NpzArray> parse_npz(std::span<const std::uint8_t> file, std::string_view name) {
  const Archive archive(file, name);
  std::vector<NpzArray> arrays;
  for (const Entry& entry : archive.directory()) {
    const Bytes npy = archive.content(entry);
    arrays.push_back({entry.name, parse_npy(npy, cat(name, ", array ", archive.title(entry)))});
  }
  return arrays;
}

std::vector<NpzArray> read_npz(const std::filesystem::path& path) {
  return parse_npz(read_file(path), path.string());
}

Bytes format_npz(std::span<const NpzEntry> entries) {
  constexpr std::size_t kVersion = 20, kFirstOfJanuary1980 = 0x21;
  Bytes file, directory;
  std::uint64_t total = 0;
  for (const NpzEntry& e : entries) total += e.npy.size() + 2 * e.name.size() + 100;
  if (total > kMaxFileBytes || entries.size() > kMostEntries)
    throw Error("more than 2 GiB or 65,534 arrays were to be written into one npz file");
  for (const NpzEntry& e : entries) {
    const std::string name = e.name + std::string(kSuffix);
    const auto shared = [&](Record& r) {  // the fields that both headers have in common
      r.u16(kVersion).u16(0).u16(kStored).u16(0).u16(kFirstOfJanuary1980);
      r.u32(crc32_z(0, e.npy.data(), e.npy.size())).u32(e.npy.size()).u32(e.npy.size());
      r.u16(name.size()).u16(0);
    };
    Record local, central;
    local.u32(kLocal), shared(local);
    central.u32(kCentral).u16(kVersion), shared(central);
    central.u16(0).u16(0).u16(0).u32(0).u32(file.size());
    local.to(file), central.to(directory);
    file.insert(file.end(), name.begin(), name.end());
    directory.insert(directory.end(), name.begin(), name.end());
    file.insert(file.end(), e.npy.begin(), e.npy.end());
  }
  Record end;
  end.u32(kEnd).u16(0).u16(0).u16(entries.size()).u16(entries.size());
  end.u32(directory.size()).u32(file.size()).u16(0);
  file.insert(file.end(), directory.begin(), directory.end());
  end.to(file);
  return file;
}

void write_npz(const std::filesystem::path& path, std::span<const NpzEntry> entries) {
  write_file(path, format_npz(entries));
}

}  // namespace chainrule::data
