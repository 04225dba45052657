// Bytes as a table: training data whose last column is to be learnt, then new rows.
#pragma once

#include <string_view>

#include "chainrule/data/csv.h"

namespace chainrule::fuzz {

inline void read_csv(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const data::Table table = data::parse_table(text, "t.csv");
  data::CsvOptions options{.targets = {table.header.back()}, .validation_fraction = 0.1};
  // Every option gets its turn as texts grow.
  options.missing = static_cast<data::Missing>(text.size() % 3);
  options.scaling = static_cast<data::Scaling>(text.size() / 3 % 3);
  options.task = static_cast<data::Task>(text.size() / 9 % 3);
  const Splits splits = data::csv(table, options);
  splits.train.validate();
  data::apply(splits.schema, table, {.missing = options.missing});
}

}  // namespace chainrule::fuzz
