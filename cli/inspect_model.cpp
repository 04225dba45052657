// Safetensors files: a model, the checkpoint of a run, or tensors of another program.
#include <algorithm>

#include "chainrule/core/error.h"
#include "chainrule/data/csv.h"
#include "chainrule/io/model_file.h"
#include "chainrule/model/loss_table.h"
#include "chainrule/train/checkpoint.h"
#include "cli/describe.h"
#include "cli/format.h"
#include "cli/inspect.h"
#include "cli/inspect_numbers.h"

namespace chainrule::cli {
namespace {

/// Tensors of a checkpoint's run begin with this.
constexpr std::string_view kOfRun = "run/";
constexpr std::size_t kLastEpochs = 4;

ArrayLine summary_of(const SafeTensor& tensor) {
  ArrayLine line{
      tensor.name, std::string(to_string(tensor.dtype)), tensor.shape, tensor.size(), {}};
  if (tensor.bytes.empty()) return line;
  const std::size_t element = tensor.bytes.size() / static_cast<std::size_t>(line.count);
  SafeTensor piece{.name = {}, .dtype = tensor.dtype, .shape = {}, .bytes = {}};
  in_pieces(tensor.bytes, element, [&](std::span<const std::byte> part) {
    piece.bytes.assign(part.begin(), part.end());
    line.numbers.add(piece.values());
  });
  return line;
}

std::vector<ArrayLine> of_model(const SafeTensors& content) {
  std::vector<ArrayLine> lines;
  for (const SafeTensor& tensor : content.tensors)
    if (!tensor.name.starts_with(kOfRun)) lines.push_back(summary_of(tensor));
  return lines;
}

void say_tensors(const SafeTensors& content, const std::vector<ArrayLine>& lines, Sheet& sheet) {
  std::int64_t count = 0;
  for (const ArrayLine& line : lines) count += line.count;
  std::string text =
      cat(counted(count, "number"), " in ", counted(static_cast<Index>(lines.size()), "tensor"),
          ", ", finite_text(lines));
  const auto of_run = static_cast<Index>(content.tensors.size() - lines.size());
  if (of_run > 0) text += cat("; ", grouped(of_run), " more of the run");
  sheet.say("tensors", text);
  sheet.json.add("numbers", count);
}

std::string inputs_text(const Model& model) {
  const Schema& s = model.schema;
  if (const Shape picture = s.picture(); picture.rank() == 2)
    return cat("pictures of ", picture[0], "×", picture[1]);
  if (s.has_columns())
    return cat(counted(static_cast<Index>(s.inputs.size()), "column"), " as ",
               counted(model.features().size(), "input"));
  return describe_sizes(model.features()) + (model.features().size() == 1 ? " input" : " inputs");
}

std::string task_text(const Model& model, const Sheet& sheet) {
  const Schema& s = model.schema;
  if (s.task == Task::classification) {
    std::string text = cat(grouped(static_cast<Index>(s.labels.size())), ": ", sheet.few(s.labels),
                           " (", to_string(s.label_type), ")");
    if (s.threshold != 0.5) text += cat(", the second above ", compact(s.threshold));
    return text;
  }
  if (s.targets.empty()) return counted(model.outputs(), "number");
  std::vector<std::string> texts;
  for (const Target& t : s.targets) {
    std::string& text = texts.emplace_back(printable(t.name.empty() ? "number" : t.name, 40));
    if (!t.unit.empty()) text += " [" + printable(t.unit, 20) + "]";
    if (t.scale != 1 || t.offset != 0)
      text += cat(" = output × ", compact(t.scale), " + ", compact(t.offset));
  }
  return sheet.few(texts);
}

std::string options_text(const ModelOptions& o) {
  std::string text = o.loss;
  if (!o.init.empty()) text += ", init " + o.init;
  text += cat(", seed ", o.seed);
  for (const auto& [pattern, lambda] : o.l1) text += cat(", l1 ", lambda, " on ", pattern);
  for (const auto& [pattern, lambda] : o.l2) text += cat(", l2 ", lambda, " on ", pattern);
  if (o.label_smoothing > 0) text += cat(", labels smoothed by ", o.label_smoothing);
  return text;
}

std::string metrics_text(const std::map<std::string, double>& metrics) {
  std::string text;
  for (const auto& [name, value] : metrics) {
    std::string words = name;
    std::ranges::replace(words, '_', ' ');
    const bool share = name.ends_with("accuracy");
    text += (text.empty() ? "" : ", ") + words + " " + (share ? percent(value) : compact(value));
  }
  return text;
}

std::vector<JsonObject> targets_json(const Schema& schema) {
  std::vector<JsonObject> targets;
  for (const Target& t : schema.targets)
    targets.push_back(JsonObject()
                          .add("name", t.name)
                          .add("unit", t.unit)
                          .add("offset", t.offset)
                          .add("scale", t.scale));
  return targets;
}

void say_model(const Model& model, Sheet& sheet) {
  sheet.say("model", model.text());
  sheet.say("inputs", inputs_text(model));
  sheet.say(model.schema.task == Task::classification ? "classes"
            : model.schema.task == Task::multilabel   ? "labels"
                                                      : "predicts",
            task_text(model, sheet));
  sheet.say("loss", options_text(model.options()));
  if (!model.metrics.empty()) sheet.say("metrics", metrics_text(model.metrics));
  std::vector<Index> features(model.features().dims().begin(), model.features().dims().end());
  sheet.json.add("model", model.text())
      .add("features", features)
      .add("outputs", model.outputs())
      .add("task", to_string(model.schema.task))
      .add("classes", model.schema.labels)
      .add("label_type", to_string(model.schema.label_type))
      .add("targets", targets_json(model.schema))
      .add("loss", model.options().loss)
      .add("metrics", model.metrics)
      .add("parameters", model.params().trainable_count());
}

std::string input_text(const Input& c, const Sheet& sheet) {
  if (c.kind == InputKind::category)
    return "one input each for " + sheet.few(c.categories) +
           (c.missing_category ? ", missing" : "");
  std::string text = c.offset == 0 && c.scale == 1 ? std::string("as it is")
                     : c.offset == 0               ? cat("x / ", compact(c.scale))
                                     : cat("(x − ", compact(c.offset), ") / ", compact(c.scale));
  if (c.shape.rank() > 0) text = describe_sizes(c.shape) + ", " + text;
  return text;
}

std::string range_text(const Input& c) {
  if (std::isnan(c.least)) return "";
  return cat(compact(c.least), " to ", compact(c.greatest));
}

std::string missing_text(const Input& c) {
  if (c.kind == InputKind::category)
    return c.missing_category ? "an input of its own" : "0 everywhere";
  return std::isnan(c.fill) ? "refused" : compact(c.fill);
}

/// How raw values become inputs.
void show_inputs(const Schema& schema, Sheet& sheet) {
  std::vector<std::vector<std::string>> rows;
  std::vector<JsonObject> objects;
  for (const Input& c : schema.inputs) {
    JsonObject object = JsonObject().add("name", c.name).add("kind", to_string(c.kind));
    object.add("element", to_string(c.element));
    if (c.kind == InputKind::category)
      object.add("categories", c.categories).add("missing_category", c.missing_category);
    else
      object.add("offset", c.offset).add("scale", c.scale).add("fill", c.fill);
    object.add("least", c.least).add("greatest", c.greatest);
    objects.push_back(object);
    rows.push_back({printable(c.name, 24), std::string(to_string(c.kind)), range_text(c),
                    missing_text(c), input_text(c, sheet)});
  }
  sheet.table({{"column", true},
               {"kind", true},
               {"in training", true},
               {"if missing", true},
               {"as input", true}},
              rows, 8);
  sheet.json.add("columns", objects);
}

/// Why `chainrule predict` would not take the file, if it would not.
void say_problem(Model& model, const SafeTensors& content, const std::string& file, Sheet& sheet) {
  std::string problem;
  try {
    set_parameters(model, content, file);
  } catch (const DataError& e) {
    problem = e.what();
    sheet.say("problem", problem + "; no command will take it");
  }
  sheet.json.add("problem", problem);
}

void show_model(const InspectedFile& file, const SafeTensors& content, Sheet& sheet) {
  Model model = read_network(content, file.path);
  sheet.kind("model", "a model", file);
  say_model(model, sheet);
  const std::vector<ArrayLine> lines = of_model(content);
  say_tensors(content, lines, sheet);
  say_problem(model, content, file.path, sheet);
  if (sheet.wants_graph()) return show_graph(model, sheet);
  show_arrays(sheet, "tensor", "tensors", lines);
  show_inputs(model.schema, sheet);
}

std::string score_cell(double value, bool share) {
  if (value != value) return "";
  return share ? percent(value) : loss_text(value);
}

void show_epochs(const History& history, Sheet& sheet) {
  const auto& epochs = history.epochs;
  const std::size_t shown = sheet.all() ? epochs.size() : std::min(epochs.size(), kLastEpochs);
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = epochs.size() - shown; i < epochs.size(); ++i) {
    const EpochRow& r = epochs[i];
    rows.push_back({grouped(r.epoch), grouped(r.step), compact(r.lr)});
    for (const Score& s : {r.train, r.validation, r.test}) {
      rows.back().push_back(score_cell(s.loss, false));
      rows.back().push_back(score_cell(s.accuracy, true));
    }
  }
  sheet.table({{"epoch"},
               {"step"},
               {"lr"},
               {"train loss"},
               {"accuracy"},
               {"valid. loss"},
               {"accuracy"},
               {"test loss"},
               {"accuracy"}},
              rows, rows.size());
}

/// The optimizer's memory by its slots: "m and v of 101,770 numbers each, after 500 steps".
std::string slots_text(const SafeTensors& content, const Model& model) {
  std::vector<std::string> names;
  for (const SafeTensor& t : content.tensors) {
    if (!t.name.starts_with(kOfRun)) continue;
    const std::string rest = t.name.substr(kOfRun.size());
    const std::size_t end = rest.find('/');
    if (end == rest.npos) continue;
    const std::string name = rest.substr(0, end);
    if (name != "kept" && std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  if (names.empty()) return "no memory";
  return cat(listed(names), " of ", counted(model.params().trainable_count(), "number"),
             names.size() > 1 ? " each" : "");
}

std::string best_text(const RunState& state) {
  if (state.history.best_epoch == 0) return "no epoch has ended yet";
  std::string text = cat("epoch ", grouped(state.history.best_epoch));
  if (const EpochRow* best = state.history.best()) {
    const bool validated = best->validation.measured();
    const Score& score = validated ? best->validation : best->train;
    text += cat(validated ? ", validation" : ", training", " loss ", loss_text(score.loss));
    if (score.has_accuracy()) text += ", accuracy " + percent(score.accuracy);
  }
  if (state.waited > 0) text += cat("; ", counted(state.waited, "epoch"), " since");
  return text;
}

void show_checkpoint(const InspectedFile& file, const SafeTensors& content, Sheet& sheet) {
  const Checkpoint c = parse_checkpoint(std::as_bytes(std::span(file.bytes)), file.path);
  const RunState& s = c.state;
  sheet.kind("checkpoint", "a checkpoint, from which a run goes on to the bit", file);
  sheet.say("run", cat("step ", grouped(s.step), " of ", grouped(c.steps),
                       c.ended.empty() ? "" : ", ended: " + c.ended));
  say_model(c.model, sheet);
  sheet.say("recipe", text_of(c.recipe));
  sheet.say("memory", cat("optimizer: ", slots_text(content, c.model), ", after ",
                          counted(s.optimizer.step, "step"), "; learning rate ", compact(s.lr)));
  if (s.schedule.best < std::numeric_limits<double>::infinity())
    sheet.say("schedule", cat("best ", loss_text(s.schedule.best), ", ",
                              counted(s.schedule.bad_epochs, "epoch"), " since, factor ",
                              compact(s.schedule.reduction)));
  sheet.say("best", best_text(s));
  sheet.say("random", cat("rows of epoch ", grouped(s.loader.epoch + 1), " from batch ",
                          grouped(s.loader.position + 1), " on, dropout from step ",
                          grouped(s.step + 1), " on, all by the seed"));
  sheet.say("data", c.data);
  std::vector<std::string> words;
  for (const auto& [name, value] : c.settings)
    words.push_back(name.starts_with("--") ? cat(name, " ", shell_word(value)) : value);
  if (!words.empty()) sheet.say("flags", sheet.few(words));
  const std::vector<ArrayLine> lines = of_model(content);
  say_tensors(content, lines, sheet);
  sheet.json.add("step", s.step)
      .add("steps", c.steps)
      .add("epoch", s.loader.epoch)
      .add("best_epoch", s.history.best_epoch)
      .add("ended", c.ended)
      .add("recipe", text_of(c.recipe))
      .add("version", c.version)
      .add("instruction_set", c.instruction_set)
      .add("data", c.data)
      .add("slots", s.optimizer.slots.size())
      .add("lr", s.lr);
  if (sheet.wants_graph()) return show_graph(c.model, sheet);
  show_arrays(sheet, "tensor", "tensors", lines, 8);
  show_epochs(s.history, sheet);
}

void show_tensors(const InspectedFile& file, const SafeTensors& content, Sheet& sheet) {
  sheet.kind("safetensors", "tensors without a network", file);
  const std::vector<ArrayLine> lines = [&] {
    std::vector<ArrayLine> all;
    for (const SafeTensor& tensor : content.tensors) all.push_back(summary_of(tensor));
    return all;
  }();
  std::int64_t count = 0;
  for (const ArrayLine& line : lines) count += line.count;
  sheet.say("tensors",
            cat(counted(count, "number"), " in ",
                counted(static_cast<Index>(lines.size()), "tensor"), ", ", finite_text(lines)));
  sheet.json.add("numbers", count).add("metadata", content.metadata);
  sheet.say("import", "chainrule import FILE --model 'linear …' -o MODEL makes a model of them");
  show_arrays(sheet, "tensor", "tensors", lines);
  std::vector<std::vector<std::string>> rows;
  for (const auto& [key, value] : content.metadata)
    rows.push_back({printable(key, 32), printable(value, sheet.all() ? 1 << 20 : 60)});
  sheet.table({{"metadata", true}, {"", true}}, rows, 8);
}

}  // namespace

void inspect_safetensors(const InspectedFile& file, Sheet& sheet) {
  const SafeTensors content = parse_safetensors(std::as_bytes(std::span(file.bytes)), file.path);
  if (content.metadata.contains("run"))
    show_checkpoint(file, content, sheet);
  else if (content.metadata.contains("model") && content.metadata.contains("options"))
    show_model(file, content, sheet);
  else
    show_tensors(file, content, sheet);
}

void say_model_file(const std::filesystem::path& path, Sheet& sheet) {
  const SafeTensors content = read_safetensors(path);
  const Model model = read_network(content, path.string());
  say_model(model, sheet);
  say_tensors(content, of_model(content), sheet);
  if (sheet.wants_graph()) show_graph(model, sheet);
}

}  // namespace chainrule::cli
