#include "chainrule/train/same_run.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/io/schema_json.h"
#include "chainrule/train/fit.h"

namespace chainrule {
namespace {

template <class Range>
std::uint64_t print_of(const Range& values, std::uint64_t before) {
  return fingerprint(std::as_bytes(std::span(values)), before);
}

std::uint64_t data_print(const Dataset& d, std::uint64_t before) {
  before = print_of(d.bytes, before), before = print_of(d.numbers(), before);
  before = print_of(d.classes, before), before = print_of(d.targets, before);
  for (const std::string& name : d.class_names) before = print_of(name, before);
  return print_of(d.weights, before);
}

/// An optimizer shows its settings by what it does.
std::uint64_t optimizer_print(const Optimizer& optimizer) {
  ThreadPool pool(1);
  OptimizerState<double> state = optimizer.start<double>(3);
  std::array<double, 3> values = {1, -2, 3};
  for (const double g : {0.5, -0.25, 2.0}) {
    const std::array<double, 3> grads = {g, g * g, -g};
    optimizer.step(state, std::span<double>(values), std::span<const double>(grads), optimizer.lr(),
                   pool);
  }
  return print_of(values, print_of(optimizer.name(), 0));
}

std::uint64_t options_print(const FitOptions& o) {
  const std::string text =
      cat(o.schedule.str(), " ", o.epochs, " ", o.steps, " ", o.batch, " ", o.seed, " ", o.shuffle,
          " ", o.replacement, " ", static_cast<int>(o.monitor), " ", o.patience);
  const std::array<double, 3> numbers = {o.clip_value, o.clip_norm, o.min_delta};
  return print_of(numbers, print_of(text, optimizer_print(o.optimizer)));
}

}  // namespace

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
  const std::string text = model.text() + " " + model.options().loss;
  std::uint64_t rows = data_print(data.train, 0);
  rows = data_print(data.test, data_print(data.validation, rows));
  const std::array<Fingerprint, 7> prints = {{
      {"another version of chainrule", print_of(version, 0)},
      {"another network", print_of(text, 0)},
      {"other data", rows},
      {"another meaning of rows and answers", print_of(schema_text(data.full_schema()), 0)},
      {"other options of training", options_print(options)},
      {"another number of steps behind it", static_cast<std::uint64_t>(step)},
      {"other parameters", print_of(model.params().all(), 0)},
  }};
  check_same(exchange, prints);
}

}  // namespace chainrule
