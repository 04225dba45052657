#include "chainrule/data/idx.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <set>
#include <tuple>
#include <utility>

#include "chainrule/core/error.h"

namespace chainrule::data {
namespace {

constexpr std::size_t kMostAxes = 8;
constexpr std::int64_t kMostClasses = 1000;

std::uint32_t big_endian(const Bytes& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | bytes[at + i];
  return value;
}

/// The third byte of the file: kind and bytes of an element.
std::pair<char, int> element_type(std::uint8_t code) {
  switch (code) {
    case 0x08:
      return {'u', 1};
    case 0x09:
      return {'i', 1};
    case 0x0b:
      return {'i', 2};
    case 0x0c:
      return {'i', 4};
    case 0x0d:
      return {'f', 4};
    case 0x0e:
      return {'f', 8};
    default:
      return {'?', 0};
  }
}

bool is_transposed(const std::string& name, Transposed transposed) {
  if (transposed != Transposed::automatic) return transposed == Transposed::yes;
  std::string lower = std::filesystem::path(name).filename().string();
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower.find("emnist") != lower.npos;
}

/// Pictures [N, A, B] to [N, B, A].
template <class T>
void transpose(std::vector<T>& pixels, const Shape& image) {
  const Index height = image[0], width = image[1];
  std::vector<T> one(static_cast<std::size_t>(height * width));
  for (auto row = pixels.begin(); row != pixels.end(); row += height * width) {
    for (Index y = 0; y < height; ++y)
      for (Index x = 0; x < width; ++x)
        one[static_cast<std::size_t>(x * height + y)] = row[y * width + x];
    std::ranges::copy(one, row);
  }
}

}  // namespace

NpyArray parse_idx(Bytes file, const std::string& name) {
  const auto refuse = [&](const std::string& why) { throw DataError(cat(name, ": ", why)); };
  if (file.size() < 8) refuse(cat(file.size(), " bytes, too short for the header of an IDX file"));
  NpyArray a;
  std::tie(a.kind, a.item_size) = element_type(file[2]);
  const std::size_t axes = file[3], header = 4 + 4 * axes;
  if (file[0] != 0 || file[1] != 0 || a.item_size == 0 || axes < 1 || axes > kMostAxes) {
    std::array<char, 16> magic{};
    std::snprintf(magic.data(), magic.size(), "0x%08x", big_endian(file, 0));
    refuse(cat("no IDX file: its magic number is ", magic.data(),
               ", expected two zeros, an element type and 1 to 8 axes"));
  }
  if (file.size() < header)
    refuse(
        cat(file.size(), " bytes, too short for the header of an IDX file (", header, " bytes)"));
  const std::uint64_t held = file.size() - header;
  std::uint64_t claimed = static_cast<std::uint64_t>(a.item_size);
  std::string shape;
  bool impossible = false;
  for (std::size_t i = 0; i < axes; ++i) {
    const std::uint32_t length = big_endian(file, 4 + 4 * i);
    a.shape.push_back(length);
    shape += cat(i == 0 ? "" : " x ", length);
    impossible |= __builtin_mul_overflow(claimed, length, &claimed);
  }
  if (impossible || claimed != held)
    refuse(cat("the header promises ", shape, impossible ? "" : " = ",
               impossible ? "" : grouped(static_cast<std::int64_t>(claimed)),
               " bytes, the file holds ", grouped(static_cast<std::int64_t>(held))));
  if (held == 0) refuse(cat("holds nothing (", shape, ")"));
  file.erase(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(header));
  for (auto at = file.begin(); a.item_size > 1 && at != file.end(); at += a.item_size)
    std::reverse(at, at + a.item_size);
  a.bytes = std::move(file);
  return a;
}

LabelledPart labelled_part(NpyArray images, const NpyArray& labels, const std::string& images_name,
                           const std::string& labels_name, Transposed transposed) {
  if (images.shape.size() < 2)
    throw DataError(images_name + ": pictures were expected, the file holds labels");
  if (labels.shape.size() > 2 || labels.kind == 'f')
    throw DataError(labels_name + ": labels were expected, the file holds pictures");
  if (images.shape[0] != labels.shape[0])
    throw DataError(cat(images_name, " holds ", grouped(images.shape[0]), " pictures, but ",
                        labels_name, " holds ", grouped(labels.shape[0]), " labels"));
  LabelledPart part;
  part.labels_name = labels_name;
  const std::vector<std::int64_t> all = labels.as<std::int64_t>();
  const std::size_t step = labels.shape.size() == 2 ? static_cast<std::size_t>(labels.shape[1]) : 1;
  for (std::size_t i = 0; i < all.size(); i += step) part.labels.push_back(all[i]);
  const std::vector<Index> shape = images.shape;
  part.data = npy_dataset(std::move(images), images_name, nullptr, "");
  part.data.reading = "IDX";
  if (shape.size() == 3) {
    part.data.image = {shape[1], shape[2]};
    if (is_transposed(images_name, transposed)) {
      transpose(part.data.bytes, part.data.image);
      transpose(part.data.floats, part.data.image);
      part.data.image = {shape[2], shape[1]};
      part.data.reading += ", transposed";
    }
  }
  return part;
}

void name_classes(std::vector<LabelledPart*> parts, std::int64_t at_least) {
  std::set<std::int64_t> values;
  for (const LabelledPart* part : parts) values.insert(part->labels.begin(), part->labels.end());
  const std::int64_t least = *values.begin() == 1 ? 1 : std::min<std::int64_t>(*values.begin(), 0);
  const std::int64_t greatest = std::max(*values.rbegin(), least == 0 ? at_least - 1 : least);
  // Of 0 and 1,000,000 the difference would overflow nothing, but of the extremes it would.
  const auto range = static_cast<std::uint64_t>(greatest) - static_cast<std::uint64_t>(least);
  if (range < kMostClasses && (range < 2 * values.size() || greatest < at_least))
    for (std::int64_t value = least; value <= greatest; ++value) values.insert(value);
  if (static_cast<std::int64_t>(values.size()) > kMostClasses)
    throw DataError(cat(parts[0]->labels_name, ": ", values.size(),
                        " different labels, more than the limit of ", kMostClasses));
  const std::vector<std::int64_t> sorted(values.begin(), values.end());
  for (LabelledPart* part : parts) {
    part->data.classes.clear();
    for (const std::int64_t label : part->labels)
      part->data.classes.push_back(
          static_cast<std::int32_t>(std::ranges::lower_bound(sorted, label) - sorted.begin()));
    part->data.class_names.clear();
    for (const std::int64_t value : sorted) part->data.class_names.push_back(std::to_string(value));
  }
}

Dataset parse_idx(Bytes images, Bytes labels, const std::string& images_name,
                  const std::string& labels_name, Transposed transposed) {
  NpyArray pictures = parse_idx(std::move(images), images_name);
  LabelledPart part = labelled_part(std::move(pictures), parse_idx(std::move(labels), labels_name),
                                    images_name, labels_name, transposed);
  name_classes({&part});
  return std::move(part.data);
}

Dataset idx(const std::filesystem::path& images, const std::filesystem::path& labels,
            Transposed transposed) {
  Bytes image_bytes = read_plain_or_gzip(images);  // named so that the pictures are read first
  return parse_idx(std::move(image_bytes), read_plain_or_gzip(labels), images.string(),
                   labels.string(), transposed);
}

}  // namespace chainrule::data
