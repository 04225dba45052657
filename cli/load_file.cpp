// Data of a file, whose kind is told by its content.
#include <algorithm>
#include <map>
#include <utility>

#include "chainrule/data/array_rows.h"
#include "chainrule/data/csv.h"
#include "chainrule/data/file_kind.h"
#include "chainrule/data/idx.h"
#include "chainrule/data/npy.h"
#include "chainrule/data/npz.h"
#include "cli/format.h"
#include "cli/load_data.h"

namespace chainrule::cli {
namespace {

template <class T>
T choice(const char* flag, const std::string& word, const std::map<std::string, T>& known) {
  if (const auto it = known.find(word); it != known.end()) return it->second;
  std::vector<std::string> names;
  for (const auto& [name, value] : known) names.push_back(name);
  throw UsageError(cat(flag, " expects ", listed(names, "or"), ", not '", word, "'"));
}

std::uint64_t seed_of_file(const DataFlags& flags) {
  return static_cast<std::uint64_t>(flags.seed);
}

data::Scaling scaling_of(const DataFlags& flags, const char* otherwise) {
  return choice<data::Scaling>("--scaling", flags.scaling.empty() ? otherwise : flags.scaling,
                               {{"none", data::Scaling::none},
                                {"standardise", data::Scaling::standardise},
                                {"min_max", data::Scaling::min_max}});
}

Task task_of_flags(const DataFlags& flags) {
  return choice<Task>("--task", flags.task,
                      {{"auto", Task::automatic},
                       {"classification", Task::classification},
                       {"regression", Task::regression},
                       {"multilabel", Task::multilabel}});
}

data::CsvOptions csv_options(const data::Table& table, const DataFlags& flags) {
  if (flags.targets.empty() && table.target.empty() && flags.keep == nullptr) {
    std::vector<std::string> columns = table.header;
    if (columns.size() > 12) columns.resize(12), columns.push_back("…");
    throw UsageError(cat("--target is missing: which column of ", flags.name, " is to be learnt, ",
                         listed(columns, "or"), "? (-1 is the last)"));
  }
  data::CsvOptions options;
  options.task = task_of_flags(flags);
  options.scaling = scaling_of(flags, "standardise");
  options.missing = missing_of(flags.missing);
  options.test_fraction = flags.test;
  options.folds = flags.folds, options.fold = flags.fold;
  options.in_order = flags.split == "last";
  options.seed = seed_of_file(flags);
  options.ignore = flags.ignore;
  options.categorical = flags.categorical, options.numeric = flags.numeric;
  options.dates = flags.dates, options.weight = flags.weight;
  options.targets = flags.targets;
  options.keep = flags.keep, options.refit = flags.refit;
  return options;
}

/// A file in memory, unpacked.
struct DataFile {
  std::string name;
  data::Bytes bytes;
  data::FileKind kind;

