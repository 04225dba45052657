// chainrule check: is the backward pass the derivative of the forward pass, parameter by parameter?
#include <algorithm>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "chainrule/check/gradcheck.h"
#include "chainrule/core/json.h"
#include "chainrule/model/model.h"
#include "chainrule/train/feed.h"
#include "cli/args.h"
#include "cli/describe.h"
#include "cli/format.h"
#include "cli/load_data.h"
#include "cli/model_flags.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace chainrule::cli {
namespace {

/// Random numbers that neither parameters nor the check itself draw from.
constexpr std::uint64_t kRowStream = 7;

struct CheckFlags {
  std::vector<std::string> words;
  ModelFlags model;
  DataFlags data;
  std::int64_t seed = 1, inputs = 0, rows = 5, elements = 200;
  double tolerance = 1e-6;
  bool all = false, inference = false, json = false;
};

/// Fills a tape with random rows.
std::function<void(Tape<double>&)> random_rows(const Model& model, Index rows, std::uint64_t seed) {
  return [&model, rows, seed](Tape<double>& tape) {
    Random random(seed, kRowStream);
    const auto fill = [&](Var input, auto draw) {
      for (double& x : tape.input(input)) x = draw();
    };
    tape.set_rows(rows);
    fill(model.input(), [&] { return random.normal(); });
    fill(model.weight(), [] { return 1.0; });
    if (model.class_target()) {
      const auto classes = static_cast<std::uint32_t>(model.graph().node(model.target()).classes);
      for (std::int32_t& c : tape.class_input(model.target()))
        c = static_cast<std::int32_t>(random.below(classes));
    } else {
      // Inside (0, 1), so that losses on probabilities take them too.
      fill(model.target(), [&] { return random.uniform(0.05, 0.95); });
    }
  };
}

/// Fills a tape with the first rows of the data.
std::function<void(Tape<double>&)> first_rows(const Model& model, const Dataset& data, Index rows) {
  return [&model, &data, rows](Tape<double>& tape) {
    std::vector<std::int32_t> numbers(static_cast<std::size_t>(rows));
    std::iota(numbers.begin(), numbers.end(), 0);
    const Feed feed(model, data);
    feed.check_targets();
    feed(tape, numbers);
  };
}

void print_report(const Terminal& out, const GradcheckReport& report, double tolerance) {
  std::vector<std::vector<std::string>> rows;
  for (const GradcheckEntry& e : report.entries) {
    const bool ok = e.max_error <= tolerance;
    const Index size = e.shape.size();
    rows.push_back(
        {e.name, describe_sizes(e.shape),
         e.checked == size ? "all " + grouped(size) : grouped(e.checked) + " of " + grouped(size),
         compact(e.max_error), compact(e.mean_abs_error), compact(e.max_gradient),
         ok ? out.good("ok") : out.bad("wrong")});
  }
  Table::print(out,
               {{"parameter", true},
                {"shape"},
                {"checked"},
                {"greatest relative error"},
                {"mean |difference|"},
                {"max |gradient|"},
                {"", true}},
               rows, 2);
  out.line();
  const double worst = report.max_error();
  if (report)
    out.labelled("passed", cat("the backward pass is the derivative: relative error at most ",
                               compact(worst), " (limit ", compact(tolerance), ")"));
  else
    out.labelled("failed", report.failure);
}

int run(const CheckFlags& flags) {
  const Terminal out(flags.json ? stderr : stdout);
  std::vector<std::string> words = flags.words;
  DataFlags data_flags = flags.data;
  const bool from_file = !words.empty() && ends_with(words[0], ".safetensors");
  if (words.size() > (from_file ? 2U : 1U))
    throw UsageError(cat("unexpected argument '", words.back(), "'"));
  if (from_file && !(flags.model.text + flags.model.hidden + flags.model.loss).empty())
    throw UsageError("a model file has its own layers and loss: leave out --model and --loss");
  data_flags.name = words.size() > (from_file ? 1U : 0U) ? words.back() : "";
  const bool has_data = !data_flags.name.empty();
  const auto seed = static_cast<std::uint64_t>(flags.seed);
  if (!from_file && flags.model.text.empty() && !has_data)
    throw UsageError(
        "nothing to check: give --model TEXT with --inputs N, a model file, or the name of data");
  if (!from_file && !has_data && flags.inputs < 1)
    throw UsageError("--inputs N is missing: how many numbers a row has, as no data say it");
  if (flags.rows < 1) throw UsageError("--rows must be at least 1");
  if (flags.elements < 1) throw UsageError("--elements must be at least 1");

  check_model_flags(flags.model);
  Dataset data;
  std::optional<Model> model;
  if (from_file) {
    model.emplace(Model::load(words[0]));
    if (has_data) data = load_data_for(*model, data_flags);
  } else if (has_data) {
    data = load_data(data_flags).train;
    model.emplace(make_model(flags.model, data, seed));
  } else {
    ModelOptions options = model_options(flags.model, seed);
    if (!flags.model.loss.empty()) options.loss = flags.model.loss;
    model.emplace(flags.model.text, Shape{flags.inputs}, options);
  }
  const Index rows = has_data ? std::min(flags.rows, data.rows()) : flags.rows;

  out.labelled("data", has_data ? describe_rows(data) : counted(rows, "random row"));
  out.labelled("model", describe_model(*model));
  out.labelled("check", cat(model->options().loss, " on ", counted(rows, "row"),
                            ", central differences in double"));
  out.line();

  Params<double> params(model->graph());
  std::copy(model->params().all().begin(), model->params().all().end(), params.all().begin());
  const auto set_inputs =
      has_data ? first_rows(*model, data, rows) : random_rows(*model, rows, seed);
  GradcheckOptions options;
  options.tolerance = flags.tolerance;
  options.training = !flags.inference;
  options.seed = seed;
  if (!flags.all) options.max_elements = flags.elements;
  const GradcheckReport report = gradcheck_model(params, model->loss(), rows, set_inputs, options);

  print_report(out, report, flags.tolerance);
  if (flags.json) {
    std::vector<JsonObject> parameters;
    for (const GradcheckEntry& e : report.entries)
      parameters.push_back(
          JsonObject()
              .add("name", e.name)
              .add("shape", std::vector<Index>(e.shape.dims().begin(), e.shape.dims().end()))
              .add("elements", e.shape.size())
              .add("checked", e.checked)
              .add("max_relative_error", e.max_error)
              .add("mean_abs_difference", e.mean_abs_error)
              .add("max_abs_gradient", e.max_gradient));
    JsonObject json;
    json.add("ok", static_cast<bool>(report))
        .add("max_relative_error", report.max_error())
        .add("parameters", parameters)
        .add("loss", model->options().loss)
        .add("model", model->text());
    if (!report) json.add("failure", report.failure);
    Terminal(stdout).line(json.str());
  }
  return report ? kOk : kFailed;
}

}  // namespace

