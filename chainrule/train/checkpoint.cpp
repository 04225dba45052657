#include "chainrule/train/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "chainrule/core/error.h"
#include "chainrule/core/plain_text.h"
#include "chainrule/data/file.h"
#include "chainrule/files/atomic_file.h"
#include "chainrule/files/sha256.h"
#include "chainrule/io/json_limits-inl.h"
#include "chainrule/io/model_file.h"
#include "chainrule/io/safetensors.h"
#include "chainrule/kernels/instruction_set.h"

namespace chainrule {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::string_view kCheckpointFormat = "chainrule-run-2";
constexpr std::string_view kPrefix = "step-", kSuffix = ".safetensors";
constexpr const char* kTimes = "times.json";
constexpr std::int64_t kMostCounted = std::int64_t{1} << 40;  // steps, see fit()
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// JSON has no infinity and no NaN. Finite numbers are written so that they read back the same.
Json as_json(double x) {
  return std::isfinite(x) ? Json(x) : Json(std::isnan(x) ? "nan" : x > 0 ? "inf" : "-inf");
}

double number_from(const Json& json) {
  if (json.is_number()) return json.get<double>();
  const auto& text = json.get_ref<const std::string&>();
  if (text == "inf") return std::numeric_limits<double>::infinity();
  return text == "-inf" ? -std::numeric_limits<double>::infinity() : kUnknown;
}

/// Calls f(name, field) for each number of a state; the same list serves writing and reading.
void each_number(auto& s, auto&& f) {
  f("step", s.step), f("epoch", s.loader.epoch), f("position", s.loader.position);
  f("optimizer_step", s.optimizer.step);
  f("schedule_best", s.schedule.best), f("schedule_bad_epochs", s.schedule.bad_epochs);
  f("schedule_reduction", s.schedule.reduction);
  f("loss_sum", s.loss_sum), f("epoch_steps", s.epoch_steps), f("rows", s.rows);
  f("right", s.right), f("last_loss", s.last_loss), f("lr", s.lr);
  f("best", s.best), f("waited", s.waited);
  f("best_epoch", s.history.best_epoch), f("stride", s.history.stride);
}

/// The numbers of a row, without how long it took.
void each_number_of_row(auto& row, auto&& f) {
  f(row.epoch), f(row.step), f(row.lr);
  for (auto* score : {&row.train, &row.validation, &row.test}) f(score->loss), f(score->accuracy);
}
constexpr Index kRowNumbers = 9;

SafeTensor history_tensor(const History& history) {
  std::vector<double> numbers;
  for (const EpochRow& row : history.epochs)
    each_number_of_row(row, [&](auto x) { numbers.push_back(static_cast<double>(x)); });
  return SafeTensor::make("run/history", {static_cast<Index>(history.epochs.size()), kRowNumbers},
                          std::span<const double>(numbers));
}

std::vector<EpochRow> rows_from(const SafeTensor* tensor) {
  if (tensor == nullptr || tensor->shape.size() != 2 || tensor->shape[1] != kRowNumbers)
    throw DataError("has no history of the run");
  const std::vector<double> numbers = tensor->values();
  std::vector<EpochRow> rows(static_cast<std::size_t>(tensor->shape[0]));
  std::size_t i = 0;
  for (EpochRow& row : rows) {
    each_number_of_row(row, [&]<class T>(T& x) {
      const double value = numbers[i++];
      if (std::is_integral_v<T> && !(value >= 0 && value <= kMostCounted))
        throw DataError("has a history with a step or epoch that is not a whole number");
      x = static_cast<T>(value);
    });
    row.seconds = kUnknown;
  }
  return rows;
}

/// Does no step of the whole run follow?
bool is_over(const StateInfo& info) {
  return info.ends == StopReason::finished || info.ends == StopReason::early;
}

fs::path name_of(std::int64_t step) {
  std::string digits = std::to_string(step);
  digits.insert(0, digits.size() < 9 ? 9 - digits.size() : 0, '0');
  return cat(kPrefix, digits, kSuffix);
}

/// The checkpoints of a folder by their steps.
std::map<std::int64_t, fs::path> checkpoints_in(const fs::path& folder) {
  std::map<std::int64_t, fs::path> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    std::int64_t step = 0;
    const char* end = name.data() + name.size() - kSuffix.size();
    const auto [stop, error] = std::from_chars(name.data() + kPrefix.size(), end, step);
    if (error == std::errc{} && stop == end && step >= 0) found[step] = entry.path();
  }
  return found;
}

std::string times_of(const RunState& state) {
  Json seconds = Json::array();
  for (const EpochRow& row : state.history.epochs) seconds.push_back(as_json(row.seconds));
  return Json{{"train_seconds", as_json(state.history.train_seconds)},
              {"epoch_seconds", as_json(state.epoch_seconds)},
              {"epochs", seconds}}
             .dump() +
         "\n";
}

