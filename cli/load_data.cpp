#include "cli/load_data.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <numeric>

#include "chainrule/core/plain_text.h"
#include "chainrule/data/cifar.h"
#include "chainrule/data/csv.h"
#include "chainrule/data/digits.h"
#include "chainrule/data/idx.h"
#include "chainrule/data/npy.h"
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

template <class T>
T choice(const char* flag, const std::string& word, const std::map<std::string, T>& known) {
  if (const auto it = known.find(word); it != known.end()) return it->second;
  std::vector<std::string> names;
  for (const auto& [name, value] : known) names.push_back(name);
  throw UsageError(cat(flag, " expects ", listed(names, "or"), ", not '", word, "'"));
}

data::Missing missing_of(const DataFlags& flags) {
  return choice<data::Missing>("--missing", flags.missing,
                               {{"error", data::Missing::error},
                                {"drop", data::Missing::drop},
                                {"mean", data::Missing::mean}});
}

Splits table(const DataFlags& flags) {
  data::CsvOptions options;
  options.task = choice<data::Task>("--task", flags.task,
                                    {{"auto", data::Task::automatic},
                                     {"classification", data::Task::classification},
                                     {"regression", data::Task::regression}});
  options.scaling = choice<data::Scaling>("--scaling", flags.scaling,
                                          {{"none", data::Scaling::none},
                                           {"standardise", data::Scaling::standardise},
                                           {"min_max", data::Scaling::min_max}});
  options.missing = missing_of(flags);
  options.test_fraction = flags.test;
  options.validation_fraction = flags.validation;
  options.seed = seed_of(flags);
  options.ignore = flags.ignore;
  options.target = flags.target;
  const data::Table table = data::read_table(flags.name, table_options(flags.table));
  if (flags.target.empty()) {
    std::vector<std::string> columns = table.header;
    if (columns.size() > 12) columns.resize(12), columns.push_back("…");
    throw UsageError(cat("--target is missing: which column of ", flags.name, " is to be learnt, ",
                         listed(columns, "or"), "?"));
  }
  return data::csv(table, options);
}

Dataset arrays(const DataFlags& flags) {
  if (flags.labels.empty())
    throw UsageError("--labels FILE is missing: the array of the classes or numbers to learn");
  return data::npy(flags.name, flags.labels);
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
    throw UsageError(cat("'", name, "' is neither a folder nor a .csv or .npy file"));
  }
  std::vector<std::string> names = {"digits"};
  for (const RemoteSet& set : remote_sets()) names.push_back(set.name);
  for (const auto& [known, make] : small_sets()) names.push_back(known);
  throw UsageError(cat("unknown data '", name, "'", did_you_mean(name, names),
                       closest(name, names).empty() ? ", or a file" : ""));
}

/// Sets whose parts are given; those that must be split are made whole by split_up().
Splits load_parts(const DataFlags& flags) {
  const std::string& name = flags.name;
  if (const RemoteSet* set = find_remote_set(name)) return public_set(*set, flags);
  if (name == "digits") return data::digits(digits_options(flags));
  if (const auto it = small_sets().find(name); it != small_sets().end())
    return it->second(seed_of(flags));
  if (fs::is_directory(name)) return data::mnist(name, fs::path(name).filename().string());
  refuse(name);
}

void check_fractions(const DataFlags& flags) {
  for (const auto& [flag, value] :
       {std::pair("--test", flags.test), std::pair("--validation", flags.validation)})
    if (!(value >= 0 && value < 1))
      throw UsageError(cat(flag, " expects a part of the rows from 0 to below 1, not ", value));
  if (flags.test + flags.validation >= 1)
    throw UsageError("--test and --validation leave no rows to train on");
  if (flags.limit < 0) throw UsageError(cat("--limit cannot be ", flags.limit));
}

}  // namespace

void declare_table_flags(Args& args, TableFlags& flags) {
  args.group("Tables (found out where it is not told)");
  args.flag("--header", "", &flags.header, "the first row has the names of the columns");
  args.flag("--no-header", "", &flags.no_header,
            "it has none: the columns are column1, column2, ...");
  args.flag("--delimiter", "SIGN", &flags.delimiter,
            "between cells: one character, or comma, semicolon, tab, bar, blanks");
  args.flag("--decimal", "SIGN", &flags.decimal, "of numbers: point or comma");
  args.flag("--quote", "SIGN", &flags.quote, "around cells: one character, or none");
  args.flag("--comment", "SIGN", &flags.comment, "begins lines that are no rows, or none");
  args.flag("--encoding", "NAME", &flags.encoding,
            "utf-8, utf-16, utf-16-be, windows-1252 or latin-1");
  args.flag("--missing-value", "[COLUMN=]X", &flags.missing,
            "what else stands for a missing value, in all columns or in one; may be repeated");
}

