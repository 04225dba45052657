#include "cli/load_data.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <numeric>

#include "chainrule/data/array_rows.h"
#include "chainrule/data/cifar.h"
#include "chainrule/data/digits.h"
#include "chainrule/data/idx.h"
#include "chainrule/data/partition.h"
#include "chainrule/data/picture_folder.h"
#include "chainrule/data/toy.h"
#include "cli/cache_folder.h"
#include "cli/format.h"
#include "cli/remote_sets.h"

namespace chainrule::cli {
namespace {

namespace fs = std::filesystem;

/// Test rows for each training row that --limit leaves, as in MNIST.
constexpr std::int64_t kTrainPerTest = 6;

std::string environment(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

/// Where the files of a public set lie: --data, the environment, or what data fetch left.
fs::path files_of(const RemoteSet& set, const DataFlags& flags) {
  if (!flags.folder.empty()) return flags.folder;
  const bool mnist = set.name == "mnist";
  if (const std::string folder = environment("CHAINRULE_MNIST"); mnist && !folder.empty())
    return folder;
  if (const std::string folder = environment("CHAINRULE_DATA"); !folder.empty()) {
    if (fs::is_directory(fs::path(folder) / set.name)) return fs::path(folder) / set.name;
    if (mnist) return folder;
  }
  const fs::path cache = cache_folder(set.name);
  const bool fetched = !cache.empty() &&
                       std::all_of(set.files.begin(), set.files.end(),
                                   [&](const auto& file) { return fs::exists(cache / file.name); });
  if (fetched) return cache;
  throw UsageError(cat("where are the files of ", set.name, "? 'chainrule data fetch ", set.name,
                       "' fetches them; else give --data DIR or set ",
                       mnist ? "CHAINRULE_MNIST" : "CHAINRULE_DATA",
                       "; the set 'digits' is built in and needs no files"));
}

/// The classes that are more than a number.
std::vector<std::string> class_names_of(const std::string& set) {
  if (set == "fashion-mnist")
    return {"T-shirt", "trouser", "pullover", "dress", "coat",
            "sandal",  "shirt",   "sneaker",  "bag",   "ankle boot"};
  if (set == "kmnist") return {"o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"};
  return {};
}

Splits public_set(const RemoteSet& set, const DataFlags& flags) {
  const fs::path folder = files_of(set, flags);
  if (set.name == "cifar-10") return data::cifar10(folder);
  Splits splits = data::mnist(folder, set.name);
  if (const auto names = class_names_of(set.name); !names.empty())
    for (Dataset* part : {&splits.train, &splits.validation, &splits.test})
      part->class_names = names;
  return splits;
}

std::uint64_t seed_of(const DataFlags& flags) { return static_cast<std::uint64_t>(flags.seed); }

data::DigitsOptions digits_options(const DataFlags& flags) {
  data::DigitsOptions options;
  options.seed = seed_of(flags);
  if (flags.limit > 0) {
    options.train = flags.limit;
    options.test = std::max<Index>(1, flags.limit / kTrainPerTest);
  }
  return options;
}

/// The sets that have a name, without MNIST and digits.
const std::map<std::string, std::function<Splits(std::uint64_t)>>& small_sets() {
  static const std::map<std::string, std::function<Splits(std::uint64_t)>> sets = {
      {"and", [](std::uint64_t) { return data::and_gate(); }},
      {"or", [](std::uint64_t) { return data::or_gate(); }},
      {"xor", [](std::uint64_t) { return data::xor_gate(); }},
      {"spiral", [](std::uint64_t seed) { return data::spiral({.seed = seed}); }},
      {"moons", [](std::uint64_t seed) { return data::moons({.seed = seed}); }},
      {"circles", [](std::uint64_t seed) { return data::circles({.seed = seed}); }},
      {"blobs", [](std::uint64_t seed) { return data::blobs({.seed = seed}); }}};
  return sets;
}

Dataset first_rows(const Dataset& data, Index rows) {
  if (rows >= data.rows()) return data;
  std::vector<std::int32_t> numbers(static_cast<std::size_t>(rows));
  std::iota(numbers.begin(), numbers.end(), 0);
  return data.subset(numbers);
}

[[noreturn]] void refuse(const std::string& name) {
  if (name.find('/') != std::string::npos || name.find('.') != std::string::npos) {
    if (!fs::exists(name)) throw DataError(cat("there is no file or folder '", name, "'"));
    throw UsageError(cat("'", name, "' is neither a file nor a folder"));
  }
  std::vector<std::string> names = {"digits"};
  for (const RemoteSet& set : remote_sets()) names.push_back(set.name);
  for (const auto& [known, make] : small_sets()) names.push_back(known);
  throw UsageError(cat("unknown data '", name, "'", did_you_mean(name, names),
                       closest(name, names).empty() ? ", or a file" : ""));
}

/// A folder with one folder per class.
Splits pictures(const fs::path& path, const DataFlags& flags) {
  data::PictureFolderOptions options;
  const std::string& size = flags.image_size;
  if (!size.empty()) {
    Index height = 0, width = 0;
    const char* const end = size.data() + size.size();
    const auto [times, first] = std::from_chars(size.data(), end, height);
    const bool square = times == end;
    if (square) width = height;
    const auto [stop, second] =
        square ? std::from_chars_result{end, {}} : std::from_chars(times + 1, end, width);
    const bool good = first == std::errc() && second == std::errc() && stop == end &&
                      (square || *times == 'x') && height >= 1 && width >= 1 && height <= 1024 &&
                      width <= 1024;
    if (!good)
      throw UsageError(
          cat("--image-size expects height x width such as 28x28, each at most 1024, "
              "not '",
              size, "'"));
    options.size = {height, width};
  }
  const std::map<std::string, data::Colours> known = {{"auto", data::Colours::automatic},
                                                      {"grey", data::Colours::grey},
                                                      {"colour", data::Colours::colour}};
  const auto it = known.find(flags.colours);
  if (it == known.end())
    throw UsageError(cat("--colours expects auto, grey or colour, not '", flags.colours, "'"));
  options.colours = it->second;
  return data::picture_folder(path, options);
}

/// "emnist/emnist-letters": do files of that folder begin so?
bool is_beginning(const fs::path& path) {
  std::error_code none;
  if (!path.has_parent_path() || fs::exists(path, none)) return false;
  for (const auto& entry : fs::directory_iterator(path.parent_path(), none))
    if (entry.path().filename().string().starts_with(path.filename().string())) return true;
  return false;
}

/// Sets whose parts are given; those that must be split are made whole by split_up().
Splits load_parts(const DataFlags& flags) {
  const std::string& name = flags.name;
  if (const RemoteSet* set = find_remote_set(name)) return public_set(*set, flags);
  if (name == "digits") return data::digits(digits_options(flags));
  if (const auto it = small_sets().find(name); it != small_sets().end())
    return it->second(seed_of(flags));
  const fs::path path(name);
  if (data::is_picture_folder(path)) return pictures(path, flags);
  if (fs::exists(path / "test_batch.bin") || fs::exists(path / "cifar-10-binary.tar.gz"))
    return data::cifar10(path);
  if (fs::is_directory(path) || is_beginning(path))
    return data::mnist(path, path.filename().string(), transposed_of(flags));
  refuse(name);
}

/// So that the rows are known after a split.
void number_rows(Dataset& rows) {
  rows.origin.resize(static_cast<std::size_t>(rows.rows()));
  std::iota(rows.origin.begin(), rows.origin.end(), 0);
}

/// Cuts the training rows of a set into all three parts.
void deal_out(Splits& splits, const DataFlags& flags) {
  if (small_sets().contains(flags.name) && flags.folds == 0) return;
  Dataset all = std::move(splits.train);
  number_rows(all);
  const bool whole = splits.test.rows() == 0;
  const double test = whole ? flags.test : 0;
  const double share = flags.validation ? *flags.validation
                       : whole          ? default_validation(flags, all.rows(), splits.notes)
                                        : 0;
  const double left = flags.folds > 0 ? 1 - 1 / static_cast<double>(flags.folds) : 1 - test;
  const data::Partition parts = data::partition(all.rows(), all.classes,
                                                {.test = test,
                                                 .validation = share * left,
                                                 .seed = seed_of(flags),
                                                 .folds = flags.folds,
                                                 .fold = flags.fold,
                                                 .in_order = flags.split == "last"});
  splits.train = all.subset(parts.train);
  splits.validation = all.subset(parts.validation);
  splits.test = all.subset(parts.test);
}

void check_fractions(const DataFlags& flags) {
  if (flags.split != "random" && flags.split != "last")
    throw UsageError(cat("--split expects random or last, not '", flags.split, "'"));
  if (flags.split == "last" && flags.folds > 0)
    throw UsageError("--folds deals out rows at random; --split last keeps their order");
  const double share = flags.validation.value_or(0);
  for (const auto& [flag, value] :
       {std::pair("--test", flags.test), std::pair("--validation", share)})
    if (!(value >= 0 && value < 1))
      throw UsageError(cat(flag, " expects a part of the rows from 0 to below 1, not ", value));
  if (flags.test + share >= 1)
    throw UsageError("--test and --validation leave no rows to train on");
  if (flags.limit < 0) throw UsageError(cat("--limit cannot be ", flags.limit));
}

}  // namespace

double default_validation(const DataFlags& flags, Index rows, std::vector<std::string>& notes) {
  constexpr double kPart = 0.1, kLeast = 500;
  const double left = flags.folds > 0 ? 1 - 1 / static_cast<double>(flags.folds) : 1 - flags.test;
  if (left * static_cast<double>(rows) < kLeast) return 0;
  notes.emplace_back("a tenth of the rows chooses the best epoch (--validation 0: none)");
  return kPart;
}

const std::vector<NamedData>& named_data() {
  static const std::vector<NamedData> all = {
      {"digits", "28×28 pictures, 10 classes", "drawn by the program; needs no files"},
      {"mnist", "28×28 pictures, 10 classes", "chainrule data fetch mnist, or --data DIR"},
      {"fashion-mnist", "28×28 pictures, 10 classes", "chainrule data fetch fashion-mnist"},
      {"kmnist", "28×28 pictures, 10 classes", "chainrule data fetch kmnist"},
      {"cifar-10", "32×32 in colour, 10 classes", "chainrule data fetch cifar-10"},
      {"and, or, xor", "2 inputs, 2 classes", "the four rows of the truth table"},
      {"spiral", "2 inputs, 3 classes", "arms that wind around each other"},
      {"moons", "2 inputs, 2 classes", "two half circles that reach into each other"},
      {"circles", "2 inputs, 2 classes", "a circle in a circle"},
      {"blobs", "2 inputs, 3 classes", "round clouds of points"},
      {"FILE", "a table: .csv and its like, ARFF, libsvm", "--target COLUMN is what to predict"},
      {"FILE.npy", "an array, a row per sample", "--labels FILE.npy is what to predict"},
      {"FILE.npz", "arrays x and y, or x_train, y_train, ...", "as numpy and Keras save them"},
      {"-", "any of these from standard input", "chainrule train - --target y < FILE"},
      {"FOLDER", "pictures, one folder per class", "PNG, JPEG, BMP; --image-size 28x28"},
      {"FOLDER", "IDX files, as those of MNIST and EMNIST", "also gzip"}};
  return all;
}

bool is_file(const std::string& name) {
  std::error_code none;
  return name == "-" ||
         (fs::exists(name, none) && !fs::is_directory(name, none) &&
          find_remote_set(name) == nullptr && name != "digits" && !small_sets().contains(name));
}

Splits load_data(const DataFlags& flags) {
  check_fractions(flags);
  const bool file = is_file(flags.name);
  Splits splits = file ? load_file(flags) : load_parts(flags);
  if (!file && flags.keep != nullptr) data::keep_schema(*flags.keep, splits);
  if (!splits.train.origin.empty()) {
    // A table, which has its parts already.
  } else if (flags.folds > 0 || splits.test.rows() == 0) {
    deal_out(splits, flags);
  } else if (flags.validation > 0.0 && splits.validation.rows() == 0) {
    number_rows(splits.train);
    auto [rest, validation] = split(splits.train, *flags.validation, seed_of(flags));
    splits.train = std::move(rest), splits.validation = std::move(validation);
  }
  if (flags.limit > 0) {
    const Index few = std::max<Index>(1, flags.limit / kTrainPerTest);
    splits.train = first_rows(splits.train, flags.limit);
    splits.validation = first_rows(splits.validation, few);
    splits.test = first_rows(splits.test, few);
  }
  return splits;
}

Dataset load_data_for(const Model& model, const DataFlags& flags) {
  if (is_file(flags.name)) return load_file_for(model, flags);
  if (flags.name == "digits") {
    data::DigitsOptions options = digits_options(flags);
    options.train = 1;  // the test part does not depend on it
    return data::digits(options).test;
  }
  Dataset test = load_data(flags).test;
  data::prepare_targets(model.schema, test);
  return test;
}

bool ends_with(const std::string& name, const std::string& ending) {
  return name.size() > ending.size() &&
         name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
}

}  // namespace chainrule::cli