/// Times are a comfort: without them the run goes on the same.
void read_times(const fs::path& file, RunState& state) {
  try {
    const data::Bytes bytes = data::read_file(file, 1 << 22);
    const Json json = parse_json<Json>({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    const auto known = [](double x, double otherwise = 0) {
      return x >= 0 && x < 1e9 ? x : otherwise;
    };
    const Json& seconds = json.at("epochs");
    for (std::size_t i = 0; i < std::min(seconds.size(), state.history.epochs.size()); ++i)
      state.history.epochs[i].seconds = known(number_from(seconds.at(i)), kUnknown);
    state.history.train_seconds = known(number_from(json.at("train_seconds")));
    state.epoch_seconds = known(number_from(json.at("epoch_seconds")));
  } catch (const DataError&) {
  } catch (const Json::exception&) {
  }
}

RunState state_from(const Json& run, const SafeTensors& content, const Model& model,
                    const std::string& file) {
  RunState state;
  each_number(state, [&]<class T>(const char* name, T& field) {
    if constexpr (std::is_integral_v<T>) {
      field = whole_number<T>(run.at(name));
      if (field < 0 || field > kMostCounted) throw DataError(cat("has ", field, " as ", name));
    } else {
      field = number_from(run.at(name));
    }
  });
  state.history.epochs = rows_from(content.find("run/history"));
  state.history.steps = state.history.epochs.empty() ? 0 : state.history.epochs.back().step;
  if (state.history.stride < 1) throw DataError("has a history without a stride");
  const Params<float>& params = model.params();
  state.kept = Buffer<float>(static_cast<Index>(params.all().size()));
  read_parameters(state.kept.span(), model, content, "run/kept/", true, file);
  const auto slots = run.at("slots").get<std::vector<std::string>>();
  if (slots.size() > kMaxSlots) throw DataError(cat("has more than ", kMaxSlots, " slots"));
  for (const std::string& slot : slots) {
    auto& values =
        state.optimizer.slots.emplace_back(static_cast<Index>(params.trainable().size()));
    read_parameters(values.span(), model, content, cat("run/", slot, "/"), false, file);
  }
  return state;
}

}  // namespace

Checkpointer::Checkpointer(CheckpointOptions options) : options_(std::move(options)) {
  if (options_.keep < 1)
    throw Error(cat(options_.keep, " checkpoints were to be kept, expected at least 1"));
  if (options_.every < 0)
    throw Error(cat("a checkpoint every ", options_.every, " steps was asked for"));
}

void Checkpointer::on_start(const RunInfo& info) {
  splits_ = &info.data;
  steps_ = info.steps;
  recipe_ = recipe_of(info.options);
  const std::vector<std::string_view> names = info.options.optimizer.slots();
  slots_.assign(names.begin(), names.end());
}

void Checkpointer::on_state(const StateInfo& info) {
  const bool over = is_over(info);
  const bool asked = options_.every > 0 || options_.each_epoch;
  if ((options_.every > 0 && info.state.step % options_.every == 0) ||
      (options_.each_epoch && info.state.loader.position == 0) || (info.ends && (asked || !over)))
    write(info);
  else if (over)
    remove_checkpoints(options_.folder);  // of the pauses before
}

void Checkpointer::write(const StateInfo& info) {
  std::error_code error;
  fs::create_directories(options_.folder, error);
  if (error)
    throw DataError(
        cat("the folder '", options_.folder.string(), "' cannot be made: ", error.message()));
  if (data_.empty()) data_ = data_mark(*splits_);
  const RunState& state = info.state;
  SafeTensors content = to_safetensors(info.model);
  add_parameters(content, info.model, state.kept.span(), "run/kept/");
  for (std::size_t i = 0; i < slots_.size(); ++i)
    add_parameters(content, info.model, state.optimizer.slots[i].span(),
                   cat("run/", slots_[i], "/"));
  content.tensors.push_back(history_tensor(state.history));

  Json run{{"format", kCheckpointFormat},
           {"steps", steps_},
           {"ended", is_over(info) ? to_string(*info.ends) : ""},
           {"data", data_},
           {"recipe", recipe_},
           {"version", CHAINRULE_VERSION},
           {"instruction_set", kernels::instruction_set()},
           {"slots", slots_}};
  each_number(state, [&]<class T>(const char* name, const T& field) {
    if constexpr (std::is_integral_v<T>)
      run[name] = field;
    else
      run[name] = as_json(field);
  });
  content.metadata = model_metadata(info.model);
  content.metadata["run"] = run.dump();
  content.metadata["settings"] =
      Json(options_.settings).dump(-1, ' ', false, Json::error_handler_t::replace);
  content.metadata["checksum"] = checkpoint_checksum(content);

  const fs::path file = options_.folder / name_of(state.step);
  auto older = checkpoints_in(options_.folder);
  older.erase(older.lower_bound(state.step), older.end());
  for (;;) {
    try {
      write_file(options_.folder / kTimes, times_of(state));
      write_safetensors(file, content);
      break;
    } catch (const DataError&) {
      if (older.size() < 2) throw;
      fs::remove(older.begin()->second, error);
      older.erase(older.begin());
    }
  }
  // What lies after this step, another life of the run has left.
  for (const auto& [step, path] : checkpoints_in(options_.folder))
    if (step > state.step) fs::remove(path, error);
  for (auto it = older.begin();
       it != older.end() && older.size() >= static_cast<std::size_t>(options_.keep);
       it = older.erase(it))
    fs::remove(it->second, error);
}

void Checkpoint::expect_same(const Splits& splits, const FitOptions& options) const {
  const auto refuse = [&](const std::string& why) {
    throw DataError(cat("the data are not those of the checkpoint '", file.string(), "': ", why));
  };
  const Schema schema = splits.full_schema();
  if (const std::string other = difference_of(model.schema, schema); !other.empty()) refuse(other);
  const std::string scaling = scaling_difference(model.schema, schema);
  if (const std::string now = data_mark(splits); now != data || !scaling.empty())
    refuse(cat("the run began with ", data, "; these are ", now, scaling.empty() ? "" : ", with ",
               scaling));
  refuse_other(recipe, recipe_of(options));
}

void Checkpoint::expect_same(const Model& own) const {
  refuse_other(recipe_of(model), recipe_of(own));
}

void Checkpoint::refuse_other(const Recipe& before, const Recipe& now) const {
  if (const std::string other = difference(before, now); !other.empty())
    throw Error(cat("the checkpoint '", file.string(), "' was written with ", other));
}

std::string Checkpoint::elsewhere() const {
  const std::string_view here = kernels::instruction_set();
  if (version == CHAINRULE_VERSION && instruction_set == here) return "";
  return cat("the checkpoint was written by chainrule ", version, " with ", instruction_set,
             ", this is chainrule " CHAINRULE_VERSION " with ", here,
             ": the run goes on, perhaps not to the same bits");
}

std::string checkpoint_checksum(const SafeTensors& content) {
  Sha256 sum;
  // Lengths, so that "ab", "c" and "a", "bc" differ.
  const auto add = [&](std::span<const std::byte> bytes) {
    const std::uint64_t size = bytes.size();
    sum.update(std::as_bytes(std::span(&size, 1)));
    sum.update(bytes);
  };
  const auto add_text = [&](const std::string& text) { add(std::as_bytes(std::span(text))); };
  for (const auto& [key, value] : content.metadata)
    if (key != "checksum") add_text(key), add_text(value);
  for (const SafeTensor& t : content.tensors)
    add_text(t.name), add(std::as_bytes(std::span(t.shape))),
        add(std::as_bytes(std::span(t.bytes)));
  return sum.hex();
}

Checkpoint read_checkpoint(const SafeTensors& content, const std::string& file) {
  const auto refuse = [&](const std::string& what) -> DataError {
    return DataError(without_controls(cat("checkpoint '", file, "' ", what)));
  };
  const auto text = [&](const char* key) {
    const auto it = content.metadata.find(key);
    if (it == content.metadata.end()) throw refuse(cat("is none: its metadata has no '", key, "'"));
    return it->second;
  };
  try {
    const Json run = parse_json<Json>(text("run"));
    if (run.at("format").get<std::string>() != kCheckpointFormat)
      throw refuse(cat("has another format than '", kCheckpointFormat,
                       "': another version of chainrule wrote it, and goes on with it"));
    if (text("checksum") != checkpoint_checksum(content))
      throw refuse("is damaged: its checksum is wrong");
    Checkpoint c{.file = file, .model = read_model(content, file)};
    c.state = state_from(run, content, c.model, file);
    c.steps = whole_number<std::int64_t>(run.at("steps"));
    c.ended = run.at("ended").get<std::string>();
    c.recipe = run.at("recipe").get<Recipe>();
    c.version = run.at("version").get<std::string>();
    c.instruction_set = run.at("instruction_set").get<std::string>();
    c.data = run.at("data").get<std::string>();
    c.settings = parse_json<Json>(text("settings")).get<Settings>();
    return c;
  } catch (const Json::exception&) {
    throw refuse("has metadata of the wrong form");
  } catch (const DataError& e) {
    if (std::string_view(e.what()).find(file) != std::string_view::npos) throw;
    throw refuse(e.what());
  }
}

Checkpoint parse_checkpoint(std::span<const std::byte> bytes, const std::string& file) {
  return read_checkpoint(parse_safetensors(bytes, file), file);
}

Checkpoint load_checkpoint(const fs::path& file) {
  Checkpoint c = read_checkpoint(read_safetensors(file), file.string());
  read_times(file.parent_path() / kTimes, c.state);
  return c;
}

std::optional<Checkpoint> newest_checkpoint(const fs::path& folder,
                                            std::vector<std::string>* skipped) {
  const auto found = checkpoints_in(folder);
  for (auto it = found.rbegin(); it != found.rend(); ++it) {
    try {
      return load_checkpoint(it->second);
    } catch (const DataError& e) {
      if (skipped != nullptr) skipped->emplace_back(e.what());
    }
  }
  return std::nullopt;
}

void remove_checkpoints(const fs::path& folder) {
  std::error_code ignored;
  remove_leftovers(folder);
  for (const auto& [step, path] : checkpoints_in(folder)) fs::remove(path, ignored);
  fs::remove(folder / kTimes, ignored);
  fs::remove(folder, ignored);
}

}  // namespace chainrule
