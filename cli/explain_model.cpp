// chainrule explain MODEL DATA: a batch layer by layer, or one number of a gradient.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "chainrule/core/json.h"
#include "chainrule/explain/array_text.h"
#include "chainrule/explain/element.h"
#include "chainrule/explain/model_run.h"
#include "chainrule/explain/text.h"
#include "chainrule/files/atomic_file.h"
#include "chainrule/optim/optimizers.h"
#include "chainrule/picture/drawing.h"
#include "chainrule/picture/model_page.h"
#include "chainrule/picture/pictures.h"
#include "cli/args.h"
#include "cli/describe.h"
#include "cli/explain.h"
#include "cli/format.h"
#include "cli/output_folder.h"
#include "cli/recipe.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace chainrule::cli {
namespace {

/// Terms that are printed; --json has all.
constexpr std::size_t kShown = 12;

Dataset rows_to_explain(const Model& model, const ExplainFlags& flags) {
  if (flags.part != "train" && flags.part != "test")
    throw UsageError(cat("--part expects train or test, not '", flags.part, "'"));
  const std::string& name = flags.data.name;
  if (flags.part == "test" || is_file(name)) return load_data_for(model, flags.data);
  return load_data(flags.data).train;
}

template <class T>
void print_terms(const Terminal& out, ModelRun<T>& run, const ElementExplanation& e) {
  const bool single =
      std::ranges::all_of(e.terms, [](const GradientTerm& t) { return std::isfinite(t.local); });
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < std::min(kShown, e.terms.size()); ++i) {
    const GradientTerm& t = e.terms[i];
    std::vector<std::string> row{"", "", ""};
    if (t.row >= 0)
      row = {grouped(run.row(t.row)), shorten(run.label(t.row), 16),
             shorten(run.prediction(t.row), 16)};
    if (single) {
      row.push_back(shorten(t.local_name, 24)), row.push_back(compact(t.local));
      row.push_back("×"), row.push_back(shorten("d loss/d " + t.through, 28));
      row.push_back(compact(t.upstream)), row.push_back("=");
    } else {
      row.push_back(t.through);
    }
    row.push_back(compact(t.amount));
    rows.push_back(std::move(row));
  }
  if (single)
    Table::print(out,
                 {{"sample"},
                  {"label", true},
                  {"predicted", true},
                  {"local derivative", true},
                  {""},
                  {"", true},
                  {"upstream", true},
                  {""},
                  {"", true},
                  {"amount"}},
                 rows, 2);
  else
    Table::print(out,
                 {{"sample"}, {"label", true}, {"predicted", true}, {"through", true}, {"amount"}},
                 rows, 2);
  double rest = 0;
  for (std::size_t i = kShown; i < e.terms.size(); ++i) rest += e.terms[i].amount;
  if (e.terms.size() > kShown)
    out.line(cat("and ", e.terms.size() - kShown, " smaller ones, together ", compact(rest)));
}

template <class T>
std::string element_json(ModelRun<T>& run, const ElementExplanation& e) {
  std::vector<JsonObject> terms, path;
  for (const GradientTerm& t : e.terms) {
    JsonObject json;
    if (t.row >= 0)
      json.add("sample", run.row(t.row))
          .add("row", t.row)
          .add("label", run.label(t.row))
          .add("prediction", run.prediction(t.row));
    else
      json.add("sample", std::nan(""));
    terms.push_back(json.add("through", t.through)
                        .add("local_name", t.local_name)
                        .add("activation", t.local)
                        .add("delta", t.upstream)
                        .add("amount", t.amount));
  }
  for (const ElementExplanation::Above& a : e.path)
    path.push_back(JsonObject()
                       .add("name", a.name)
                       .add("op", a.op)
                       .add("formula", a.formula)
                       .add("gradient_norm", a.gradient_norm));
  return JsonObject()
      .add("name", e.name)
      .add("value", e.value)
      .add("gradient", e.gradient)
      .add("terms", terms)
      .add("sum", e.sum)
      .add("difference", e.difference)
      .add("magnitude", e.magnitude)
      .add("path", path)
      .add("loss", run.loss())
      .add("rows", run.rows())
      .str();
}

