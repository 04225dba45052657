// Data that the library makes.
#include "chainrule/data/csv.h"
#include "chainrule/data/digits.h"
#include "chainrule/data/table_builder.h"
#include "chainrule/io/schema_json.h"
#include "python/src/model.h"

namespace chainrule::python {
namespace {

/// (pictures [N, 784] from 0 to 1, digits [N])
py::tuple arrays_of(const Dataset& data) {
  Array<float> x({data.rows(), data.features.size()});
  data.gather<float>(all_rows(data), {x.mutable_data(), static_cast<std::size_t>(x.size())});
  return py::make_tuple(x, copied(data.classes));
}

py::tuple digits(Index train, Index test, std::uint64_t seed, int threads) {
  Splits splits;
  {
    const py::gil_scoped_release release;
    splits = data::digits({.seed = seed, .train = train, .test = test, .threads = threads});
  }
  return py::make_tuple(arrays_of(splits.train), arrays_of(splits.test));
}

using Columns = std::vector<std::vector<std::string>>;

data::Table table_of(const std::vector<std::string>& names, const Columns& columns) {
  data::TableBuilder builder("x");
  const Index rows = columns.empty() ? 0 : std::ssize(columns[0]);
  for (Index row = 0; row < rows; ++row) {
    for (const auto& column : columns) builder.add(column[static_cast<std::size_t>(row)], row + 1);
    builder.end_row(row + 1);
  }
  builder.set_header(names);
  return builder.finish({});
}

Array<float> features_of(const Dataset& d) {
  return copied(std::span<const float>(d.floats), {d.rows(), d.features.size()});
}

/// (schema with inputs alone, features [N, F]) of a table's columns.
py::tuple learn_table(const std::vector<std::string>& names, const Columns& columns) {
  Schema schema;
  const Dataset d = data::learn_inputs(table_of(names, columns), {}, schema);
  warn(d.notes);
  return py::make_tuple(schema_text(schema), features_of(d));
}

/// Features [N, F] of new rows, by the schema of a model.
Array<float> apply_table(const ModelHandle& h, const std::vector<std::string>& names,
                         const Columns& columns) {
  const Dataset d = data::apply(h.model.schema, table_of(names, columns), {.target = false});
  warn(d.notes);
  return features_of(d);
}

}  // namespace

void bind_data(py::module_& m) {
  m.def("digits", &digits);
  m.def("learn_table", &learn_table);
  m.def("apply_table", &apply_table);
}

}  // namespace chainrule::python
