// chainrule compare: your own gradients against ours on the same weights and rows.
#include "chainrule/compare/compare.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "chainrule/core/json.h"
#include "chainrule/data/npy.h"
#include "chainrule/data/npz.h"
#include "chainrule/formula/formula.h"
#include "chainrule/io/model_file.h"
#include "chainrule/model/loss_table.h"
#include "cli/args.h"
#include "cli/comparison.h"
#include "cli/describe.h"
#include "cli/format.h"
#include "cli/load_data.h"
#include "cli/model_flags.h"
#include "cli/terminal.h"

namespace chainrule::cli {
namespace {

struct CompareFlags {
  std::vector<std::string> words;
  std::string x, y, weights, gradients, reduction;
  ModelFlags model;
  bool inference = false, json = false;
};

void demand(const std::string& value, const char* what) {
  if (value.empty()) throw UsageError(cat(what, " is missing"));
}

/// The losses that a network may have been trained with, the most likely first, when nobody says.
std::vector<std::string> likely_losses(const std::string& text, const data::NpyArray& y,
                                       Index features) {
  const Model model(text, {features}, {.loss = "squared_error"});
  const Index outputs = model.outputs();
  const std::vector<double> values = y.as<double>();
  const bool whole = std::ranges::all_of(values, [](double v) { return v == std::floor(v); });
  std::vector<std::string> classes, numbers;
  for (const LossKind& kind : loss_kinds()) {
    const OutputKind is = kind.output(outputs);
    const bool several = kind.class_target(outputs);
    if (is == OutputKind::values) {
      numbers.emplace_back(kind.name);
      continue;
    }
    // A loss of logits after a function that makes probabilities is not what anybody means.
    const bool probabilities =
        is == OutputKind::probabilities || is == OutputKind::binary_probability;
    const bool made = model.schema.output == OutputKind::probabilities ||
                      model.schema.output == OutputKind::binary_probability;
    if (several == (outputs > 1) && probabilities == made) classes.emplace_back(kind.name);
  }
  if (!whole) return numbers;
  classes.insert(classes.end(), numbers.begin(), numbers.end());
  return classes;
}

/// The first layer sees what the first weights have and the outputs have not.
Index features_of(const data::NpyArray& x) {
  return x.shape.empty() || x.shape[0] == 0 ? 1 : x.size() / x.shape[0];
}

GivenFiles files_of(const CompareFlags& flags) {
  demand(flags.x, "--x FILE.npy, the rows,");
  demand(flags.y, "--y FILE.npy, the classes or numbers to learn,");
  GivenFiles files;
  files.x = data::read_npy(flags.x), files.y = data::read_npy(flags.y);
  if (flags.words.size() == 1) {
    const auto loaded = std::make_shared<Model>(Model::load(flags.words[0]));
    files.features = loaded->features().size();
    ModelOptions options = loaded->options();
    if (!flags.model.loss.empty()) options.loss = loss_kind(flags.model.loss).name;
    files.losses = {options.loss};
    files.model = [loaded, options](Index, const std::string&) {
      Model other(loaded->text(), loaded->features(), options);
      std::ranges::copy(loaded->params().all(), other.params().all().begin());
      return other;
    };
    if (!flags.weights.empty()) files.weights = data::read_npz(flags.weights);
    return files;
  }
  demand(flags.weights, "--weights FILE.npz, your weights,");
  files.weights = data::read_npz(flags.weights);
  check_model_flags(flags.model);
  const std::string text = flags.model.text;
  const ModelOptions options = model_options(flags.model, 0);
  files.losses = flags.model.loss.empty() ? likely_losses(text, files.y, features_of(files.x))
                                          : std::vector<std::string>{flags.model.loss};
  // Penalties fit any width.
  files.model = [text, options](Index features, const std::string& loss) {
    ModelOptions own = options;
    own.loss = loss;
    return Model(text, {features}, own);
  };
  return files;
}

Comparison compare_formula(const CompareFlags& flags, const CompareOptions& options) {
  if (!flags.x.empty() || !flags.y.empty() || !flags.weights.empty())
    throw UsageError("--x, --y and --weights belong to a model; a formula has name=value");
  FormulaValues values;
  for (std::size_t i = 1; i < flags.words.size(); ++i) {
    const std::string& word = flags.words[i];
    if (!ends_with(word, ".npy")) {
      add_formula_value(word, values);
      continue;
    }
    const std::size_t equals = word.find('=');
    if (equals == word.npos) throw UsageError(cat("'", word, "' is not name=value"));
    const data::NpyArray array = data::read_npy(word.substr(equals + 1));
    if (array.shape.size() > 2)
      throw DataError(cat(word.substr(equals + 1), " has shape ", data::shape_text(array.shape),
                          ", a formula has numbers, vectors and matrices"));
    std::string zero = word.substr(0, equals) + "=0";
    add_formula_value(zero, values);
    values[word.substr(0, equals)] = {Shape(std::span<const Index>(array.shape)),
                                      array.as<double>()};
  }
  const Formula formula(flags.words[0], values);
  const auto tape = formula.run();
  return compare<double>(*tape, nullptr, formula.result(), data::read_npz(flags.gradients),
                         options);
}

bool is_model_file(const CompareFlags& flags) {
  return !flags.words.empty() && ends_with(flags.words[0], ".safetensors");
}

int run(const CompareFlags& flags) {
  const Terminal out(flags.json ? stderr : stdout);
  const bool by_text = !flags.model.text.empty();
  if (by_text && !flags.words.empty())
    throw UsageError("--model stands for a model file or a formula, not beside one");
  if (!by_text && flags.words.empty())
    throw UsageError("a model file, a formula, or --model TEXT with --weights is missing");
  if (is_model_file(flags) && flags.words.size() > 1)
    throw UsageError(cat("'", flags.words[1], "' is one argument too many"));
  demand(flags.gradients, "--grads FILE.npz, your gradients,");
  if (!flags.reduction.empty() && flags.reduction != "mean" && flags.reduction != "sum")
    throw UsageError(cat("--reduction expects mean or sum, not '", flags.reduction, "'"));
  CompareOptions options;
  options.pass.training = !flags.inference;
  options.reduction = flags.reduction;
  Comparison c;
  if (by_text || is_model_file(flags)) {
    GivenFiles files = files_of(flags);
    files.gradients = data::read_npz(flags.gradients);
    c = compare(files, options);
  } else {
    c = compare_formula(flags, options);
  }
  print_comparison(out, c);
  if (flags.json) Terminal(stdout).line(comparison_json(c));
  return c.equal ? kOk : kFailed;
}

}  // namespace

Command compare_command() {
  Command c;
  c.name = "compare";
  c.usage = "MODEL.safetensors | --model TEXT --weights W.npz | FORMULA name=value... [flags]";
  c.summary = "find the mistake in your own backward pass";
  c.about =
      "Compares gradients that your own program computed with those of the same network on the "
      "same rows, from the loss backwards, names the first place that differs, and says which "
      "mistake reproduces your numbers, or, when none does, what lies between the last right and "
      "the first wrong array.\n"
      "The arrays of MINE.npz are named like the parameters (fc1.weight, fc1.bias) or as notebooks "
      "do (W1, b1, dW1, theta, layers.0.weight). Weights may be [outputs, inputs] as in PyTorch or "
      "[inputs, outputs], with or without their bias; samples rows or columns; classes numbers or "
      "one-hot of any type; the loss a mean or a sum over the rows. What was found is said and is "
      "no mistake. Gradients of a layer's output may be added under its name (relu1), those of the "
      "rows themselves as x, and masks of dropout as dropout1.mask. In numpy: "
      "np.savez('mine.npz', W1=dW1, b1=db1).";
  c.examples =
      "  chainrule compare run/model.safetensors --x x.npy --y y.npy --grads mine.npz\n"
      "  chainrule compare --model 'linear 30, tanh, linear 3' --weights w.npz --x x.npy --y y.npy "
      "--grads mine.npz\n"
      "  chainrule compare 'mean((x @ w - t)^2)' x=x.npy w=w.npy t=t.npy --grads mine.npz --json\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<CompareFlags>();
    args.positional("MODEL | FORMULA", &flags->words,
                    "a file written by train, with the weights you used, or a formula and a value "
                    "for each of its names",
                    false);
    args.group("Yours");
    args.flag("--x", "FILE.npy", &flags->x, "the rows of the batch, as the network sees them");
    args.flag("--y", "FILE.npy", &flags->y, "their classes (numbers or one-hot) or targets");
    args.flag("--model", "TEXT", &flags->model.text,
              "the layers, such as 'linear 30, tanh, linear 3', instead of a file");
    args.flag("--weights", "FILE.npz", &flags->weights, "your weights, by name");
    args.flag("--grads", "FILE.npz", &flags->gradients, "your gradients, by name");
    args.flag("--loss", "NAME", &flags->model.loss,
              "by default the model's own, or the one with which most arrays agree: " +
                  joined(loss_names()));
    args.flag("--reduction", "NAME", &flags->reduction,
              "mean or sum of the loss over the rows; by default what the arrays tell");
    args.flag("--l1", "[PATTERN=]X", &flags->model.l1,
              "with --model: the loss has X times the sum of |w|; may be repeated");
    args.flag("--l2", "[PATTERN=]X", &flags->model.l2, "the same with the sum of squares");
    args.flag("--inference", "", &flags->inference,
              "dropout off and running statistics; otherwise as in training");
    args.group("Output");
    args.flag("--json", "", &flags->json, "the result as one JSON object on standard output");
    return [flags] { return run(*flags); };
  };
  return c;
}

}  // namespace chainrule::cli
