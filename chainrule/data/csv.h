// Tables as data to learn from, and new rows as data to predict.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "chainrule/data/dataset.h"
#include "chainrule/data/table.h"
#include "chainrule/data/transform.h"

namespace chainrule::data {

using chainrule::Task;

/// What to do about missing cells. mean: the mean of the column's training rows stands for a
/// number; a category has a feature of its own where training rows lack it, else none of the
/// categories. drop: the row is left out. error: the file is refused, with counts by column. A row
/// whose target is missing is left out in any case but error.
enum class Missing { mean, drop, error };

/// Most categories of a text column and most classes of a target.
inline constexpr Index kMaxCategories = 100;
inline constexpr Index kMaxClasses = 1000;

struct CsvOptions {
  /// Columns to predict, as Table::select() takes them; without one that of the file's format.
  std::vector<std::string> targets;
  double test_fraction = 0.2;
  double validation_fraction = 0;  ///< both of all rows
  Index folds = 0, fold = 0;       ///< see PartitionOptions
  bool in_order = false;           ///< the same
  Scaling scaling = Scaling::standardise;
  std::uint64_t seed = 1;  ///< of the split
  /// automatic: classification when the target is text, or whole numbers of two different values,
  /// or of at most 20 with at least five rows each on average; regression otherwise. Of several
  /// targets: multilabel when each has two different values, regression otherwise.
  Task task = Task::automatic;
  Missing missing = Missing::mean;
  // Columns by name, number or pattern:
  std::vector<std::string> ignore;       ///< not used
  std::vector<std::string> categorical;  ///< one feature per value, numbers, too
  std::vector<std::string> numeric;      ///< numbers; any other text in them is refused
  std::vector<std::string> dates;        ///< become days since 1970-01-01
  std::string weight;                    ///< how much a row counts; no feature
  /// The schema of a model that goes on learning: its columns, by name, its kinds, categories,
  /// classes and scaling instead of those that these rows would give.
  const Schema* keep = nullptr;
  bool refit = false;  ///< scaling, means and ranges anew, nonetheless
};

/// A table as training, validation and test part, with the schema that its training rows fix. A
/// column of numbers is a feature, scaled; a column of texts becomes one feature per category
/// ("colour=red"), 1 or 0. Texts that are nearly all different (names, identifiers), with more than
/// kMaxCategories values, or dates, are left out unless `categorical`, `numeric` or `dates` names
/// them. Numbers to predict are scaled like the features. Classes are sorted, as numbers when all
/// are; two-valued labels likewise. Splits::notes says what is surprising.
///
/// Throws DataError with one sentence for: a text among numbers, with what else is strange, a
/// number that is not finite, unknown columns, a target that is the same in every row.
Splits csv(const std::filesystem::path& path, const CsvOptions& options);
Splits csv(Table table, const CsvOptions& options);

/// The inputs of a table whose targets come from elsewhere: all columns, for training. Fills
/// `schema.inputs`; the notes go to the dataset's.
Dataset learn_inputs(Table table, const CsvOptions& options, Schema& schema);

/// A row that cannot be taken, and why.
struct RefusedRow {
  Index row;
  std::string why;
};

struct ApplyOptions {
  bool target = true;  ///< read the target columns; if the table has none, that is an error
  Missing missing = Missing::mean;
  std::string weight;  ///< as CsvOptions::weight
  /// Rows that hold something that cannot be read are left out and told here, instead of an error.
  std::vector<RefusedRow>* refused = nullptr;
};

/// New rows as a model's features, by the names of its inputs: the order does not matter, others
/// are ignored. Dataset::origin says which row of the table each is, Dataset::notes what is
/// surprising: unknown categories, values outside the range of training, with counts. Throws
/// DataError for a column that is not there, a text where a number is needed, or a class that the
/// model does not know.
Dataset apply(const Schema& schema, Table table, const ApplyOptions& options = {});

/// The balanced weight of each class: rows / (classes * rows of the class), as scikit-learn's.
std::vector<double> balanced_weights(const Dataset& data);
/// Multiplies the rows' weights by those of their classes.
void weigh_classes(Dataset& data, const std::vector<double>& by_class);

}  // namespace chainrule::data
