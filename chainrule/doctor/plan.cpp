#include "chainrule/doctor/plan.h"

#include <algorithm>
#include <cmath>

#include "chainrule/core/error.h"
#include "chainrule/train/evaluate.h"

namespace chainrule::detail {
namespace {

/// Numbers to learn with mean 0 and variance 1, and what undoes it.
struct ScaledTargets {
  double offset = 0, scale = 1;
  explicit ScaledTargets(const Dataset& train) {
    if (train.has_classes() || train.targets.empty()) return;
    const auto n = static_cast<double>(train.targets.size());
    double variance = 0;
    for (const float t : train.targets) offset += static_cast<double>(t) / n;
    for (const float t : train.targets) {
      const double d = static_cast<double>(t) - offset;
      variance += d * d / n;
    }
    if (variance > 0) scale = std::sqrt(variance);
  }
  void apply(Dataset& d) const {
    for (float& t : d.targets) t = static_cast<float>((static_cast<double>(t) - offset) / scale);
  }
};

Splits scaled_parts(const Splits& data) {
  const Scaled inputs(data.train);
  const ScaledTargets targets(data.train);
  Splits s;
  s.train = inputs(data.train);
  if (data.test.rows() > 0) s.test = inputs(data.test);
  targets.apply(s.train), targets.apply(s.test);
  return s;
}

}  // namespace

bool is_dense(const LayerSpec& layer) {
  return layer.kind != nullptr && layer.kind->prefix == "fc";
}

bool is_activation(const LayerSpec& layer) {
  return layer.kind != nullptr && !layer.kind->init_before.empty() && !layer.kind->parameters &&
         !is_dense(layer);
}

Lab::Lab(const Model& model, const Splits& data, const Jury& jury)
    : model_(model), data_(data), jury_(jury) {}

std::optional<Outcome> Lab::run(const Plan& plan, std::int64_t steps) const {
  try {
    Splits own;
    if (plan.scaled)
      own = scaled_parts(data_);
    else
      own.train = data_.train;
    Model model(plan.text, own.train.features, plan.options);
    const bool same = plan.text == model_.text() && plan.options.init == model_.options().init;
    if (same) std::ranges::copy(model_.params().all(), model.params().all().begin());
    FitOptions options = plan.run;
    options.steps = steps, options.observers.clear(), options.patience = 0;
    Outcome o;
    try {
      Splits alone;
      alone.train = own.train;
      fit(model, alone, options);
    } catch (const NumericError&) {
      o.diverged = true;
    }
    const std::optional<Jury> judge =
        plan.scaled
            ? std::optional<Jury>(std::in_place, own, std::uint64_t{0}, options.threads, true)
            : std::nullopt;
    const Jury& jury = judge ? *judge : jury_;
    o.marks = jury.marks(model), o.training = jury.training(model).score();
    return o;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace chainrule::detail