Command check_command() {
  Command c;
  c.name = "check";
  c.usage = "[MODEL.safetensors] [DATA] [flags]";
  c.summary = "prove that a model's gradients are the derivatives of its loss";
  c.about =
      "Compares the gradient of every parameter with central differences in double precision: a "
      "line for each parameter with the greatest relative error. The model is a file written by "
      "train, or a text; the data is anything that train takes, or random numbers.";
  c.examples =
      "  chainrule check --model 'linear 3, tanh, linear 2' --inputs 4\n"
      "  chainrule check xor --model 'linear 3, sigmoid, linear 1' --all\n"
      "  chainrule check run/model.safetensors mnist --data ~/mnist --rows 10\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<CheckFlags>();
    args.positional("MODEL DATA", &flags->words,
                    "a model file, the name of data, both, or neither (then --model and --inputs)",
                    false);
    args.group("Model");
    declare_model_flags(args, flags->model);
    args.flag("--inputs", "N", &flags->inputs, "numbers in a row, when there is no data");
    declare_data_flags(args, flags->data, DataUse::train);
    args.group("Check");
    args.flag("--rows", "N", &flags->rows, "rows in the batch");
    args.flag("--elements", "N", &flags->elements, "elements compared per parameter");
    args.flag("--all", "", &flags->all, "compare every element");
    args.flag("--tolerance", "X", &flags->tolerance, "greatest relative error that passes");
    args.flag("--inference", "", &flags->inference,
              "dropout off and running statistics, as in eval; otherwise as in training");
    args.flag("--seed", "N", &flags->seed, "of the parameters and the random rows");
    args.group("Output");
    args.flag("--json", "", &flags->json, "the result as one JSON object on standard output");
    return [flags] { return run(*flags); };
  };
  return c;
}

}  // namespace chainrule::cli
