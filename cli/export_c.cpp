// chainrule export --to c.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "chainrule/data/answer.h"
#include "chainrule/files/atomic_file.h"
#include "chainrule/io/c_code.h"
#include "chainrule/io/c_text.h"
#include "chainrule/train/evaluate.h"
#include "cli/args.h"
#include "cli/describe.h"
#include "cli/export.h"
#include "cli/format.h"

namespace chainrule::cli {
namespace {

constexpr Index kSelfTestRows = 3;

/// Rows that the layers' ranges come from, and rows that were kept from training.
struct Rows8 {
  Dataset calibration, test;
};

Rows8 load_rows(const Model& model, const ExportFlags& flags) {
  const std::string& name = flags.calibrate.name;
  Rows8 rows;
  if (is_file(name)) {
    rows.test = rows.calibration = load_data_for(model, flags.calibrate);
  } else {
    Splits splits = load_data(flags.calibrate);
    rows.calibration = std::move(splits.train), rows.test = std::move(splits.test);
  }
  for (const Dataset* d : {&rows.calibration, &rows.test})
    if (d->features.size() != model.features().size())
      throw DataError(cat("a row of ", name, " has ", counted(d->features.size(), "number"),
                          ", the model expects ", grouped(model.features().size())));
  return rows;
}

std::vector<float> features_of(const Dataset& data, Index rows) {
  rows = std::min(rows, data.rows());
  std::vector<std::int32_t> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  std::vector<float> x(static_cast<std::size_t>(rows * data.features.size()));
  data.gather<float>(order, std::span(x));
  return x;
}

void compare_int8(const Model& model, const Int8Network& net, const Dataset& test,
                  const Terminal& out, JsonObject& json) {
  const std::vector<float> x = features_of(test, test.rows());
  const Tensor<float> y = net.run(x);
  if (test.has_classes()) {
    const Evaluation e = evaluate(model, test);
    Index right = 0;
    for (Index r = 0; r < y.rows(); ++r)
      right += decide(model.schema, y.row(r), false) == test.classes[static_cast<std::size_t>(r)];
    const double accuracy = static_cast<double>(right) / static_cast<double>(y.rows());
    out.labelled("accuracy", cat(percent(e.accuracy), " in float, ", percent(accuracy),
                                 " in int8, of ", counted(y.rows(), "row")));
    json.add("float_accuracy", e.accuracy).add("int8_accuracy", accuracy).add("rows", y.rows());
    return;
  }
  const Tensor<float> expected = predict(model, x).values;
  double difference = 0;
  for (Index r = 0; r < y.rows(); ++r) {
    std::vector<float> answer(y.row(r).begin(), y.row(r).end());
    finish_outputs(model.schema, answer);
    for (Index i = 0; i < y.cols(); ++i)
      difference += std::abs(static_cast<double>(answer[static_cast<std::size_t>(i)]) -
                             static_cast<double>(expected(r, i)));
  }
  difference /= static_cast<double>(y.size());
  out.labelled("int8", cat("differs from float by ", compact(difference), " on average, of ",
                           counted(y.rows(), "row")));
  json.add("mean_difference", difference).add("rows", y.rows());
}

}  // namespace

void export_c(const Model& model, const std::filesystem::path& path, const ExportFlags& flags,
              const Terminal& out, JsonObject& json) {
  const bool data = !flags.calibrate.name.empty();
  if (flags.int8 && !data)
    throw UsageError("--int8 needs --calibrate DATA, the rows from which the ranges are taken");
  if (flags.calibration_rows < 1)
    throw UsageError(cat("--calibration-rows must be at least 1, not ", flags.calibration_rows));
  CCodeOptions options{
      .prefix = flags.prefix.empty() ? c_text::identifier(path.stem().string()) : flags.prefix,
      .source = std::filesystem::path(flags.model).filename().string(),
      .probabilities = flags.probabilities,
      .header = path.extension() == ".h"};
  std::optional<Int8Network> net;
  std::vector<float> test_rows;
  std::optional<Rows8> rows;
  if (data) {
    rows = load_rows(model, flags);
    test_rows = features_of(rows->test.rows() > 0 ? rows->test : rows->calibration, kSelfTestRows);
    options.test_rows = test_rows;
  }
  if (flags.int8) {
    net.emplace(model, features_of(rows->calibration, flags.calibration_rows));
    options.int8 = &*net;
  }
  const CCode code = c_code(model, options);
  write_file(path, code.text);

  json.add("prefix", options.prefix).add("flash", code.flash).add("ram", code.ram);
  out.labelled("memory", cat(counted(code.flash, "byte"), " of constants (flash), ",
                             counted(code.ram, "byte"), " of scratch (RAM)"));
  if (net && rows->test.rows() > 0) compare_int8(model, *net, rows->test, out, json);
  out.labelled("wrote", shell_word(path.string()));
  out.labelled("next", cat("cc -std=c99 -O2 -DCHAINRULE_SELF_TEST ", options.header ? "-x c " : "",
                           shell_word(path.string()), " -lm -o self_test && ./self_test"));
}

}  // namespace chainrule::cli
