// Which arrays of an npz file are the inputs and which are what is to be learnt, by their names.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "chainrule/core/error.h"
#include "chainrule/data/npz.h"
#include "chainrule/data/table.h"

namespace chainrule::data {
namespace {

enum Part { kTrain, kValidation, kTest, kParts };
enum Role { kInputs, kTargets, kRoles };

constexpr std::array<const char*, kParts> kPartNames = {"training", "validation", "test"};

struct Named {
  Part part;
  Role role;
};

/// "x_train", "y_test", "X", "labels", "val_images", "arr_0": a role, and perhaps a part.
std::optional<Named> meaning(std::string_view name) {
  constexpr std::pair<std::string_view, Part> kParts[] = {{"train", kTrain},
                                                          {"training", kTrain},
                                                          {"val", kValidation},
                                                          {"valid", kValidation},
                                                          {"validation", kValidation},
                                                          {"dev", kValidation},
                                                          {"test", kTest},
                                                          {"t10k", kTest}};
  constexpr std::pair<std::string_view, Role> kRoles[] = {
      {"x", kInputs},        {"data", kInputs},    {"image", kInputs},    {"images", kInputs},
      {"imgs", kInputs},     {"feature", kInputs}, {"features", kInputs}, {"input", kInputs},
      {"inputs", kInputs},   {"arr0", kInputs},    {"y", kTargets},       {"label", kTargets},
      {"labels", kTargets},  {"target", kTargets}, {"targets", kTargets}, {"class", kTargets},
      {"classes", kTargets}, {"arr1", kTargets}};
  std::string plain;
  for (const char c : name) {
    if (c == '_' || c == '-' || c == '.' || c == '/') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  for (const auto& [word, role] : kRoles) {
    if (plain == word) return Named{kTrain, role};
    for (const auto& [which, part] : kParts)
      if (plain == std::string(word) + std::string(which) ||
          plain == std::string(which) + std::string(word))
        return Named{part, role};
  }
  return {};
}

std::string names_of(const std::vector<NpzArray>& arrays) {
  constexpr std::size_t kMost = 10;
  std::string list;
  for (std::size_t i = 0; i < std::min(arrays.size(), kMost); ++i)
    list += (i > 0 ? ", " : "") + shown(arrays[i].name);
  return list + (arrays.size() > kMost ? ", ..." : "");
}

}  // namespace

Splits npz_dataset(std::vector<NpzArray> arrays, const std::string& name) {
  std::array<std::array<NpzArray*, kRoles>, kParts> found{};
  const std::string all = names_of(arrays);
  for (NpzArray& a : arrays) {
    const auto named = meaning(a.name);
    if (!named) continue;
    NpzArray*& place = found[named->part][named->role];
    if (place != nullptr)
      throw DataError(cat(name, ": both ", shown(place->name), " and ", shown(a.name),
                          " could be the ", kPartNames[named->part], " part"));
    place = &a;
  }
  if (found[kTrain][kInputs] == nullptr && arrays.size() == 1) found[kTrain][kInputs] = &arrays[0];
  if (found[kTrain][kInputs] == nullptr)
    throw DataError(cat(name, ": which array holds the inputs? There are ", all,
                        "; expected x and y, or x_train, y_train, x_test and y_test"));
  Splits s;
  for (const Part part : {kTrain, kValidation, kTest}) {
    auto [x, y] = found[part];
    if (x == nullptr && y == nullptr) continue;
    if (x == nullptr)
      throw DataError(cat(name, ": the array ", shown(y->name), " has no inputs beside it"));
    const auto title = [&](const NpzArray& a) { return cat(name, ", array ", shown(a.name)); };
    Dataset& d = part == kTrain ? s.train : part == kTest ? s.test : s.validation;
    d = npy_dataset(std::move(x->array), title(*x), y == nullptr ? nullptr : &y->array,
                    y == nullptr ? "" : title(*y));
    d.name = std::filesystem::path(name).stem().string();
    if (d.features != s.train.features || d.image != s.train.image)
      throw DataError(cat(name, ": rows of the ", kPartNames[part], " part have the shape ",
                          d.features.str(), ", those of the training part ",
                          s.train.features.str()));
  }
  const std::array<Dataset*, 3> parts = {&s.train, &s.validation, &s.test};
  std::size_t classes = 0;  // a part may lack the last ones
  for (const Dataset* d : parts) classes = std::max(classes, d->class_names.size());
  for (Dataset* d : parts) {
    if (d->rows() == 0) *d = s.train.subset({});
    for (std::size_t c = d->class_names.size(); d->has_classes() && c < classes; ++c)
      d->class_names.push_back(std::to_string(c));
  }
  return s;
}

Splits npz(const std::filesystem::path& path) { return npz_dataset(read_npz(path), path.string()); }

}  // namespace chainrule::data
