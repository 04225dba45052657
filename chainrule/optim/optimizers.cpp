#include "chainrule/optim/optimizers.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "chainrule/core/error.h"
#include "chainrule/optim/adagrad.h"
#include "chainrule/optim/adam.h"
#include "chainrule/optim/rmsprop.h"
#include "chainrule/optim/rprop.h"
#include "chainrule/optim/sgd.h"

namespace chainrule {
namespace {

template <class O>
Optimizer make(const OptimizerSettings& settings) {
  O rule;
  std::vector<std::string_view> names;
  O::settings(rule, [&](std::string_view name, auto& field, double low, double high) {
    names.push_back(name);
    const auto it = settings.find(name);
    if (it == settings.end()) return;
    detail::check_setting(O::kName, name, it->second, low, high);
    field = static_cast<std::remove_reference_t<decltype(field)>>(it->second);
  });
  for (const auto& [name, value] : settings)
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw Error(cat("[", O::kName, "] has no setting '", name, "'", did_you_mean(name, names)));
  return rule;
}

struct Entry {
  std::string_view name;
  Optimizer (*make)(const OptimizerSettings&);
};

template <class... O>
constexpr std::array<Entry, sizeof...(O)> entries() {
  return {Entry{O::kName, make<O>}...};
}

constexpr auto kOptimizers =
    entries<Sgd, Momentum, Nesterov, Adagrad, Rmsprop, Adam, Adamw, Rprop>();

}  // namespace

std::vector<std::string_view> optimizer_names() {
  std::vector<std::string_view> names;
  for (const Entry& entry : kOptimizers) names.push_back(entry.name);
  return names;
}

Optimizer make_optimizer(std::string_view name, const OptimizerSettings& settings) {
  for (const Entry& entry : kOptimizers)
    if (entry.name == name) return entry.make(settings);
  throw Error(cat("unknown optimizer '", name, "'", did_you_mean(name, optimizer_names())));
}

}  // namespace chainrule
