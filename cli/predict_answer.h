// What a model says of one row: for a terminal, as JSON, as cells of a table.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "chainrule/core/json.h"
#include "chainrule/data/schema.h"
#include "cli/terminal.h"

namespace chainrule::cli {

/// What a model says of one row.
struct Answer {
  std::span<const float> values;
  std::int32_t chosen;  ///< class; -1 for anything else
};

/// Of the k-th output: the target's, or "value".
std::string target_name(const Schema& schema, std::size_t k);

/// The class with its probability and the next two, or a cell per target.
std::vector<std::string> on_terminal(const Schema& schema, const Answer& answer,
                                     const Terminal& out);
void in_json(const Schema& schema, const Answer& answer, JsonObject& item);

/// Titles and cells of a CSV file; `proba`: with the probability of each class or label.
std::vector<std::string> csv_titles(const Schema& schema, std::size_t outputs, bool proba);
std::vector<std::string> in_csv(const Schema& schema, const Answer& answer, bool proba);
/// In quotes where it must be.
std::string csv_cell(const std::string& text);

}  // namespace chainrule::cli