  explicit DataFile(const std::string& path)
      : name(path == "-" ? "standard input" : path),
        bytes(data::read_plain_or_gzip(path)),
        kind(data::file_kind(bytes, name)) {
    switch (kind) {
      case data::FileKind::foreign:
        throw DataError(cat(name, " is ", data::how_to_convert(bytes)));
      case data::FileKind::safetensors:
      case data::FileKind::onnx:
        throw DataError(name + " is a model or weights, data was expected");
      case data::FileKind::picture:
        throw DataError(name + " is one picture; to learn takes a folder with a folder per class");
      case data::FileKind::unknown:
        throw DataError(name +
                        " is of no kind that is known here: no table, ARFF, libsvm, npy, npz or "
                        "IDX file");
      default:
        break;
    }
  }
  bool is_table() const {
    return kind == data::FileKind::table || kind == data::FileKind::arff ||
           kind == data::FileKind::libsvm;
  }
  data::Table table(const data::TableOptions& options) const {
    return data::parse_table({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, name,
                             options);
  }
};

data::TableOptions known_to(const Schema& schema, const TableFlags& flags) {
  data::TableOptions options = table_options(flags);
  for (const Input& input : schema.inputs) options.known.push_back(input.name);
  return options;
}

/// The array of a file: the only one of an npz file.
data::NpyArray array_of(const DataFile& file) {
  if (file.kind == data::FileKind::npy) return data::parse_npy(file.bytes, file.name);
  if (file.kind == data::FileKind::idx) return data::parse_idx(file.bytes, file.name);
  if (file.kind != data::FileKind::npz)
    throw DataError(file.name + ": an array (.npy) was expected");
  std::vector<data::NpzArray> arrays = data::parse_npz(file.bytes, file.name);
  if (arrays.size() != 1)
    throw DataError(cat(file.name, ": one array was expected, there are ", arrays.size()));
  return std::move(arrays[0].array);
}

/// Arrays: with --labels from two files, else the parts of an npz file.
Splits arrays(const DataFile& file, const DataFlags& flags) {
  Splits s;
  if (flags.labels.empty() && file.kind == data::FileKind::npz) {
    s = data::npz_dataset(data::parse_npz(file.bytes, file.name), file.name);
    if (!s.train.has_classes() && s.train.target_size() == 0)
      throw UsageError(cat(file.name,
                           " holds no targets beside its inputs: --labels FILE names "
                           "them"));
    return s;
  }
  if (flags.labels.empty())
    throw UsageError("--labels FILE is missing: the array of the classes or numbers to learn");
  const DataFile labels(flags.labels);
  if (file.kind == data::FileKind::idx && labels.kind == data::FileKind::idx) {
    s.train =
        data::parse_idx(file.bytes, labels.bytes, file.name, labels.name, transposed_of(flags));
    s.validation = s.test = s.train.subset({});
    return s;
  }
  const data::NpyArray y = array_of(labels);
  s.train = data::npy_dataset(array_of(file), file.name, &y, labels.name, task_of_flags(flags));
  s.validation = s.test = s.train.subset({});
  return s;
}

}  // namespace

data::Missing missing_of(const std::string& how) {
  return choice<data::Missing>("--missing", how,
                               {{"error", data::Missing::error},
                                {"drop", data::Missing::drop},
                                {"mean", data::Missing::mean}});
}

data::Transposed transposed_of(const DataFlags& flags) {
  return choice<data::Transposed>("--transposed", flags.transposed,
                                  {{"auto", data::Transposed::automatic},
                                   {"no", data::Transposed::no},
                                   {"yes", data::Transposed::yes}});
}

Splits load_file(const DataFlags& flags) {
  const DataFile file(flags.name);
  Splits s;
  if (file.is_table()) {
    const data::Table table = file.table(table_options(flags.table));
    data::CsvOptions options = csv_options(table, flags);
    std::vector<std::string> notes;
    options.validation_fraction =
        flags.validation ? *flags.validation : default_validation(flags, table.rows(), notes);
    s = data::csv(table, options);
    s.notes.insert(s.notes.begin(), notes.begin(), notes.end());
    for (Dataset* part : {&s.train, &s.validation, &s.test}) part->reading = table.how();
    return s;
  }
  s = arrays(file, flags);
  s.notes = std::exchange(s.train.notes, {});
  const bool anew = flags.keep == nullptr;
  const Task asked = task_of_flags(flags);
  s.schema.task = asked == Task::automatic ? data::task_of(s.train) : asked;
  const data::Scaling scaling = scaling_of(flags, "none");
  if (scaling != data::Scaling::none && (anew || flags.refit)) data::scale_features(s, scaling);
  if (scaling != data::Scaling::none && anew && s.schema.task == Task::regression)
    data::scale_targets(s, scaling);
  if (anew) return s;
  Schema kept = *flags.keep;
  if (flags.refit) kept.inputs.clear();
  data::keep_schema(kept, s);
  return s;
}

Dataset load_file_for(const Model& model, const DataFlags& flags) {
  const DataFile file(flags.name);
  if (!file.is_table()) {
    DataFlags as_trained = flags;
    as_trained.task = to_string(model.schema.task);
    Splits s = arrays(file, as_trained);
    Dataset rows = s.test.rows() > 0 ? std::move(s.test) : std::move(s.train);
    data::prepare_rows(model.schema, rows);
    data::prepare_targets(model.schema, rows);
    return rows;
  }
  if (!model.schema.has_columns())
    throw DataError(cat("the model was not trained on a table, so the columns of ", file.name,
                        " mean nothing to it"));
  const data::Table table = file.table(known_to(model.schema, flags.table));
  Dataset rows = data::apply(model.schema, table,
                             {.missing = missing_of(flags.missing), .weight = flags.weight});
  rows.reading = table.how();
  return rows;
}

data::Table read_table_for(const Schema& schema, const std::string& file, const TableFlags& flags) {
  const DataFile rows(file);
  if (!rows.is_table()) throw DataError(rows.name + ": a table was expected");
  return rows.table(known_to(schema, flags));
}

RawFile load_raw(const DataFlags& flags) {
  const DataFile file(flags.name);
  if (file.is_table()) return {file.table(table_options(flags.table)), {}};
  if (file.kind == data::FileKind::npz) return {};
  data::NpyArray array = array_of(file);
  const std::vector<Index> shape = array.shape;
  Dataset rows = data::npy_dataset(std::move(array), file.name, nullptr, "");
  if (file.kind == data::FileKind::idx && shape.size() == 3) rows.image = {shape[1], shape[2]};
  return {{}, std::move(rows)};
}

}  // namespace chainrule::cli
