// What an optimizer's step does to one number.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chainrule/data/dataset.h"
#include "chainrule/explain/element.h"
#include "chainrule/model/model.h"
#include "chainrule/optim/optimizers.h"

namespace chainrule {

struct UpdateOptions {
  std::string optimizer = "adam";
  OptimizerSettings settings = {};
  Index batch = 100;
  std::uint64_t seed = 1;
  double clip_value = 0, clip_norm = 0;  ///< as in FitOptions
  Index after = 0;                       ///< steps of training before the one that is explained
};

struct UpdateExplanation {
  std::string name;
  std::string rule;  ///< "m = beta1 * m + (1 - beta1) * g; ..."
  std::int64_t step = 1;
  double before = 0, after = 0;  ///< the number itself
  double data_gradient = 0;      ///< of the loss of the samples
  struct Part {
    std::string name;
    double amount;
  };
  std::vector<Part> penalties;  ///< "l2_penalty1"
  double gradient = 0;          ///< with penalties
  double clipped = 0;           ///< after clipping, which is what the optimizer sees
  double norm = 0;              ///< of all gradients, before clip_norm
  struct Slot {
    std::string name;
    double before, after;
  };
  std::vector<Slot> slots;      ///< momentum, Adam's moments
  double rate = 0;              ///< learning rate
  std::optional<double> decay;  ///< change of the number that is due to weight decay
};

/// Trains a copy of the model for options.after steps, then takes the next step apart, in float as
/// training computes it. Throws Error for an element that is not a trainable parameter's, or an
/// unknown optimizer or setting.
UpdateExplanation explain_update(const Model& model, const Dataset& data, const Element& element,
                                 const UpdateOptions& options);

}  // namespace chainrule
