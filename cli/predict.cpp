// chainrule predict: what a trained model says about new pictures and rows.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/core/json.h"
#include "chainrule/data/csv.h"
#include "chainrule/data/file.h"
#include "chainrule/data/image.h"
#include "chainrule/data/npy.h"
#include "chainrule/train/evaluate.h"
#include "cli/args.h"
#include "cli/format.h"
#include "cli/load_data.h"
#include "cli/ranks.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace chainrule::cli {
namespace {

constexpr std::size_t kTop = 3;

struct PredictFlags {
  std::string model;
  std::vector<std::string> files;
  bool show = false, json = false;
};

/// Rows to predict, and where each comes from.
struct Rows {
  std::vector<std::string> sources;
  std::vector<Index> numbers;  ///< of the row in its file, from 1; 0 for a picture
  std::vector<float> features;
  void add(const std::string& source, Index number) {
    sources.push_back(source), numbers.push_back(number);
  }
};

void add_dataset(Rows& rows, const Dataset& data, const std::string& file, const Model& model) {
  const Index width = model.features().size();
  if (data.features.size() != width)
    throw DataError(cat(file, ": a row has ", counted(data.features.size(), "number"),
                        ", the model expects ", grouped(width)));
  std::vector<std::int32_t> order(static_cast<std::size_t>(data.rows()));
  std::iota(order.begin(), order.end(), 0);
  const std::size_t before = rows.features.size();
  rows.features.resize(before + static_cast<std::size_t>(data.rows() * width));
  data.gather<float>(order, std::span(rows.features).subspan(before));
  for (Index r = 0; r < data.rows(); ++r) rows.add(file, r + 1);
}

/// One line of numbers; false when a word of it is none.
bool parse_numbers(std::string_view line, std::vector<float>& numbers) {
  constexpr std::string_view kSeparators = ",; \t\r";
  for (std::size_t begin = 0; (begin = line.find_first_not_of(kSeparators, begin)) != line.npos;) {
    const std::size_t end = std::min(line.find_first_of(kSeparators, begin), line.size());
    float value = 0;
    const auto [stop, error] = std::from_chars(line.data() + begin, line.data() + end, value);
    if (error != std::errc{} || stop != line.data() + end || !std::isfinite(value)) return false;
    numbers.push_back(value);
    begin = end;
  }
  return true;
}

/// Lines of plain numbers for a model that knows no columns; a first line of names is skipped.
/// Pixels above 1 mean bytes.
void add_plain_rows(Rows& rows, const std::string& file, const Model& model) {
  const data::Bytes bytes = data::read_plain_or_gzip(file);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t width = static_cast<std::size_t>(model.features().size());
  std::vector<float> all;
  Index line_number = 0, count = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::vector<float> numbers;
    const bool ok = parse_numbers(text.substr(begin, end - begin), numbers);
    ++line_number;
    begin = end + 1;
    if (!ok && line_number == 1) continue;
    if (!ok)
      throw DataError(cat(file, ": line ", line_number, " holds something that is no number"));
    if (numbers.empty()) continue;
    if (numbers.size() != width)
      throw DataError(cat(file, ": line ", line_number, " has ", numbers.size(),
                          " numbers, the model expects ", width));
    all.insert(all.end(), numbers.begin(), numbers.end());
    rows.add(file, ++count);
  }
  if (count == 0) throw DataError(cat(file, ": there are no rows of numbers"));
  if (model.preprocess.image.rank() > 0 && *std::max_element(all.begin(), all.end()) > 1)
    for (float& x : all) x /= 255;
  rows.features.insert(rows.features.end(), all.begin(), all.end());
}

void add_picture(Rows& rows, const std::string& file, const Model& model, bool show,
                 const Terminal& out) {
  if (model.preprocess.image.rank() == 0)
    throw DataError(cat(file, ": the model was not trained on pictures"));
  const data::Picture seen = data::as_input(data::read_picture(file), model.preprocess.image);
  if (show) {
    out.line(out.accent(file));
    out.print(data::ascii(seen));
  }
  for (const std::uint8_t pixel : seen.pixels)
    rows.features.push_back(static_cast<float>(pixel) / 255);
  rows.add(file, 0);
}

Rows read_rows(const PredictFlags& flags, const Model& model, const Terminal& out) {
  Rows rows;
  for (const std::string& file : flags.files) {
    if (ends_with(file, ".csv") || ends_with(file, ".txt")) {
      if (model.preprocess.columns.empty())
        add_plain_rows(rows, file, model);
      else
        add_dataset(rows,
                    data::apply(model.preprocess, data::read_table(file),
                                {.class_names = model.class_names, .target = false}),
                    file, model);
    } else if (ends_with(file, ".npy")) {
      add_dataset(rows, data::npy(file), file, model);
    } else {
      add_picture(rows, file, model, flags.show, out);
    }
  }
  return rows;
}