template <class T>
std::string explain_at(const Terminal& out, ModelRun<T>& run, const std::string& name) {
  const Model& model = run.model();
  const Element element = find_element(model.graph(), name, run.rows(), model.schema.picture());
  const ElementExplanation e = explain_element(run.tape(), model.loss(), element, run.pass());
  out.labelled("value", cat(e.name, " = ", compact(e.value)));
  out.labelled("gradient", cat("d loss/d ", e.name, " = ", compact(e.gradient)));
  out.line();
  print_terms(out, run, e);
  out.line();
  const std::string difference =
      e.difference == 0
          ? "exactly the gradient that the backward pass stored"
          : cat("the stored gradient but for ", compact(std::abs(e.difference)), " of rounding");
  out.labelled("sum", cat(counted(static_cast<std::int64_t>(e.terms.size()), "term"), " add up to ",
                          compact(e.sum), ", ", difference));
  out.line();
  std::string path;
  for (const auto& a : e.path) path += (path.empty() ? "" : " → ") + a.name;
  out.labelled("above", path);
  for (const auto& a : e.path)
    out.line(cat("  ", pad_right(a.name, 14), pad_right(cat("norm ", compact(a.gradient_norm)), 18),
                 a.formula));
  return element_json(run, e);
}

std::string describe_axes(const std::vector<Index>& shape) {
  return shape.size() == 1 ? cat(shape[0]) : detail::shape_text(shape);
}

Explanation layers_of(ModelRun<double>& run, Index max_values = 16) {
  return explain(run.tape(), run.model().loss(),
                 {.pass = run.pass(), .check = false, .max_jacobian = 0, .max_values = max_values});
}

/// What goes into each layer, comes out of it, and the gradients of both: the arrays themselves.
void print_arrays(const Terminal& out, const Explanation& e) {
  for (const ExplainedNode& n : e.nodes) {
    if (n.kind == NodeKind::constant || n.value.empty()) continue;
    out.line();
    out.line(out.bold(n.label) + (n.formula.empty() ? "" : " = " + n.formula) + "   " +
             (n.shape.empty() ? std::string() : describe_axes(n.shape)));
    out.line(array_text(n.value, n.shape));
    if (!n.has_gradient || n.gradient.empty()) continue;
    out.line(cat("gradient of ", n.label));
    out.line(array_text(n.gradient, n.shape));
  }
}

/// Each layer of the batch: shapes, formulas, values, gradients.
std::string explain_layers(const Terminal& out, ModelRun<double>& run, bool values) {
  constexpr Index kMost = 1 << 20;
  const Explanation e = values ? layers_of(run, kMost) : layers_of(run);
  std::vector<std::vector<std::string>> rows;
  for (const ExplainedNode& n : e.nodes) {
    if (n.kind == NodeKind::class_input || n.kind == NodeKind::constant) continue;
    const Stats &v = n.value_stats, &g = n.gradient_stats;
    rows.push_back({shorten(n.label, 20), shorten(n.formula, 34), describe_axes(n.shape),
                    compact(v.mean), compact(v.deviation),
                    percent(static_cast<double>(v.zeros) / static_cast<double>(v.size), 0),
                    n.has_gradient ? compact(g.norm) : "",
                    n.has_gradient ? compact(g.mean_abs) : ""});
  }
  Table::print(out,
               {{"node", true},
                {"formula", true},
                {"shape", true},
                {"mean"},
                {"deviation"},
                {"zeros"},
                {"|gradient|"},
                {"mean |g|"}},
               rows, 2);
  if (values) print_arrays(out, e);
  return explanation_json(e);
}

Optimizer optimizer_of(const ExplainFlags& flags) {
  OptimizerSettings settings;
  if (flags.lr) settings["lr"] = *flags.lr;
  if (flags.momentum) settings["momentum"] = *flags.momentum;
  if (flags.weight_decay) settings["weight_decay"] = *flags.weight_decay;
  return make_optimizer(flags.optimizer, settings);
}

