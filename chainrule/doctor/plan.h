// A training run that can be changed and tried again.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chainrule/doctor/doctor.h"
#include "chainrule/doctor/marks.h"
#include "chainrule/model/layer_table.h"

namespace chainrule::detail {

/// Everything that a run is made of, as the flags of chainrule train say it.
struct Plan {
  std::string text;
  ModelOptions options;
  FitOptions run;
  std::string optimizer;
  OptimizerSettings settings;
  bool scaled = false;  ///< inputs and numbers to learn with mean 0 and variance 1
};

/// What a run came to.
struct Outcome {
  Marks marks;
  double training = 0;  ///< score on training rows
  bool diverged = false;
};

/// Runs plans of one model on the same data.
class Lab {
 public:
  Lab(const Model& model, const Splits& data, const Jury& jury);
  /// As many steps of it as `steps` says. nullopt: model and data do not fit together.
  std::optional<Outcome> run(const Plan& plan, std::int64_t steps) const;

 private:
  const Model& model_;
  const Splits& data_;
  const Jury& jury_;
};

/// One change of a plan that may help.
struct PlanChange {
  std::string cause;  ///< what is wrong if it does
  std::string words;  ///< what is changed: "without dropout"
  Flags flags;        ///< of chainrule train, that make the change
  Plan plan;
};

struct Vitals;
/// Changes that are worth a try for this run, the most special cause first.
std::vector<PlanChange> changes(const Vitals& v, const Plan& plan, std::int64_t steps, bool whole);

// Texts of models, edited.
bool is_activation(const LayerSpec& layer);
bool is_dense(const LayerSpec& layer);

}  // namespace chainrule::detail
