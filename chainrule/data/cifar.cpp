#include "chainrule/data/cifar.h"

#include <span>
#include <string>
#include <string_view>

#include "chainrule/core/error.h"
#include "chainrule/data/file.h"
#include "chainrule/data/tar.h"

namespace chainrule::data {
namespace {

namespace fs = std::filesystem;

constexpr Index kSide = 32, kPlane = kSide * kSide, kPixels = 3 * kPlane;
constexpr std::size_t kRecord = 1 + kPixels;  // the class, then the picture
constexpr std::uint64_t kMostUnpacked = std::uint64_t{256} << 20;
constexpr const char* kArchive = "cifar-10-binary.tar.gz";
constexpr const char* kInside = "cifar-10-batches-bin";
constexpr const char* kClasses[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                    "dog",      "frog",       "horse", "ship", "truck"};

void append(Dataset& d, std::span<const std::uint8_t> batch, const std::string& file) {
  if (batch.empty() || batch.size() % kRecord != 0)
    throw DataError(cat(file, ": ", batch.size(), " bytes, expected a multiple of ", kRecord,
                        " (a class and a picture)"));
  d.bytes.reserve(d.bytes.size() + batch.size());
  for (std::size_t at = 0; at < batch.size(); at += kRecord) {
    if (batch[at] >= std::size(kClasses))
      throw DataError(cat(file, ": class ", int{batch[at]}, " of picture ", at / kRecord + 1,
                          ", expected 0 to 9"));
    d.classes.push_back(batch[at]);
    // Three planes become the colours of each pixel side by side, as in all other pictures.
    const auto picture = batch.subspan(at + 1, kPixels);
    for (Index i = 0; i < kPlane; ++i)
      for (Index colour = 0; colour < 3; ++colour)
        d.bytes.push_back(picture[static_cast<std::size_t>(colour * kPlane + i)]);
  }
}

/// `add(part, name)` for each of the six files.
template <class F>
void each_batch(Splits& s, F add) {
  for (int i = 1; i <= 5; ++i) add(s.train, cat("data_batch_", i, ".bin"));
  add(s.test, std::string("test_batch.bin"));
}

Splits empty() {
  Splits s;
  for (Dataset* d : {&s.train, &s.test}) {
    d->name = "cifar-10";
    d->features = {kPixels};
    d->image = {kSide, kSide, 3};
    d->class_names.assign(std::begin(kClasses), std::end(kClasses));
  }
  return s;
}

}  // namespace

Splits parse_cifar10(std::span<const std::uint8_t> tar, const std::string& name) {
  Splits s = empty();
  const std::vector<TarEntry> entries = parse_tar(tar, name);
  each_batch(s, [&](Dataset& part, const std::string& file) {
    for (const TarEntry& entry : entries)
      if (entry.name == cat(kInside, "/", file)) return append(part, entry.content, file);
    throw DataError(cat(name, ": the archive holds no ", kInside, "/", file));
  });
  s.validation = s.train.subset({});
  return s;
}

Splits cifar10(const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder / kArchive, ignored)) {
    const std::string name = (folder / kArchive).string();
    return parse_cifar10(gunzip(read_file(folder / kArchive, kMostUnpacked), name, kMostUnpacked),
                         name);
  }
  Splits s = empty();
  const fs::path inside = fs::is_directory(folder / kInside, ignored) ? folder / kInside : folder;
  if (!fs::exists(inside / "test_batch.bin", ignored))
    throw DataError(cat(folder.string(), ": neither ", kArchive, " nor test_batch.bin is there"));
  each_batch(s, [&](Dataset& part, const std::string& file) {
    append(part, read_file(inside / file, kMostUnpacked), (inside / file).string());
  });
  s.validation = s.train.subset({});
  return s;
}

}  // namespace chainrule::data
