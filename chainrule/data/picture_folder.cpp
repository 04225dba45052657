#include "chainrule/data/picture_folder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <map>
#include <string>

#include "chainrule/core/error.h"
#include "chainrule/data/file_kind.h"
#include "chainrule/data/image.h"

namespace chainrule::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFolders = 1000;
constexpr std::uint64_t kMostFileBytes = std::uint64_t{64} << 20;
constexpr std::size_t kMostPixelsOfAll = std::size_t{1} << 30;

std::vector<fs::path> sorted_entries(const fs::path& folder, bool folders) {
  std::vector<fs::path> paths;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none))
    if (entry.is_directory(none) == folders && !entry.path().filename().string().starts_with('.'))
      paths.push_back(entry.path());
  std::ranges::sort(paths);
  return paths;
}

bool begins_like_picture(const fs::path& path) {
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) throw DataError(path.string() + ": cannot be read");
  std::array<std::uint8_t, 64> head{};
  const std::size_t n = std::fread(head.data(), 1, head.size(), file);
  std::fclose(file);
  return n > 0 && file_kind(std::span(head).first(n), path.string()) == FileKind::picture;
}

bool has_picture(const fs::path& folder) {
  return std::ranges::any_of(sorted_entries(folder, false), begins_like_picture);
}

bool holds_classes(const fs::path& folder) {
  return std::ranges::any_of(sorted_entries(folder, true), has_picture);
}

enum FolderPart { kTrainFolder, kValidationFolder, kTestFolder, kFolderParts };

/// The part that a folder of that name is, or none.
int part_named(const fs::path& folder) {
  std::string name = folder.filename().string();
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const std::map<std::string, FolderPart> parts = {
      {"train", kTrainFolder},    {"training", kTrainFolder},       {"test", kTestFolder},
      {"testing", kTestFolder},   {"val", kValidationFolder},       {"valid", kValidationFolder},
      {"dev", kValidationFolder}, {"validation", kValidationFolder}};
  const auto it = parts.find(name);
  return it == parts.end() ? -1 : it->second;
}

/// The folders of the parts; a folder of classes alone is the training part.
std::array<fs::path, kFolderParts> parts_of(const fs::path& folder) {
  std::array<fs::path, kFolderParts> parts;
  for (const fs::path& path : sorted_entries(folder, true)) {
    const int part = part_named(path);
    if (part >= 0 && holds_classes(path)) parts[static_cast<std::size_t>(part)] = path;
  }
  if (std::ranges::all_of(parts, [](const fs::path& p) { return p.empty(); }))
    parts[kTrainFolder] = folder;
  return parts;
}

/// Names that are all whole numbers count, others are sorted as text.
void sort_names(std::vector<std::string>& names) {
  const auto number = [](const std::string& s, std::int64_t& value) {
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
    return error == std::errc() && end == s.data() + s.size();
  };
  std::int64_t a = 0, b = 0;
  std::ranges::sort(names);
  if (std::ranges::all_of(names, [&](const std::string& s) { return number(s, a); }))
    std::ranges::stable_sort(names, [&](const std::string& x, const std::string& y) {
      return number(x, a) && number(y, b) && a < b;
    });
}

class FolderReader {
 public:
  explicit FolderReader(const PictureFolderOptions& options) : image_(options.size) {
    colours_ = options.colours;
  }

  /// Classes are those of the training part.
  void find_classes(const fs::path& folder) {
    for (const fs::path& path : sorted_entries(folder, true))
      if (has_picture(path)) names_.push_back(path.filename().string());
    if (names_.size() < 2)
      throw DataError(cat(folder.string(), ": ", names_.size(),
                          " folders with pictures, expected one for each of two classes or more"));
    if (names_.size() > kMostFolders)
      throw DataError(cat(folder.string(), ": ", names_.size(),
                          " folders with pictures, more than the limit of ", kMostFolders,
                          " classes"));
    sort_names(names_);
    if (colours_ == Colours::automatic)
      colours_ = any_colours(folder) ? Colours::colour : Colours::grey;
  }

