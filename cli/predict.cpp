// chainrule predict: what a trained model says about new pictures and rows.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "chainrule/core/json.h"
#include "chainrule/files/atomic_file.h"
#include "chainrule/train/evaluate.h"
#include "cli/args.h"
#include "cli/format.h"
#include "cli/predict_answer.h"
#include "cli/predict_rows.h"
#include "cli/ranks.h"
#include "cli/recipe.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace chainrule::cli {
namespace {

struct PredictFlags {
  std::string model, out;
  std::vector<std::string> files;
  TableFlags table;
  std::string missing = "mean";
  bool show = false, json = false, proba = false;
};

class Report {
 public:
  Report(const PredictFlags& flags, const Model& model, const AskedRows& asked,
         const Predictions& result)
      : flags_(flags), schema_(model.schema), asked_(asked), result_(result) {}

  /// f(row, its answer, or null).
  template <class F>
  void each(F f) const {
    Index i = 0;
    for (const AskedRow& row : asked_.rows) {
      if (!row.error.empty()) {
        f(row, static_cast<const Answer*>(nullptr));
        continue;
      }
      const Answer answer{
          result_.values.row(i),
          result_.classes.empty() ? -1 : result_.classes[static_cast<std::size_t>(i)]};
      f(row, &answer);
      ++i;
    }
  }

  void print(const Terminal& out) const {
    std::vector<std::vector<std::string>> lines;
    std::size_t width = 0;
    each([&](const AskedRow& row, const Answer* answer) {
      std::vector<std::string>& line = lines.emplace_back(std::vector<std::string>{where(row)});
      if (answer == nullptr) return void(line.push_back(out.bad("not read")));
      for (std::string& cell : on_terminal(schema_, *answer, out)) line.push_back(std::move(cell));
      width = std::max(width, line.size());
    });
    if (lines.empty()) return;
    std::vector<ColumnStyle> columns = {{"from", true}};
    for (std::size_t c = 1; c < std::max<std::size_t>(width, 2); ++c) {
      if (schema_.task != Task::classification)
        columns.push_back({target_name(schema_, c - 1)});
      else if (c % 2 == 1)
        columns.push_back({c == 1 ? "class" : c == 3 ? "or" : "", true});
      else
        columns.push_back({""});
    }
    for (auto& line : lines) line.resize(columns.size());
    Table::print(out, std::move(columns), lines);
  }

  std::string json() const {
    std::vector<JsonObject> items;
    each([&](const AskedRow& row, const Answer* answer) {
      JsonObject& item = items.emplace_back();
      item.add("source", row.source).add("row", row.number);
      if (answer == nullptr)
        item.add("error", row.error);
      else
        in_json(schema_, *answer, item);
    });
    return JsonObject().add("predictions", items).add("errors", asked_.errors).str();
  }

  /// A line per row in the order of the files; without an answer its cells are empty.
  std::string csv() const {
    const bool files = flags_.files.size() > 1;
    const std::size_t outputs = static_cast<std::size_t>(result_.values.cols());
    const std::vector<std::string> titles = csv_titles(schema_, outputs, flags_.proba);
    std::string text = files ? "file,row" : "row";
    for (const std::string& title : titles) text += "," + csv_cell(title);
    text += "\n";
    each([&](const AskedRow& row, const Answer* answer) {
      text += (files ? csv_cell(row.source) + "," : std::string()) + std::to_string(row.number);
      if (answer == nullptr)
        text += std::string(titles.size(), ',');
      else
        for (const std::string& cell : in_csv(schema_, *answer, flags_.proba))
          text += "," + csv_cell(cell);
      text += "\n";
    });
    return text;
  }

 private:
  static std::string where(const AskedRow& row) {
    return row.source + (row.number > 0 ? cat("  row ", row.number) : "");
  }

  const PredictFlags& flags_;
  const Schema& schema_;
  const AskedRows& asked_;
  const Predictions& result_;
};

/// What could not be read, on standard error; false when there is such.
bool say_errors(const AskedRows& asked) {
  const Terminal err(stderr);
  bool good = true;
  const auto say = [&](const std::string& sentence) {
    err.line(err.bad("chainrule:") + " " + sentence);
    good = false;
  };
  for (const std::string& error : asked.errors) say(error);
  for (const AskedRow& row : asked.rows)
    if (!row.error.empty()) say(row.error);
  return good;
}

int run(const PredictFlags& flags) {
  const Terminal out(flags.json ? stderr : stdout);
  join_ranks(kRankTimeout);
  const Model model = Model::load(model_file_of(flags.model));
  const AskedRows asked =
      read_asked_rows(model, flags.files, flags.table, missing_of(flags.missing), flags.show, out);
  if (flags.proba && (flags.out.empty() || model.schema.task == Task::regression))
    throw UsageError(flags.out.empty()
                         ? "--proba adds columns to the file of --out, which is missing"
                         : "--proba is for classes; this model predicts numbers");
  const Predictions result =
      predict(model, asked.features, {.threads = threads_of_rank(0), .exchange = joined_ranks()});
  if (rank_number() > 0) return kOk;
  const Report report(flags, model, asked, result);
  for (const std::string& note : asked.notes) out.labelled("note", note);
  if (!flags.out.empty()) {
    write_file(flags.out, report.csv());
    out.labelled("wrote",
                 cat(shell_word(flags.out), "   ", counted(std::ssize(asked.rows), "row")));
  } else {
    report.print(out);
  }
  if (flags.json) Terminal(stdout).line(report.json());
  return say_errors(asked) ? kOk : kData;
}

}  // namespace

Command predict_command() {
  Command c;
  c.name = "predict";
  c.shared = true;
  c.usage = "MODEL FILE... [flags]";
  c.summary = "say what a trained model sees in pictures or rows";
  c.about =
      "Pictures are made grey, scaled to the size that the model was trained on, and turned to "
      "bright ink on black. Tables need the columns that the model was trained with, in any order; "
      "missing cells and unknown categories are answered as in training, and said. For a model "
      "that knows no columns, lines of plain numbers. Arrays (.npy) hold a row per sample. - is "
      "standard input.\n"
      "Prints the class with its probability and the next two, or the predicted number. A file or "
      "row that cannot be read is named and left out; the exit code is 3 then.";
  c.examples =
      "  chainrule predict run/model.safetensors seven.png --show\n"
      "  chainrule predict run/model.safetensors new_flowers.csv --out answers.csv --proba\n"
      "  chainrule predict run/model.safetensors x.npy --json\n"
      "  chainrule predict run/model.safetensors - < new_flowers.csv\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<PredictFlags>();
    args.positional("MODEL", &flags->model, "a file written by train, or the folder of a run");
    args.positional("FILE", &flags->files, "pictures, tables or arrays; - for standard input");
    declare_table_flags(args, flags->table);
    args.flag("--missing", "HOW", &flags->missing,
              "missing cells are filled as in training (mean), their rows left out (drop), or they "
              "are an error");
    args.group("Output");
    args.flag("--out", "FILE.csv", &flags->out, "writes the answers to a table, a line per row");
    args.flag("--proba", "", &flags->proba, "with the probability of each class");
    args.flag("--show", "", &flags->show, "print what the model sees of a picture");
    args.flag("--json", "", &flags->json,
              "the result as one JSON object on standard output, all else on standard error");
    return [flags] { return run(*flags); };
  };
  return c;
}

}  // namespace chainrule::cli
