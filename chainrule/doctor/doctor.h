// Why does a run not learn? A short instrumented run, and what it shows.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "chainrule/data/dataset.h"
#include "chainrule/explain/gradient_flow.h"
#include "chainrule/model/model.h"
#include "chainrule/optim/optimizers.h"
#include "chainrule/train/fit.h"

namespace chainrule {

enum class Severity {
  note,     ///< unusual, but the run learns all the same
  warning,  ///< holds the run back
  serious,  ///< alone enough to keep it from learning
};
std::string_view to_string(Severity severity);

/// Flags of chainrule train with their values: {"--lr", "0.01"}.
using Flags = std::vector<std::pair<std::string, std::string>>;

/// A change of the run that was tried, and what came of it.
struct Tried {
  std::string words;             ///< "without dropout"
  Flags flags;                   ///< that make the change
  double before = 0, after = 0;  ///< Answer::score of the same number of steps
  bool helped = false;           ///< by more than chance
};

/// Did it learn, and compared with what?
struct Answer {
  bool learned = false;  ///< better than a constant by more than chance, no worse than a line
  bool beats_constant = false;
  bool classes = false;          ///< scores are parts of the rows that are right, otherwise R^2
  double score = 0, spread = 0;  ///< and half of its interval of 95 %
  double training = 0;           ///< score on training rows
  double constant = 0, linear = 0;
  double neighbour = 0;      ///< NaN when there are too few rows
  double auc = 0;            ///< of two classes, how often yes is ranked above no; NaN otherwise
  bool ranks = false;        ///< auc is above 1/2 by more than chance
  Index rows = 0;            ///< that were looked at
  bool on_training = false;  ///< they are training rows, as there are hardly others
  std::int64_t steps = 0;    ///< of the run
  std::string sentence;
};

/// One thing that is wrong.
struct Finding {
  std::string cause;  ///< "learning rate too high", "dead ReLUs", ...: same words, same kind
  Severity severity = Severity::note;
  std::string at;      ///< node, parameter or column; empty for the whole run
  std::string detail;  ///< the evidence in a sentence
  std::string advice;  ///< what to try
  std::vector<std::pair<std::string, double>> evidence = {};  ///< the numbers, named
  std::vector<Tried> tried = {};  ///< the fix, when it was tried and helped; at most one
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
  bool experiments = true;  ///< try changes when the run did not learn
  /// Of run.optimizer, so that it can be made again with another; empty: the rule's defaults.
  OptimizerSettings settings = {};
};

struct Diagnosis {
  Answer answer;
  std::vector<Tried> tried;          ///< everything that was tried
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
/// updates on the way; then the same with other learning rates; then, when the run did not learn
/// what a constant, a line or the nearest rows know, the same with one thing changed at a time:
/// what changes the outcome is a finding, and its flags are the fix. The model is left as it was.
/// Throws Error when model and data do not fit together.
Diagnosis diagnose(Model& model, const Splits& data, const DoctorOptions& options = {});

/// The curve of the range test: loss over learning rate, with the rate of the run marked.
std::string rates_svg(const Diagnosis& diagnosis, double rate);

}  // namespace chainrule
