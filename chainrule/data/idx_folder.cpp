// The IDX files of a folder, under any names.
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

#include "chainrule/core/error.h"
#include "chainrule/data/idx.h"
#include "chainrule/data/inflate.h"

namespace chainrule::data {
namespace {

namespace fs = std::filesystem;

enum IdxPart { kTraining, kValidating, kTesting, kIdxParts };

std::string lower_name(const fs::path& path) {
  std::string lower = path.filename().string();
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

/// The first bytes of a file, unpacked.
Bytes beginning_of(const fs::path& path) {
  constexpr std::size_t kHead = 4096;
  std::error_code none;
  if (!fs::is_regular_file(path, none)) return {};
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return {};
  Bytes head(kHead);
  head.resize(std::fread(head.data(), 1, kHead, file));
  std::fclose(file);
  if (head.size() < 2 || head[0] != 0x1f || head[1] != 0x8b) return head;
  constexpr int kGzip = 16 + 15;
  Inflater inflater(head, kGzip, "");
  inflater.step();
  return inflater.take();
}

/// Which part a name speaks of, and where the word for it begins.
std::pair<std::optional<IdxPart>, std::size_t> part_of(const std::string& name) {
  constexpr std::pair<std::string_view, IdxPart> kWords[] = {
      {"train", kTraining}, {"t10k", kTesting}, {"test", kTesting}, {"val", kValidating}};
  for (const auto& [word, part] : kWords)
    if (const std::size_t at = name.find(word); at != name.npos) return {part, at};
  return {{}, std::min(name.find("images"), name.find("labels"))};
}

struct IdxFiles {
  std::array<fs::path, kIdxParts> images, labels;
};

/// The sets of a folder by what their names have before the part.
std::map<std::string, IdxFiles> sets_in(const fs::path& folder, const std::string& beginning) {
  std::vector<fs::path> paths;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::map<std::string, IdxFiles> sets;
  for (const fs::path& path : paths) {
    if (!path.filename().string().starts_with(beginning)) continue;
    const IdxContent content = idx_content(path);
    if (content == IdxContent::none) continue;
    const auto [part, at] = part_of(lower_name(path));
    std::string set = at == std::string::npos ? "" : lower_name(path).substr(0, at);
    while (set.ends_with('-') || set.ends_with('_') || set.ends_with('.')) set.pop_back();
    IdxFiles& files = sets[set];
    fs::path& place =
        (content == IdxContent::pictures ? files.images : files.labels)[part.value_or(kTraining)];
    if (!place.empty())
      throw DataError(cat(path.string(), " and ", place.filename().string(),
                          " could be the same part: 'train' or 'test' in their names tells"));
    place = path;
  }
  return sets;
}

/// "1 65 97" on a line: label 1 is called A.
std::map<std::string, std::string> mapping_in(const fs::path& folder,
                                              const std::string& beginning) {
  std::map<std::string, std::string> names;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(beginning) || !name.ends_with("mapping.txt")) continue;
    constexpr std::uint64_t kMost = 1 << 20;
    const Bytes bytes = read_file(entry.path(), kMost);
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(line.size() + 1, text.size()));
      const std::size_t blank = line.find(' ');
      if (blank == line.npos) continue;
      int code = 0;
      const char* const begin = line.data() + blank + 1;
      std::from_chars(begin, line.data() + line.size(), code);
      if (code > ' ' && code < 0x7f)
        names[std::string(line.substr(0, blank))] = std::string(1, static_cast<char>(code));
    }
  }
  return names;
}

}  // namespace

IdxContent idx_content(const fs::path& path) {
  const Bytes head = beginning_of(path);
  const bool idx = head.size() >= 8 && head[0] == 0 && head[1] == 0 && head[2] >= 0x08 &&
                   head[2] <= 0x0e && head[3] >= 1 && head[3] <= 8;
  if (!idx) return IdxContent::none;
  if (head[3] == 1) return IdxContent::labels;
  return head[3] == 2 && lower_name(path).find("label") != std::string::npos ? IdxContent::labels
                                                                             : IdxContent::pictures;
}

Splits mnist(const fs::path& path, const std::string& name, Transposed transposed) {
  std::error_code none;
  const bool whole = fs::is_directory(path, none);
  const fs::path folder = whole ? path : path.parent_path();
  if (!fs::is_directory(folder, none)) throw DataError(cat(path.string(), ": no such folder"));
  const std::string beginning = whole ? "" : path.filename().string();
  const std::map<std::string, IdxFiles> sets = sets_in(folder, beginning);
  if (sets.empty() && !whole) throw DataError(cat(path.string(), ": no such folder"));
  if (sets.empty())
    throw DataError(
        cat(path.string(), ": no IDX files are here (pictures and labels, as MNIST has them)"));
  if (sets.size() > 1) {
    std::string list;
    for (const auto& [set, files] : sets) list += (list.empty() ? "'" : ", '") + set + "'";
    throw DataError(cat(path.string(), ": holds several sets, ", list, ": choose one as ",
                        (folder / sets.begin()->first).string()));
  }
  const auto& [prefix, files] = *sets.begin();
  std::array<LabelledPart, kIdxParts> parts;
  std::vector<LabelledPart*> there;
  for (std::size_t i = 0; i < kIdxParts; ++i) {
    if (files.images[i].empty() && files.labels[i].empty()) continue;
    if (files.images[i].empty() || files.labels[i].empty())
      throw DataError(cat((files.images[i].empty() ? files.labels : files.images)[i].string(),
                          ": the ", files.images[i].empty() ? "pictures" : "labels",
                          " that belong to it are missing"));
    NpyArray images = parse_idx(read_plain_or_gzip(files.images[i]), files.images[i].string());
    const NpyArray labels =
        parse_idx(read_plain_or_gzip(files.labels[i]), files.labels[i].string());
    parts[i] = labelled_part(std::move(images), labels, files.images[i].string(),
                             files.labels[i].string(), transposed);
    there.push_back(&parts[i]);
  }
  if (files.images[kTraining].empty())
    throw DataError(cat(path.string(), ": the training part is missing ('train' in its names)"));
  constexpr std::int64_t kDigits = 10;
  name_classes(there, prefix.empty() ? kDigits : 0);
  const std::map<std::string, std::string> called = mapping_in(folder, beginning);
  Splits s;
  s.train = std::move(parts[kTraining].data);
  for (const auto& [i, to] : {std::pair(kValidating, &s.validation), std::pair(kTesting, &s.test)})
    *to = files.images[i].empty() ? s.train.subset({}) : std::move(parts[i].data);
  for (Dataset* d : {&s.train, &s.validation, &s.test}) {
    d->name = name;
    for (std::string& c : d->class_names)
      if (const auto it = called.find(c); it != called.end()) c = it->second;
    if (d->image != s.train.image || d->features != s.train.features)
      throw DataError(cat(folder.string(), ": training pictures are ", s.train.image.str(),
                          ", test pictures ", d->image.str()));
  }
  return s;
}

}  // namespace chainrule::data
