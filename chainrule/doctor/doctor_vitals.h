// What the doctor measures: one instrumented run and short runs with other learning rates.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/doctor/doctor.h"
#include "chainrule/doctor/marks.h"
#include "chainrule/explain/model_run.h"
#include "chainrule/graph/op.h"
#include "chainrule/graph/tape.h"
#include "chainrule/train/evaluate.h"

namespace chainrule::detail {

/// One forward and backward pass over fixed rows; vectors by node number, NaN where nothing is.
struct Exam {
  double loss = 0;
  std::vector<double> value_rms, gradient_rms;
  std::vector<double> dead;       ///< of a relu: part of the units that are 0 for every row
  std::vector<double> saturated;  ///< of sigmoid and tanh: part of the outputs near a limit
};

/// One trainable parameter during the run.
struct ParamVitals {
  int node;
  double greatest_gradient = 0;  ///< |g| over all steps
  double moved = 0;              ///< greatest |change| from first to last
  /// Root mean square of the update over that of the weights, the median over the steps.
  double update_ratio = 0;
};

/// NaN or infinity.
struct Birth {
  std::int64_t step;  ///< from 1
  std::string node;
  bool in_gradient;
  double loss_before;  ///< of the last step that was finite
};

struct Vitals {
  const Model& model;
  const Splits& data;
  const FitOptions& run;
  std::int64_t steps = 0;  ///< done
  Index exam_rows = 0;
  Exam first, last;
  std::vector<double> losses;  ///< of each step
  std::vector<ParamVitals> params;
  std::optional<Birth> birth;
  std::vector<RateTrial> rates;
  GradientFlow flow;
  Evaluation train = Evaluation(),
             test = Evaluation();  ///< at the end, on at most 1,000 rows of each
  const Jury* jury = nullptr;
  bool fine = false;  ///< it learnt what a constant, a line and the nearest rows know

  const Graph& graph() const { return model.graph(); }
  const Node& node(int id) const { return graph().node(id); }
  std::string_view op(int id) const;
  /// Null for what is no operation.
  const OpTraits* traits(int id) const;
  /// Did the run do what a run should, whatever else is unusual?
  bool learned() const { return fine && !birth; }
};

Vitals examine(Model& model, const Splits& data, const DoctorOptions& options);
/// So many steps of this run take about `work` multiplications; at least `least`.
std::int64_t steps_for(const Model& model, Index batch, double work, std::int64_t least);

// The families of findings; each adds to `found`.
void look_at_data(const Vitals& v, std::vector<Finding>& found);
void look_at_setup(const Vitals& v, std::vector<Finding>& found);
void look_at_rate(const Vitals& v, std::vector<Finding>& found);
void look_at_layers(const Vitals& v, std::vector<Finding>& found);
void look_at_run(const Vitals& v, std::vector<Finding>& found);

/// The smallest rate with which the range test went down nearly as far as with any, and the
/// greatest with which it still went down; 0 when none did.
struct RateRange {
  double best = 0, best_loss = 0, greatest = 0;
};
RateRange rate_range(double first_loss, const std::vector<RateTrial>& rates);

/// With so many significant digits.
double rounded(double value, int digits);
/// Three significant digits, as a sentence needs them.
inline std::string shown(double value) { return cat(rounded(value, 3)); }

}  // namespace chainrule::detail