/// The files that flags ask for.
template <class T>
void write_pictures(const Terminal& out, const ExplainFlags& flags, ModelRun<T>& run) {
  std::vector<std::string> written;
  const auto write = [&](const std::string& path, const std::string& text) {
    write_file(path, text);
    written.push_back(shell_word(path));
  };
  const Model& model = run.model();
  if (!flags.svg.empty()) {
    ModelRun<double> exact(model, run.data(), run.batch(), run.pass());
    write(flags.svg, explanation_svg(layers_of(exact), model.text()));
  }
  if (!flags.html.empty())
    write(flags.html, model_page(model, run.data(),
                                 {.batch = flags.batch,
                                  .seed = static_cast<std::uint64_t>(flags.seed),
                                  .steps = flags.steps}));
  if (!flags.pictures.empty()) {
    prepare_output_folder(flags.pictures);
    PictureOptions options{.run = {.optimizer = optimizer_of(flags),
                                   .steps = flags.steps,
                                   .batch = flags.batch,
                                   .seed = static_cast<std::uint64_t>(flags.seed),
                                   .clip_value = flags.clip_value,
                                   .clip_norm = flags.clip_norm}};
    for (const PictureFile& p : model_pictures(model, run.data(), run.batch(), options))
      write((std::filesystem::path(flags.pictures) / p.name).string(), p.content);
  }
  if (written.empty()) return;
  out.line();
  out.labelled("wrote", listed(written));
}

template <class T>
int explain_run(const ExplainFlags& flags, const Model& model, const Dataset& data) {
  const Terminal out(flags.json ? stderr : stdout);
  const auto seed = static_cast<std::uint64_t>(flags.seed);
  ModelRun<T> run(model, data, first_batch(data, flags.batch, seed),
                  {.training = true, .seed = seed});
  out.labelled("model", describe_model(model));
  out.labelled("batch", cat(counted(run.rows(), "row"), " of ", grouped(data.rows()), ", seed ",
                            flags.seed, "   ", describe_rows(data)));
  out.labelled("loss", loss_text(run.loss()));
  std::string json;
  if constexpr (std::is_same_v<T, double>)
    if (flags.at.empty()) json = explain_layers(out, run, flags.values);
  if (!flags.at.empty()) json = explain_at(out, run, flags.at);
  write_pictures(out, flags, run);
  if (flags.update) {
    // One object: the step joins what is known about the gradient.
    json.pop_back();
    json += ", \"update\": " + explain_step(out, flags, model, data) + "}";
  }
  if (flags.json) Terminal(stdout).line(json);
  return kOk;
}

}  // namespace

int explain_model(const ExplainFlags& given) {
  ExplainFlags flags = given;
  if (flags.words.size() != 2)
    throw UsageError(flags.words.size() < 2
                         ? "DATA is missing: on which rows is the model to be explained?"
                         : cat("unexpected argument '", flags.words[2], "'"));
  if (flags.values && !flags.at.empty())
    throw UsageError("--values prints whole arrays, --at one number: give one of them");
  if (flags.update && flags.at.empty())
    throw UsageError("--update needs --at NAME: the number whose step is to be explained");
  if (flags.after < 0) throw UsageError(cat("--after cannot be ", flags.after));
  if (flags.steps < 0) throw UsageError(cat("--steps cannot be ", flags.steps));
  if (flags.batch < 1) throw UsageError(cat("--batch must be at least 1, not ", flags.batch));
  flags.data.name = flags.words[1];
  const Model model = Model::load(model_file_of(flags.words[0]));
  // Before the data are read, which takes longer.
  if (!flags.at.empty()) find_element(model.graph(), flags.at, flags.batch, model.schema.picture());
  const Dataset data = rows_to_explain(model, flags);
  return flags.in_float && !flags.at.empty() ? explain_run<float>(flags, model, data)
                                             : explain_run<double>(flags, model, data);
}

}  // namespace chainrule::cli
