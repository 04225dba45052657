// Tables as data to learn from, and new rows as data to predict.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "chainrule/data/dataset.h"
#include "chainrule/data/table.h"
#include "chainrule/data/transform.h"

namespace chainrule::data {

/// automatic: classification when the target is text, or whole numbers of two different values, or
/// of at most 20 with at least five rows each on average; regression otherwise.
enum class Task { automatic, classification, regression };

/// What to do about empty cells, "NA", "N/A", "NaN", "null" and "?". error: refuse the file and
/// count them by column. drop: leave their rows out. mean: take the mean of the column's training
/// rows (a categorical column: no category); a missing target is still refused.
enum class Missing { error, drop, mean };

/// Most categories of a text column and most classes of a target.
inline constexpr Index kMaxCategories = 100;
inline constexpr Index kMaxClasses = 1000;

struct CsvOptions {
  std::string target;  ///< name of the column to predict
  double test_fraction = 0.2;
  double validation_fraction = 0;  ///< both of all rows
  Scaling scaling = Scaling::standardise;
  std::uint64_t seed = 1;  ///< of the split
  Task task = Task::automatic;
  Missing missing = Missing::error;
  std::vector<std::string> ignore;  ///< columns that are not used
};

/// A table with a header line as training, validation and test part. A column of numbers is a
/// feature, scaled; a column of texts becomes one feature per category ("colour=red"), 1 or 0; a
/// category that the training part does not have is 0 everywhere. Scaling and categories are
/// fitted on the training part only; the target of a regression is scaled like the features.
/// Classes are sorted, as numbers when all are.
///
/// Throws DataError with one sentence for: a ragged row, text in a column where at least nine of
/// ten cells are numbers, a number that is not finite, missing values, too many categories,
/// unknown columns, a target that is the same in every row.
Splits csv(const std::filesystem::path& path, const CsvOptions& options);
Splits csv(const Table& table, const CsvOptions& options);

struct ApplyOptions {
  std::vector<std::string> class_names;  ///< of the model; none for a regression
  bool target = true;                    ///< read the target column, if the table has one
  Missing missing = Missing::error;
};

/// New rows as features, by the names of the columns that a model was trained with: the order does
/// not matter, others are ignored. Throws DataError for a column that is not there, a text where a
/// number is needed, or a class that the model does not know.
Dataset apply(const Preprocess& preprocess, const Table& table, const ApplyOptions& options = {});

}  // namespace chainrule::data
