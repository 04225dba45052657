// Pictures and their labels: IDX, batches of CIFAR-10, PNG and PGM.
#include <algorithm>
#include <array>
#include <numeric>

#include "chainrule/core/error.h"
#include "chainrule/data/idx.h"
#include "chainrule/data/image.h"
#include "cli/format.h"
#include "cli/inspect.h"
#include "cli/inspect_numbers.h"

namespace chainrule::cli {
namespace {

constexpr std::size_t kCifarRow = 1 + 3 * 32 * 32;  // a class, then the picture
constexpr std::array<const char*, 10> kCifarClasses = {
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
/// Lines of the screen that a drawing may take.
constexpr Index kDrawingLines = 20;

using ByteCounts = std::array<std::int64_t, 256>;

void count_bytes(std::span<const std::uint8_t> bytes, ByteCounts& counts) {
  for (const std::uint8_t byte : bytes) ++counts[byte];
}

/// "mean 33.3 of 255 (0.1307), std 78.6, 80.9 % are zero"
void say_pixels(const ByteCounts& counts, Sheet& sheet) {
  double n = 0, sum = 0, squares = 0;
  for (std::size_t byte = 0; byte < counts.size(); ++byte) {
    const auto value = static_cast<double>(byte), times = static_cast<double>(counts[byte]);
    n += times, sum += times * value, squares += times * value * value;
  }
  const double mean = sum / n, deviation = std::sqrt(std::max(0.0, squares / n - mean * mean));
  const double zeros = static_cast<double>(counts[0]) / n;
  sheet.say("pixels", cat("mean ", fixed(mean, 1), " of 255 (", fixed(mean / 255, 4), "), std ",
                          fixed(deviation, 1), ", ", percent(zeros, 1), " are zero"));
  sheet.json.add("pixel_mean", mean).add("pixel_std", deviation).add("zeros", zeros);
}

/// Rows of each class, from 0 to the greatest.
void show_class_counts(const ByteCounts& counts, std::span<const char* const> names, Sheet& sheet) {
  std::size_t classes = counts.size();
  while (classes > 0 && counts[classes - 1] == 0) --classes;
  const auto rows = static_cast<double>(std::accumulate(counts.begin(), counts.end(), 0LL));
  std::vector<std::vector<std::string>> cells;
  for (std::size_t c = 0; c < classes; ++c)
    cells.push_back({c < names.size() ? names[c] : std::to_string(c), grouped(counts[c]),
                     percent(static_cast<double>(counts[c]) / rows, 1)});
  sheet.table({{"class", true}, {"rows"}, {"share"}}, cells, 20);
  sheet.json.add("class_counts", std::vector<std::int64_t>(
                                     counts.begin(), counts.begin() + static_cast<long>(classes)));
}

void draw_lines(const data::Picture& picture, Sheet& sheet) {
  const std::string drawing = data::ascii(picture);
  sheet.line();
  for (std::size_t begin = 0; begin < drawing.size();) {
    const std::size_t end = std::min(drawing.find('\n', begin), drawing.size());
    sheet.line(drawing.substr(begin, end - begin));
    begin = end + 1;
  }
}

/// The first pictures beside each other, as many as the screen has columns for.
void draw_first(const data::NpyArray& array, Sheet& sheet) {
  const Index height = array.shape[1], width = array.shape[2];
  const Index room = std::min(sheet.width(), 100);
  if (width > room || height > 2 * kDrawingLines) return;
  const Index count = std::min(array.shape[0], room / width);
  Dataset few;
  few.features = {height * width};
  few.image = {height, width};
  few.bytes.assign(array.bytes.begin(),
                   array.bytes.begin() + static_cast<std::ptrdiff_t>(count * height * width));
  draw_lines(data::contact_sheet(few, 1, count), sheet);
}

}  // namespace

void inspect_idx(const InspectedFile& file, Sheet& sheet) {
  const data::NpyArray array = data::parse_idx(file.bytes, file.path);
  const bool labels = array.shape.size() == 1, bytes = array.item_size == 1 && array.kind == 'u';
  if (!bytes || array.shape.size() == 2 || array.shape.size() > 3) {
    sheet.kind("idx", "IDX, an array", file);
    sheet.say("shape", cat(data::shape_text(array.shape), " of ",
                           array.kind == 'f' ? "float" : "int", 8 * array.item_size));
    sheet.json.add("shape", array.shape).add("holds", "array");
    return;
  }
  sheet.kind("idx", labels ? "IDX, labels" : "IDX, pictures", file);
  sheet.say("shape",
            cat(grouped(array.shape[0]), labels ? " labels" : " pictures",
                labels ? std::string()
                       : cat(" of ", array.shape[1], "×", array.shape[2], ", a byte each")));
  sheet.json.add("shape", array.shape).add("holds", labels ? "labels" : "pictures");
  ByteCounts counts{};
  count_bytes(array.bytes, counts);
  if (labels) {
    show_class_counts(counts, {}, sheet);
    return;
  }
  say_pixels(counts, sheet);
  draw_first(array, sheet);
}

bool is_cifar_batch(std::span<const std::uint8_t> bytes) {
  if (bytes.empty() || bytes.size() % kCifarRow != 0) return false;
  for (std::size_t at = 0; at < bytes.size(); at += kCifarRow)
    if (bytes[at] >= kCifarClasses.size()) return false;
  return true;
}

void inspect_cifar(const InspectedFile& file, Sheet& sheet) {
  sheet.kind("cifar-10", "a batch of CIFAR-10", file);
  const auto rows = static_cast<Index>(file.bytes.size() / kCifarRow);
  sheet.say("shape", cat(counted(rows, "picture"), " of 32×32 in colour, each after its class"));
  sheet.json.add("rows", rows);
  ByteCounts classes{}, pixels{};
  const std::span<const std::uint8_t> bytes(file.bytes);
  for (std::size_t at = 0; at < bytes.size(); at += kCifarRow) {
    ++classes[bytes[at]];
    count_bytes(bytes.subspan(at + 1, kCifarRow - 1), pixels);
  }
  say_pixels(pixels, sheet);
  show_class_counts(classes, kCifarClasses, sheet);
}

void inspect_picture(const InspectedFile& file, Sheet& sheet) {
  const bool png = file.text().starts_with("\x89PNG");
  if (file.gzip)
    throw DataError(cat(file.path, ": a picture inside of gzip, expected it as it is"));
  const data::Picture picture = data::read_picture(file.path);
  const std::string_view start = file.text();
  if (png)
    sheet.kind("png", "a PNG picture", file);
  else if (start.starts_with("\xff\xd8"))
    sheet.kind("jpeg", "a JPEG picture", file);
  else if (start.starts_with("BM"))
    sheet.kind("bmp", "a BMP picture", file);
  else
    sheet.kind("pgm", "a PGM picture", file);
  std::string form;
  if (png) {
    // The header's length and name take 16 bytes; width, height, depth and colours follow.
    constexpr std::array<const char*, 7> kColours = {"grey",
                                                     "",
                                                     "in colour",
                                                     "of a palette",
                                                     "grey and transparent",
                                                     "",
                                                     "in colour and transparent"};
    const std::size_t colours = file.bytes[25];
    form = cat(", ", int{file.bytes[24]}, " bits, ",
               colours < kColours.size() ? kColours[colours] : "");
  }
  sheet.say("shape", cat(picture.width, "×", picture.height, form));
  sheet.json.add("width", picture.width).add("height", picture.height);
  ByteCounts counts{};
  count_bytes(picture.pixels, counts);
  say_pixels(counts, sheet);
  if (picture.width <= std::min(sheet.width(), 100) && picture.height <= 2 * kDrawingLines)
    draw_lines(picture, sheet);
}

}  // namespace chainrule::cli
