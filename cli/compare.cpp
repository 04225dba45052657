// chainrule compare: your own gradients against ours on the same weights and rows.
#include "chainrule/compare/compare.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "chainrule/core/json.h"
#include "chainrule/data/npy.h"
#include "chainrule/data/npz.h"
#include "chainrule/io/model_file.h"
#include "chainrule/model/loss_table.h"
#include "cli/args.h"
#include "cli/describe.h"
#include "cli/format.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace chainrule::cli {
namespace {

struct CompareFlags {
  std::string model, x, y, loss, gradients;
  bool inference = false, json = false;
};

/// The file's network, with another loss if one is asked for.
Model load_model(const CompareFlags& flags) {
  Model model = Model::load(flags.model);
  if (flags.loss.empty() || flags.loss == model.options().loss) return model;
  ModelOptions options = model.options();
  options.loss = loss_kind(flags.loss).name;
  Model other(model.text(), model.features(), options);
  std::ranges::copy(model.params().all(), other.params().all().begin());
  return other;
}

/// Rows of 0s and one 1, as notebooks keep classes.
bool is_one_hot(const Dataset& data) {
  const auto width = static_cast<std::size_t>(data.target_size());
  if (width < 2) return false;
  for (std::size_t at = 0; at < data.targets.size(); at += width) {
    const auto row = std::span(data.targets).subspan(at, width);
    if (std::ranges::count(row, 1.0F) != 1 ||
        std::ranges::count(row, 0.0F) != static_cast<std::ptrdiff_t>(width) - 1)
      return false;
  }
  return true;
}

Dataset load_batch(const CompareFlags& flags, const Model& model) {
  Dataset batch = data::npy(flags.x, flags.y);
  const Index outputs = model.outputs();
  if (model.class_target() && is_one_hot(batch)) {
    const auto width = static_cast<std::size_t>(batch.target_size());
    for (std::size_t at = 0; at < batch.targets.size(); at += width) {
      const auto row = std::span(batch.targets).subspan(at, width);
      batch.classes.push_back(
          static_cast<std::int32_t>(std::ranges::find(row, 1.0F) - row.begin()));
    }
    batch.class_names.swap(batch.target_names);
    batch.targets.clear(), batch.target_names.clear();
  }
  // The classes of a batch are those of the model, whether or not it has rows of each.
  while (batch.has_classes() && outputs > 1 && batch.class_count() < outputs)
    batch.class_names.push_back(std::to_string(batch.class_count()));
  return batch;
}

std::string sentence(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text + (text.ends_with('.') ? "" : ".");
}

void print(const Terminal& out, const Comparison& c) {
  out.line(out.bold("from the loss backwards"));
  std::size_t width = 0;
  for (const ArrayVerdict& a : c.arrays) width = std::max(width, a.name.size());
  for (const Cause& cause : c.causes) width = std::max(width, cause.at.size());
  bool shown = c.equal;
  const auto line = [&](const std::string& name, const std::string& text) {
    out.line("  " + pad_right(name, static_cast<int>(width) + 2) + text);
  };
  const bool is_array =
      std::ranges::any_of(c.arrays, [&](const ArrayVerdict& a) { return a.name == c.first; });
  for (const ArrayVerdict& a : c.arrays) {
    if (!a.equal && !shown && !is_array) line(c.first, out.bad("differs first here"));
    const bool here = !a.equal && !shown && is_array;
    shown |= !a.equal;
    const std::string figures = cat("   greatest difference ", compact(a.max_difference),
                                    ", greatest gradient ", compact(a.max_gradient));
    line(a.name, a.equal ? out.good("equal")
                         : (here ? out.bad("differs first here") : out.warn("differs")) +
                               (a.note.empty() ? figures : "   " + a.note));
  }
  out.line();
  if (c.equal) {
    out.line("All gradients are equal; what differs is the rounding of float.");
    return;
  }
  for (const Cause& cause : c.causes)
    out.line(wrap(cat(cause.at, ": ", cause.kind, ". ", sentence(cause.advice)), out.width(), 2));
  std::vector<std::string> corrected;
  for (const ArrayVerdict& a : c.arrays)
    if (!a.equal && a.corrected) corrected.push_back(a.name);
  if (!corrected.empty() && c.causes[0].kind != "unknown")
    out.line(wrap(cat("After ", c.causes.size() == 1 ? "that correction " : "these corrections ",
                      listed(corrected), corrected.size() == 1 ? " agrees." : " agree."),
                  out.width(), 2));
}

JsonObject to_object(const Comparison& c) {
  std::vector<JsonObject> arrays, causes;
  for (const ArrayVerdict& a : c.arrays) {
    JsonObject o;
    o.add("name", a.name).add("equal", a.equal).add("corrected", a.corrected);
    o.add("max_difference", a.max_difference).add("max_gradient", a.max_gradient);
    o.add("tolerance", a.tolerance).add("ratio", a.ratio).add("cosine", a.cosine);
    if (!a.note.empty()) o.add("note", a.note);
    arrays.push_back(o);
  }
  for (const Cause& cause : c.causes)
    causes.push_back(
        JsonObject().add("at", cause.at).add("cause", cause.kind).add("advice", cause.advice));
  JsonObject json;
  json.add("equal", c.equal).add("first", c.first);
  json.add("cause", c.equal ? std::string("rounding of float") : c.causes[0].kind);
  json.add("explained", c.explained).add("causes", causes).add("evidence", arrays);
  return json;
}

int run(const CompareFlags& flags) {
  const Terminal out(flags.json ? stderr : stdout);
  const auto demand = [](const std::string& value, const char* what) {
    if (value.empty()) throw UsageError(cat(what, " is missing"));
  };
  demand(flags.x, "--x FILE.npy, the rows,");
  demand(flags.y, "--y FILE.npy, the classes or numbers to learn,");
  demand(flags.gradients, "--grads FILE.npz, your gradients,");
  const Model model = load_model(flags);
  const Dataset batch = load_batch(flags, model);
  CompareOptions options;
  options.pass.training = !flags.inference;
  const Comparison c = compare(model, batch, data::read_npz(flags.gradients), options);
  print(out, c);
  if (flags.json) Terminal(stdout).line(to_object(c).str());
  return c.equal ? kOk : kFailed;
}

}  // namespace

