#include "chainrule/optim/schedule.h"

#include <array>
#include <charconv>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/core/number.h"

namespace chainrule {
namespace {

/// By how much, relatively, a loss must be lower to count as an improvement.
constexpr double kImprovement = 1e-4;

constexpr std::array<std::string_view, 6> kNames{"constant", "step",    "exponential",
                                                 "cosine",   "plateau", "warmup"};

double checked(std::string_view what, double value, double low, double high) {
  if (value >= low && value <= high) return value;
  throw Error(
      cat("[schedule] ", what, " is ", value, ", expected a number from ", low, " to ", high));
}

Index checked_count(std::string_view what, double value, double low) {
  constexpr double kMost = 1e15;  // far below 2^53, where doubles stop to be whole numbers
  if (value >= low && value <= kMost && value == std::floor(value))
    return static_cast<Index>(value);
  throw Error(cat("[schedule] ", what, " is ", value, ", expected a whole number from ", low));
}

/// The shortest text that reads back as the same number.
std::string shortest(double value) {
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

std::string_view trimmed(std::string_view s) {
  const std::size_t begin = s.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return s.substr(begin, s.find_last_not_of(" \t") + 1 - begin);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(separator, begin);
    parts.push_back(trimmed(text.substr(begin, end - begin)));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

/// "step:5:0.5" as its name and its numbers.
struct SchedulePart {
  std::string_view text, name;
  std::vector<double> numbers;

  explicit SchedulePart(std::string_view t) : text(t) {
    const std::vector<std::string_view> words = split(t, ':');
    name = words[0];
    for (std::size_t i = 1; i < words.size(); ++i) {
      const char* end = words[i].data() + words[i].size();
      double value = 0;
      const auto [stop, error] = read_number(words[i].data(), end, value);
      if (error != std::errc() || stop != end)
        throw Error(cat("[schedule] '", words[i], "' in '", text, "' is not a number"));
      numbers.push_back(value);
    }
  }
  void expect(std::size_t least, std::size_t most, std::string_view form) const {
    if (numbers.size() >= least && numbers.size() <= most) return;
    throw Error(cat("[schedule] '", text, "' is not of the form ", form));
  }
};

}  // namespace

Schedule Schedule::step(Index every, double gamma) {
  Schedule s;
  s.kind_ = Kind::step;
  s.every_ = checked_count("the number of epochs of step", static_cast<double>(every), 1);
  s.gamma_ = checked("the factor of step", gamma, 0, 1);
  return s;
}

Schedule Schedule::exponential(double gamma) {
  Schedule s;
  s.kind_ = Kind::exponential;
  s.gamma_ = checked("the factor of exponential", gamma, 0, 1);
  return s;
}

Schedule Schedule::cosine(double floor) {
  Schedule s;
  s.kind_ = Kind::cosine;
  s.floor_ = checked("the floor of cosine", floor, 0, 1);
  return s;
}

Schedule Schedule::plateau(double gamma, Index patience) {
  Schedule s;
  s.kind_ = Kind::plateau;
  s.gamma_ = checked("the factor of plateau", gamma, 0, 1);
  s.every_ = checked_count("the patience of plateau", static_cast<double>(patience), 0);
  return s;
}

Schedule Schedule::custom(std::function<double(Index)> f) {
  Schedule s;
  s.kind_ = Kind::custom;
  s.custom_ = std::move(f);
  return s;
}

Schedule Schedule::warmup(Index steps) const {
  Schedule s = *this;
  s.warmup_ = checked_count("the number of steps of warmup", static_cast<double>(steps), 0);
  return s;
}

Schedule Schedule::parse(std::string_view text) {
  Schedule schedule;
  Index warmup = 0;
  int rules = 0, warmups = 0;
  for (const std::string_view word : split(text, ',')) {
    const SchedulePart part(word);
    const std::vector<double>& n = part.numbers;
    if (part.name == "warmup") {
      part.expect(1, 1, "warmup:STEPS");
      warmup = checked_count("the number of steps of warmup", n[0], 0);
      ++warmups;
      continue;
    }
    ++rules;
    if (part.name == "constant") {
      part.expect(0, 0, "constant");
    } else if (part.name == "step") {
      part.expect(2, 2, "step:EPOCHS:FACTOR");
      schedule = step(checked_count("the number of epochs of step", n[0], 1), n[1]);
    } else if (part.name == "exponential") {
      part.expect(1, 1, "exponential:FACTOR");
      schedule = exponential(n[0]);
    } else if (part.name == "cosine") {
      part.expect(0, 1, "cosine or cosine:FLOOR");
      schedule = cosine(n.empty() ? 0 : n[0]);
    } else if (part.name == "plateau") {
      part.expect(2, 2, "plateau:FACTOR:PATIENCE");
      schedule = plateau(n[0], checked_count("the patience of plateau", n[1], 0));
    } else {
      throw Error(cat("unknown schedule '", part.name, "'", did_you_mean(part.name, kNames)));
    }
  }
  if (rules > 1 || warmups > 1)
    throw Error(cat("[schedule] '", text, "' names more than one ",
                    rules > 1 ? "rule, expected one and at most one warm-up" : "warm-up"));
  return schedule.warmup(warmup);
}

std::string Schedule::str() const {
  const std::string rule = [&]() -> std::string {
    switch (kind_) {
      case Kind::step:
        return cat("step:", every_, ":", shortest(gamma_));
      case Kind::exponential:
        return cat("exponential:", shortest(gamma_));
      case Kind::cosine:
        return floor_ == 0 ? "cosine" : cat("cosine:", shortest(floor_));
      case Kind::plateau:
        return cat("plateau:", shortest(gamma_), ":", every_);
      case Kind::custom:
        return "custom";
      case Kind::constant:
        break;
    }
    return "constant";
  }();
  return warmup_ == 0 ? rule : cat("warmup:", warmup_, ", ", rule);
}

double Schedule::factor(Index step, Index steps, Index epoch, const ScheduleState& state) const {
  double f = 1;
  switch (kind_) {
    case Kind::constant:
      break;
    case Kind::step:
      f = std::pow(gamma_, static_cast<double>(epoch / every_));
      break;
    case Kind::exponential:
      f = std::pow(gamma_, static_cast<double>(epoch));
      break;
    case Kind::cosine:
      if (step >= warmup_ && steps > warmup_) {
        const double progress =
            static_cast<double>(step - warmup_) / static_cast<double>(steps - warmup_);
        f = floor_ + (1 - floor_) * (1 + std::cos(std::numbers::pi * progress)) / 2;
      }
      break;
    case Kind::plateau:
      f = state.reduction;
      break;
    case Kind::custom:
      f = custom_(epoch);
      break;
  }
  return step < warmup_ ? f * static_cast<double>(step + 1) / static_cast<double>(warmup_) : f;
}

void Schedule::end_epoch(ScheduleState& state, double loss) const {
  if (kind_ != Kind::plateau) return;
  if (loss < state.best - kImprovement * std::abs(state.best) || std::isinf(state.best)) {
    state.best = loss;
    state.bad_epochs = 0;
  } else if (++state.bad_epochs > every_) {
    state.reduction *= gamma_;
    state.bad_epochs = 0;
  }
}

}  // namespace chainrule