struct Guess {
  std::string name;
  double value;
};

/// The most probable classes of one row, the first is the prediction.
std::vector<Guess> guesses(const Model& model, std::span<const float> values,
                           std::int32_t predicted) {
  std::vector<double> all(values.begin(), values.end());
  if (all.size() == 1) all.insert(all.begin(), 1 - all[0]);  // of the second class
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto first = static_cast<std::size_t>(predicted);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if ((a == first) != (b == first)) return a == first;
    return all[a] > all[b];
  });
  order.resize(std::min(order.size(), kTop));
  std::vector<Guess> top;
  for (const std::size_t c : order)
    top.push_back(
        {c < model.class_names.size() ? model.class_names[c] : std::to_string(c), all[c]});
  return top;
}

std::string where(const Rows& rows, std::size_t row) {
  return rows.sources[row] + (rows.numbers[row] > 0 ? cat("  row ", rows.numbers[row]) : "");
}

int run(const PredictFlags& flags) {
  const Terminal out(flags.json ? stderr : stdout);
  join_ranks(kRankTimeout);
  const Model model = Model::load(flags.model);
  const Rows rows = read_rows(flags, model, out);
  const Predictions result =
      predict(model, rows.features, {.threads = threads_of_rank(0), .exchange = joined_ranks()});
  const bool classes = !result.classes.empty();
  const bool probabilities = model.output_kind() != OutputKind::values;

  std::vector<std::vector<std::string>> lines;
  std::vector<JsonObject> items;
  for (std::size_t r = 0; r < rows.sources.size(); ++r) {
    const std::span<const float> values = result.values.row(static_cast<Index>(r));
    JsonObject item;
    item.add("source", rows.sources[r]).add("row", rows.numbers[r]);
    std::vector<std::string> line = {where(rows, r)};
    if (classes) {
      const std::vector<Guess> top = guesses(model, values, result.classes[r]);
      const char* what = probabilities ? "probability" : "score";
      std::vector<JsonObject> list;
      for (const Guess& g : top) {
        const std::string value = probabilities ? percent(g.value, 1) : compact(g.value);
        line.push_back(list.empty() ? out.good(g.name) : out.dim(g.name));
        line.push_back(list.empty() ? value : out.dim(value));
        list.push_back(JsonObject().add("class", g.name).add(what, g.value));
      }
      item.add("class", top[0].name).add(what, top[0].value).add("top", list);
    } else if (values.size() == 1) {
      line.push_back(compact(static_cast<double>(values[0])));
      item.add("value", values[0]);
    } else {
      for (const float v : values) line.push_back(compact(static_cast<double>(v)));
      item.add("values", std::vector<float>(values.begin(), values.end()));
    }
    lines.push_back(std::move(line));
    items.push_back(std::move(item));
  }

  std::vector<ColumnStyle> columns = {{"from", true}};
  for (std::size_t c = 1; c < lines[0].size(); ++c) {
    if (!classes)
      columns.push_back({c == 1 ? "value" : ""});
    else if (c % 2 == 1)
      columns.push_back({c == 1 ? "class" : c == 3 ? "or" : "", true});
    else
      columns.push_back({""});
  }
  Table::print(out, std::move(columns), lines);
  if (flags.json) Terminal(stdout).line(JsonObject().add("predictions", items).str());
  return kOk;
}

}  // namespace

Command predict_command() {
  Command c;
  c.name = "predict";
  c.shared = true;
  c.usage = "MODEL FILE... [flags]";
  c.summary = "say what a trained model sees in pictures or rows";
  c.about =
      "Pictures (.png, .pgm) are made grey, scaled to the size that the model was trained on, and "
      "turned to bright ink on black. Tables (.csv) need the columns that the model was trained "
      "with, in any order; for a model that knows no columns, lines of plain numbers. Arrays "
      "(.npy) hold a row per sample.\n"
      "Prints the class with its probability and the next two, or the predicted number.";
  c.examples =
      "  chainrule predict run/model.safetensors seven.png --show\n"
      "  chainrule predict run/model.safetensors new_flowers.csv\n"
      "  chainrule predict run/model.safetensors x.npy --json\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<PredictFlags>();
    args.positional("MODEL", &flags->model, "a file written by train");
    args.positional("FILE", &flags->files, "pictures, tables or arrays");
    args.group("Output");
    args.flag("--show", "", &flags->show, "print what the model sees of a picture");
    args.flag("--json", "", &flags->json,
              "the result as one JSON object on standard output, all else on standard error");
    return [flags] { return run(*flags); };
  };
  return c;
}

}  // namespace chainrule::cli
