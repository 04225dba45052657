// Why does a run not learn? A short instrumented run, and what it shows.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "chainrule/data/dataset.h"
#include "chainrule/explain/gradient_flow.h"
#include "chainrule/model/model.h"
#include "chainrule/train/fit.h"

namespace chainrule {

enum class Severity {
  note,     ///< unusual, but the run learns all the same
  warning,  ///< holds the run back
  serious,  ///< alone enough to keep it from learning
};
std::string_view to_string(Severity severity);

/// One thing that is wrong.
struct Finding {
  std::string cause;  ///< "learning rate too high", "dead ReLUs", ...: same words, same kind
  Severity severity = Severity::note;
  std::string at;      ///< node, parameter or column; empty for the whole run
  std::string detail;  ///< the evidence in a sentence
  std::string advice;  ///< what to try
  std::vector<std::pair<std::string, double>> evidence;  ///< the numbers, named
};

/// The loss on rows of the data after a few steps with one learning rate, all else equal.
struct RateTrial {
  double rate;
  double loss;  ///< NaN or infinite when it did not survive
};

struct DoctorOptions {
  /// The run to be looked at. `steps` of 0 means 300; epochs, patience and observers are ignored.
  FitOptions run;
  bool range_test = true;
};

struct Diagnosis {
  std::vector<Finding> findings;     ///< the most severe first, causes before what they cause
  std::vector<std::string> healthy;  ///< what was looked at and found in order
  std::vector<RateTrial> rates;      ///< of the range test, rising
  GradientFlow flow;                 ///< of the run
  double first_loss = 0;             ///< before the first step, on rows of the training data
  double last_loss = 0;              ///< after the last one, on the same rows
  double suggested_rate = 0;         ///< 0: the range test found none
  std::string advice;                ///< of the first finding; "" when there is none
};

/// Trains a copy of the parameters for a few hundred steps and looks at values, gradients and
/// updates on the way; then the same with other learning rates. The model is left as it was.
/// Throws Error when model and data do not fit together.
Diagnosis diagnose(Model& model, const Splits& data, const DoctorOptions& options = {});

/// The curve of the range test: loss over learning rate, with the rate of the run marked.
std::string rates_svg(const Diagnosis& diagnosis, double rate);

}  // namespace chainrule
