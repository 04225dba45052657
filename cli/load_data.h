// Data by the name that a person types: a built-in set, MNIST, a table, arrays.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chainrule/data/csv.h"
#include "chainrule/data/dataset.h"
#include "chainrule/data/idx.h"
#include "chainrule/data/table.h"
#include "chainrule/model/model.h"
#include "cli/args.h"

namespace chainrule::cli {

/// How a table is written, as far as the flags say so.
struct TableFlags {
  std::string delimiter, encoding, decimal, comment, quote;
  bool header = false, no_header = false;
  std::vector<std::string> missing;  ///< --missing-value
};
void declare_table_flags(Args& args, TableFlags& flags);
/// Of --missing. Throws UsageError for any other word.
data::Missing missing_of(const std::string& how);
/// Throws UsageError for what a flag cannot mean.
data::TableOptions table_options(const TableFlags& flags);

/// What the flags say about the data, for every command that reads some.
struct DataFlags {
  std::string name;    ///< what stands for DATA
  std::string folder;  ///< --data
  std::string labels;  ///< --labels
  std::vector<std::string> targets, ignore, categorical, numeric, dates;
  std::string task = "auto", missing = "mean", weight;
  std::string scaling;  ///< "": standardise for tables, none for arrays
  std::string image_size, colours = "auto", transposed = "auto";  ///< of pictures
  double test = 0.2;
  std::optional<double> validation;  ///< none: see default_validation()
  std::string split = "random";      ///< or last
  std::int64_t limit = 0, seed = 1;
  std::int64_t folds = 0, fold = 0;  ///< above 1: the test part is a fold, from 0
  TableFlags table;
  const Schema* keep = nullptr;  ///< of a model that goes on learning; none: the data give one
  bool refit = false;            ///< scaling by these data, nonetheless
};

/// Those that a command which trains needs, or a command that only looks.
enum class DataUse { train, look };
void declare_data_flags(Args& args, DataFlags& flags, DataUse use);

/// The part of `rows` rows without a test part of their own that is held back for validation when
/// nothing is said: a tenth, when at least 500 are left to train on. Says so in a note.
double default_validation(const DataFlags& flags, Index rows, std::vector<std::string>& notes);

struct NamedData {
  std::string name, content, about;
};
/// What load_data() knows, for help and for "did you mean".
const std::vector<NamedData>& named_data();

/// Training, validation and test rows. Throws UsageError for a name that it does not know,
/// DataError for what cannot be read. A set without a test part of its own is split.
Splits load_data(const DataFlags& flags);

/// Rows with their targets as `model` wants them: its columns, its scaling, its classes. The test
/// part of named data, all rows of a file. Throws DataError when they do not fit the model.
Dataset load_data_for(const Model& model, const DataFlags& flags);

/// Standard input ("-"), or a file that has not the name of a set.
bool is_file(const std::string& name);

/// What load_data() and load_data_for() do for a file of any kind, told by its content.
Splits load_file(const DataFlags& flags);
Dataset load_file_for(const Model& model, const DataFlags& flags);
/// --transposed. Throws UsageError.
data::Transposed transposed_of(const DataFlags& flags);
/// A file as it is, whatever is to be learnt from it: a table, or the rows of an array or of
/// pictures, or neither where parts must be told apart.
struct RawFile {
  std::optional<data::Table> table;
  std::optional<Dataset> rows;
};
RawFile load_raw(const DataFlags& flags);

/// A table of new rows; its header is known by the names of the model's inputs.
data::Table read_table_for(const Schema& schema, const std::string& file, const TableFlags& flags);

/// "rows.csv" and ".csv": whether a name ends so.
bool ends_with(const std::string& name, const std::string& ending);

}  // namespace chainrule::cli
