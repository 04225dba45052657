#include "chainrule/data/idx.h"

#include <array>
#include <cstdio>
#include <utility>

#include "chainrule/core/error.h"

namespace chainrule::data {
namespace {

constexpr std::uint32_t kImages = 0x00000803;  // bytes, three axes
constexpr std::uint32_t kLabels = 0x00000801;  // bytes, one axis

std::uint32_t big_endian(const Bytes& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | bytes[at + i];
  return value;
}

const char* what(std::uint32_t magic) {
  return magic == kImages ? "pictures" : magic == kLabels ? "labels" : "something else";
}

/// Reads the header, checks it against what the file holds, and leaves the elements in `bytes`.
template <std::size_t kAxes>
std::array<Index, kAxes> read_header(const std::string& name, std::uint32_t magic, Bytes& bytes) {
  constexpr std::size_t kHeader = 4 + 4 * kAxes;
  if (bytes.size() < kHeader)
    throw DataError(cat(name, ": ", bytes.size(),
                        " bytes, too short for the header of an IDX file (", kHeader, " bytes)"));
  if (const std::uint32_t got = big_endian(bytes, 0); got != magic) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "0x%08x, expected 0x%08x", got, magic);
    throw DataError(cat(name, ": an IDX file of ", what(magic),
                        " was expected, its magic number says ", what(got), " (", text.data(),
                        ")"));
  }
  std::array<Index, kAxes> axes{};
  const std::uint64_t held = bytes.size() - kHeader;
  std::uint64_t claimed = 1;
  std::string shape;
  bool impossible = false;
  for (std::size_t i = 0; i < kAxes; ++i) {
    const std::uint32_t length = big_endian(bytes, 4 + 4 * i);
    axes[i] = length;
    shape += cat(i == 0 ? "" : " x ", length);
    impossible |= __builtin_mul_overflow(claimed, length, &claimed);
  }
  if (impossible || claimed != held)
    throw DataError(cat(name, ": the header promises ", shape, impossible ? "" : " = ",
                        impossible ? "" : grouped(static_cast<std::int64_t>(claimed)),
                        " bytes, the file holds ", grouped(static_cast<std::int64_t>(held))));
  if (held == 0) throw DataError(cat(name, ": no ", what(magic), " (", shape, ")"));
  bytes.erase(bytes.begin(), bytes.begin() + kHeader);
  return axes;
}

std::filesystem::path find(const std::filesystem::path& folder, const std::string& part,
                           const std::string& format) {
  std::string tried;
  for (const char* zip : {"", ".gz"}) {
    for (const char* joint : {"-", "."}) {
      const std::string name = cat(part, joint, format, zip);
      std::error_code ignored;
      if (std::filesystem::exists(folder / name, ignored)) return folder / name;
      tried += cat(tried.empty() ? "" : ", ", name);
    }
  }
  throw DataError(cat(folder.string(), ": no such file in this folder, looked for ", tried));
}

}  // namespace

IdxArray parse_idx(Bytes file, const std::string& name) {
  if (file.size() >= 4 && big_endian(file, 0) == kLabels) {
    const auto axes = read_header<1>(name, kLabels, file);
    return {{axes.begin(), axes.end()}, std::move(file)};
  }
  const auto axes = read_header<3>(name, kImages, file);
  return {{axes.begin(), axes.end()}, std::move(file)};
}

Dataset parse_idx(Bytes images, Bytes labels, const std::string& images_name,
                  const std::string& labels_name, int classes) {
  const auto [count, height, width] = read_header<3>(images_name, kImages, images);
  const auto [label_count] = read_header<1>(labels_name, kLabels, labels);
  if (count != label_count)
    throw DataError(cat(images_name, " holds ", grouped(count), " pictures, but ", labels_name,
                        " holds ", grouped(label_count), " labels"));
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] >= classes)
      throw DataError(cat(labels_name, ": label ", int{labels[i]}, " of picture ", i + 1,
                          ", expected 0 to ", classes - 1));
  Dataset d;
  d.name = std::filesystem::path(images_name).stem().string();
  d.features = {height * width};
  d.image = {height, width};
  d.bytes = std::move(images);
  d.classes.assign(labels.begin(), labels.end());
  for (int i = 0; i < classes; ++i) d.class_names.push_back(std::to_string(i));
  return d;
}

Dataset idx(const std::filesystem::path& images, const std::filesystem::path& labels, int classes) {
  Bytes image_bytes = read_plain_or_gzip(images);  // named so that the pictures are read first
  return parse_idx(std::move(image_bytes), read_plain_or_gzip(labels), images.string(),
                   labels.string(), classes);
}

Splits mnist(const std::filesystem::path& folder, const std::string& name) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored))
    throw DataError(cat(folder.string(), ": no such folder"));
  const auto part = [&](const std::string& prefix) {
    return std::pair{find(folder, prefix + "-images", "idx3-ubyte"),
                     find(folder, prefix + "-labels", "idx1-ubyte")};
  };
  const auto [train_images, train_labels] = part("train");
  const auto [test_images, test_labels] = part("t10k");
  Splits s;
  s.train = idx(train_images, train_labels);
  s.test = idx(test_images, test_labels);
  if (s.train.image != s.test.image)
    throw DataError(cat(folder.string(), ": training pictures are ", s.train.image.str(),
                        ", test pictures ", s.test.image.str()));
  s.validation = s.train.subset({});
  s.train.name = s.validation.name = s.test.name = name;
  s.preprocess.image = s.train.image;
  return s;
}

}  // namespace chainrule::data
