// Rows of a table as features and targets, by a schema; for csv.cpp and apply.cpp.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "chainrule/data/csv.h"

namespace chainrule::data {

/// A schema and the columns of one table that it speaks of.
struct Binding {
  const Schema& schema;
  std::vector<Index> columns, targets;  ///< of each input and target
  Missing missing = Missing::mean;
};

/// Says of the columns that a schema names which are numbers, and what is missing in them.
void tell_kinds(const Schema& schema, Table& table);

/// "age", "colour=red", "colour=green", "colour missing".
std::vector<std::string> feature_names(const Schema& schema);

/// Rows to use: those with all targets, and with all inputs if others are to be dropped. Throws
/// DataError when holes are refused, or no row is left.
std::vector<std::int32_t> usable_rows(const Table& table, const std::vector<Index>& inputs,
                                      const std::vector<Index>& targets, Missing missing,
                                      std::vector<std::string>& notes);

/// Adds name, features, origin and notes to `data`.
void encode(const Table& table, const Binding& binding, std::span<const std::int32_t> rows,
            Dataset& data, std::vector<RefusedRow>* refused = nullptr);
/// Adds what is to be learnt, and the weights, of the rows that encode() took.
void read_targets(const Table& table, const Binding& binding, Dataset& data);
void read_weights(const Table& table, Index column, Dataset& data);

}  // namespace chainrule::data
