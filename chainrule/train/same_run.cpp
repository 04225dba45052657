#include "chainrule/train/same_run.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/io/model_file.h"
#include "chainrule/io/model_nodes.h"
#include "chainrule/io/schema_json.h"
#include "chainrule/train/fit.h"

namespace chainrule {
namespace {

template <class Range>
std::uint64_t print_of(const Range& values, std::uint64_t before) {
  return fingerprint(std::as_bytes(std::span(values)), before);
}

std::uint64_t print_of(const Dataset& d, std::uint64_t before) {
  for (const Index length : d.features.dims()) before = print_of(std::span(&length, 1), before);
  before = print_of(d.bytes, before), before = print_of(d.numbers(), before);
  before = print_of(d.classes, before), before = print_of(d.targets, before);
  for (const auto* names : {&d.class_names, &d.feature_names, &d.target_names})
    for (const std::string& name : *names) before = print_of(name, before);
  return print_of(d.weights, before);
}

}  // namespace

std::string hexadecimal(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

Recipe recipe_of(const FitOptions& o) {
  Recipe recipe = {{"optimizer", std::string(o.optimizer.name())}};
  for (const auto& [name, value] : o.optimizer.settings()) recipe.emplace_back(name, exact(value));
  recipe.emplace_back("schedule", o.schedule.str());
  for (const ParamGroup& group : o.groups)
    for (const auto& [name, value] : group.optimizer.settings())
      recipe.emplace_back(cat(name, " of group ", group.pattern), exact(value));
  std::string frozen;
  for (const std::string& pattern : o.frozen) frozen += (frozen.empty() ? "" : " ") + pattern;
  recipe.emplace_back("frozen", frozen.empty() ? "none" : frozen);
  recipe.emplace_back("accumulate", std::to_string(o.accumulate));
  recipe.emplace_back("batch", std::to_string(o.batch));
  recipe.emplace_back("seed", std::to_string(o.seed));
  recipe.emplace_back("rows", o.replacement ? "drawn" : o.shuffle ? "shuffled" : "in order");
  recipe.emplace_back("clip_value", exact(o.clip_value));
  recipe.emplace_back("clip_norm", exact(o.clip_norm));
  recipe.emplace_back("monitor", o.monitor == Monitor::accuracy ? "accuracy" : "loss");
  recipe.emplace_back("patience", std::to_string(o.patience));
  recipe.emplace_back("min_delta", exact(o.min_delta));
  return recipe;
}

Recipe recipe_of(const Model& model) {
  const ModelOptions& o = model.options();
  Recipe recipe = {{"network", model.text()}, {"loss", o.loss}};
  recipe.emplace_back("label_smoothing", exact(o.label_smoothing));
  for (const auto& [pattern, lambda] : o.l1) recipe.emplace_back("l1 of " + pattern, exact(lambda));
  for (const auto& [pattern, lambda] : o.l2) recipe.emplace_back("l2 of " + pattern, exact(lambda));
  // Whatever else a recorded graph may have that is another, such as the weight of a loss.
  try {
    recipe.emplace_back("graph", hexadecimal(print_of(nodes_json(model), 0)));
  } catch (const Error&) {  // an operation of the user's own, which no file can name
  }
  return recipe;
}

std::string text_of(const Recipe& recipe) {
  std::string text;
  for (const auto& [name, value] : recipe) text += cat(text.empty() ? "" : ", ", name, " ", value);
  return text;
}

std::string difference(const Recipe& before, const Recipe& now) {
  const auto value_in = [](const Recipe& recipe, const std::string& name) {
    const auto it = std::ranges::find(recipe, name, &Recipe::value_type::first);
    return it == recipe.end() ? std::string("none") : it->second;
  };
  for (const Recipe* recipe : {&before, &now})
    for (const auto& [name, value] : *recipe)
      if (const std::string a = value_in(before, name), b = value_in(now, name); a != b)
        return cat(name, " ", a, ", not ", b);
  return "";
}

std::uint64_t fingerprint(std::span<const std::byte> bytes, std::uint64_t before) {
  // Four lanes of eight bytes each, so that hundreds of megabytes take a fraction of a second.
  constexpr std::uint64_t kPrime = 0x9E3779B97F4A7C15;
  std::array<std::uint64_t, 4> lanes = {before ^ bytes.size(), kPrime, 2, 3};
  while (!bytes.empty()) {
    std::array<std::uint64_t, 4> words = {};
    const std::size_t count = std::min(sizeof(words), bytes.size());
    std::memcpy(words.data(), bytes.data(), count);
    for (std::size_t i = 0; i < 4; ++i) lanes[i] = std::rotl((lanes[i] ^ words[i]) * kPrime, 29);
    bytes = bytes.subspan(count);
  }
  std::uint64_t all = 0;
  for (const std::uint64_t lane : lanes) all = (std::rotl(all, 23) ^ lane) * kPrime;
  return all ^ (all >> 32);
}

std::uint64_t fingerprint(const Splits& data) {
  std::uint64_t print = print_of(schema_text(data.full_schema()), 0);
  for (const Dataset* part : {&data.train, &data.validation, &data.test})
    print = print_of(*part, print);
  return print;
}

std::string data_mark(const Splits& data) {
  return cat(grouped(data.train.rows()), " training, ", grouped(data.validation.rows()),
             " validation and ", grouped(data.test.rows()), " test rows, checksum ",
             hexadecimal(fingerprint(data)));
}

void check_same(Exchange& exchange, std::span<const Fingerprint> prints) {
  std::vector<double> own;  // a double holds 32 bits exactly
  for (const Fingerprint& print : prints) {
    own.push_back(static_cast<double>(print.value >> 32));
    own.push_back(static_cast<double>(print.value & 0xFFFFFFFF));
  }
  const std::vector<double> halves = exchange.gather(own);
  const auto ranks = static_cast<std::size_t>(exchange.size());
  const auto at = [&](std::size_t rank, std::size_t print) {
    return halves.begin() + static_cast<std::ptrdiff_t>(2 * (rank * prints.size() + print));
  };
  for (std::size_t p = 0; p < prints.size(); ++p)
    for (std::size_t r = 1; r < ranks; ++r)
      if (!std::equal(at(r, p), at(r, p) + 2, at(0, p)))
        throw RankError(cat("rank ", static_cast<std::int64_t>(r), " of ", exchange.size(), " has ",
                            prints[p].what, " than rank 0; all must be started alike"));
}

void check_same_run(Exchange& exchange, const Model& model, const Splits& data,
                    const FitOptions& options, std::int64_t step) {
  const std::string_view version = CHAINRULE_VERSION;
  const Recipe network = recipe_of(model);
  Recipe recipe = recipe_of(options);
  recipe.emplace_back("epochs", std::to_string(options.epochs));
  recipe.emplace_back("steps", std::to_string(options.steps));
  const std::array<Fingerprint, 7> prints = {{
      {"another version of chainrule", print_of(version, 0)},
      {"another network", print_of(text_of(network), 0)},
      {"other data", fingerprint(data)},
      {"another meaning of rows and answers", print_of(schema_text(data.full_schema()), 0)},
      {"other options of training", print_of(text_of(recipe), 0)},
      {"another number of steps behind it", static_cast<std::uint64_t>(step)},
      {"other parameters", print_of(model.params().all(), 0)},
  }};
  check_same(exchange, prints);
}

}  // namespace chainrule