data::TableOptions table_options(const TableFlags& flags) {
  data::TableOptions o;
  const auto sign = [](const char* flag, const std::string& word,
                       const std::map<std::string, char>& names) -> std::optional<char> {
    if (word.empty()) return {};
    if (const auto it = names.find(word); it != names.end()) return it->second;
    if (word.size() == 1 && word != "\n" && word != "\r") return word[0];
    std::vector<std::string> words;
    for (const auto& [name, value] : names) words.push_back(name);
    throw UsageError(cat(flag, " expects one character, or ", listed(words, "or"), ", not '",
                         without_controls(word), "'"));
  };
  o.delimiter = sign("--delimiter", flags.delimiter,
                     {{"comma", ','},
                      {"semicolon", ';'},
                      {"tab", '\t'},
                      {"\\t", '\t'},
                      {"bar", '|'},
                      {"blanks", ' '}});
  o.decimal = sign("--decimal", flags.decimal, {{"point", '.'}, {"comma", ','}});
  if (o.decimal && *o.decimal != '.' && *o.decimal != ',')
    throw UsageError(cat("--decimal expects point or comma, not '", flags.decimal, "'"));
  o.quote = sign("--quote", flags.quote, {{"none", '\0'}});
  o.comment = sign("--comment", flags.comment, {{"none", '\0'}});
  if (flags.header && flags.no_header)
    throw UsageError("--header and --no-header exclude each other");
  if (flags.header || flags.no_header) o.header = flags.header;
  if (!flags.encoding.empty()) o.encoding = data::parse_encoding(flags.encoding);
  o.missing = flags.missing;
  return o;
}

void declare_data_flags(Args& args, DataFlags& flags, DataUse use) {
  args.group("Data");
  args.flag(
      "--data", "DIR", &flags.folder,
      "folder of the files of mnist and its like; else CHAINRULE_MNIST, CHAINRULE_DATA, or what "
      "data fetch left");
  args.flag("--labels", "FILE", &flags.labels, "classes or numbers that belong to x.npy");
  if (use == DataUse::train) {
    args.flag("--target", "COLUMN", &flags.target, "what to predict, of a .csv file");
    args.flag("--task", "TASK", &flags.task, "classification, regression or auto, for a .csv file");
    args.flag("--ignore", "COLUMN", &flags.ignore, "a column not to use; may be repeated");
    args.flag("--scaling", "HOW", &flags.scaling, "of columns: standardise, min_max or none");
  }
  args.flag("--missing", "HOW", &flags.missing,
            "empty cells are an error, their rows are left out (drop), or become the mean");
  if (use == DataUse::train) {
    args.flag("--test", "PART", &flags.test,
              "part of the rows to test on, where the data has no test part");
    args.flag("--validation", "PART", &flags.validation,
              "part of the training rows that chooses the best epoch");
  }
  args.flag("--limit", "N", &flags.limit, "use N training rows and a sixth as many to test");
  args.flag("--data-seed", "N", &flags.seed, "of data that is made, and of the split");
  declare_table_flags(args, flags.table);
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
      {"FILE.csv", "a table with a header", "--target COLUMN is what to predict"},
      {"FILE.npy", "an array, a row per sample", "--labels FILE.npy is what to predict"},
      {"FOLDER", "four IDX files, named as MNIST's", "also gzip"}};
  return all;
}

Splits load_data(const DataFlags& flags) {
  check_fractions(flags);
  Splits splits;
  if (ends_with(flags.name, ".csv")) {
    splits = table(flags);
  } else if (ends_with(flags.name, ".npy")) {
    const Dataset all = arrays(flags);
    auto [rest, test] = split(all, flags.test, seed_of(flags));
    splits.train = std::move(rest), splits.test = std::move(test);
    splits.preprocess.image = splits.train.image;
  } else {
    splits = load_parts(flags);
  }
  if (flags.validation > 0 && splits.validation.rows() == 0) {
    auto [rest, validation] = split(splits.train, flags.validation, seed_of(flags));
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
  if (ends_with(flags.name, ".csv")) {
    if (model.preprocess.columns.empty())
      throw DataError(cat("the model was not trained on a table, so the columns of ", flags.name,
                          " mean nothing to it"));
    return data::apply(model.preprocess, data::read_table(flags.name, table_options(flags.table)),
                       {.class_names = model.class_names, .missing = missing_of(flags)});
  }
  if (ends_with(flags.name, ".npy")) return arrays(flags);
  if (flags.name == "digits") {
    data::DigitsOptions options = digits_options(flags);
    options.train = 1;  // the test part does not depend on it
    return data::digits(options).test;
  }
  return load_data(flags).test;
}

bool ends_with(const std::string& name, const std::string& ending) {
  return name.size() > ending.size() &&
         name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
}

}  // namespace chainrule::cli