Command compare_command() {
  Command c;
  c.name = "compare";
  c.usage = "MODEL.safetensors --x X.npy --y Y.npy --grads MINE.npz [flags]";
  c.summary = "find the mistake in your own backward pass";
  c.about =
      "Compares gradients that your own program computed with those of the same model on the same "
      "rows, from the loss backwards, names the first place that differs, and says which mistake "
      "reproduces your numbers.\n"
      "The arrays of MINE.npz are named like the parameters (fc1.weight, fc1.bias) and lie as in "
      "PyTorch, [outputs, inputs]. Gradients of a layer's output may be added under its name "
      "(relu1), those of the rows themselves as x, and masks of dropout as dropout1.mask. In "
      "numpy: np.savez('mine.npz', "
      "**{'fc1.weight': dW1.T, 'fc1.bias': db1}).";
  c.examples =
      "  chainrule compare run/model.safetensors --x x.npy --y y.npy --grads mine.npz\n"
      "  chainrule compare run/model.safetensors --x x.npy --y y.npy --loss squared_error --grads "
      "mine.npz --json\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<CompareFlags>();
    args.positional("MODEL", &flags->model, "a file written by train, with the weights you used");
    args.group("Yours");
    args.flag("--x", "FILE.npy", &flags->x, "the rows of the batch, as the network sees them");
    args.flag("--y", "FILE.npy", &flags->y, "their classes (numbers or one-hot) or targets");
    args.flag("--grads", "FILE.npz", &flags->gradients, "your gradients, by name");
    args.flag("--loss", "NAME", &flags->loss,
              "by default the model's own: " + joined(loss_names()));
    args.flag("--inference", "", &flags->inference,
              "dropout off and running statistics; otherwise as in training");
    args.group("Output");
    args.flag("--json", "", &flags->json, "the result as one JSON object on standard output");
    return [flags] { return run(*flags); };
  };
  return c;
}

}  // namespace chainrule::cli