  Dataset read(const fs::path& part) {
    Dataset d;
    d.class_names = names_;
    for (const fs::path& folder : sorted_entries(part, true)) {
      const auto name = std::ranges::find(names_, folder.filename().string());
      if (name == names_.end()) {
        if (has_picture(folder))
          throw DataError(cat(folder.string(), ": the training part has no class of that name"));
        continue;
      }
      for (const fs::path& file : sorted_entries(folder, false)) {
        if (!begins_like_picture(file)) {
          ++others_;
          continue;
        }
        append(d.bytes, file);
        d.classes.push_back(static_cast<std::int32_t>(name - names_.begin()));
      }
    }
    d.image = image_;
    d.features = {image_.size()};
    return d;
  }

  std::string reading() const {
    std::string text = resized_ > 0 ? cat("pictures, ", grouped(resized_), " resized") : "pictures";
    if (others_ > 0) text += cat(", ", grouped(others_), " other files left out");
    return text;
  }

 private:
  Raster raster(const fs::path& file) const {
    return parse_raster(read_file(file, kMostFileBytes), file.string(), colours_ != Colours::grey);
  }

  bool any_colours(const fs::path& folder) const {
    constexpr int kLookedAt = 5;  // of each class
    for (const std::string& name : names_) {
      int seen = 0;
      for (const fs::path& file : sorted_entries(folder / name, false)) {
        if (!begins_like_picture(file)) continue;
        if (has_colours(raster(file))) return true;
        if (++seen == kLookedAt) break;
      }
    }
    return false;
  }

  void append(Bytes& pixels, const fs::path& file) {
    const Raster r = raster(file);
    if (image_ == Shape()) image_ = {r.height, r.width};
    if (image_.rank() == 2 && colours_ == Colours::colour) image_ = {image_[0], image_[1], 3};
    if (first_.empty()) first_ = file.string();
    if (r.height != image_[0] || r.width != image_[1]) {
      if (!resize_)
        throw DataError(cat(file.string(), " has ", r.width, "×", r.height, " pixels, ", first_,
                            " ", image_[1], "×", image_[0],
                            ": --image-size 28x28 makes all equal"));
      ++resized_;
    }
    const Bytes row = picture_row(r, image_);
    if (pixels.size() + row.size() > kMostPixelsOfAll)
      throw DataError(cat(file.string(), ": with this picture there are more than ",
                          grouped(static_cast<Index>(kMostPixelsOfAll)), " pixels, the limit"));
    pixels.insert(pixels.end(), row.begin(), row.end());
  }

  Shape image_;
  bool resize_ = image_ != Shape();
  Colours colours_ = Colours::automatic;
  std::vector<std::string> names_;
  std::string first_;
  Index resized_ = 0, others_ = 0;
};

}  // namespace

bool is_picture_folder(const fs::path& folder) {
  if (holds_classes(folder)) return true;
  return std::ranges::any_of(sorted_entries(folder, true), [](const fs::path& path) {
    return part_named(path) >= 0 && holds_classes(path);
  });
}

Splits picture_folder(const fs::path& folder, const PictureFolderOptions& options) {
  const auto parts = parts_of(folder);
  if (parts[kTrainFolder].empty())
    throw DataError(cat(folder.string(), ": there is a test part, but no folder 'train'"));
  FolderReader reader(options);
  reader.find_classes(parts[kTrainFolder]);
  Splits s;
  s.train = reader.read(parts[kTrainFolder]);
  for (const auto& [i, to] :
       {std::pair(kValidationFolder, &s.validation), std::pair(kTestFolder, &s.test)})
    *to = parts[i].empty() ? s.train.subset({}) : reader.read(parts[i]);
  const fs::path name = folder.has_filename() ? folder.filename() : folder.parent_path().filename();
  for (Dataset* d : {&s.train, &s.validation, &s.test}) {
    d->name = name.string();
    d->reading = reader.reading();
    d->validate();
  }
  return s;
}

}  // namespace chainrule::data
