// Those who watch a training run: progress bars, tables, logs, plots.
#pragma once

#include <cstdint>
#include <optional>

#include "chainrule/core/shape.h"
#include "chainrule/data/dataset.h"
#include "chainrule/graph/tape.h"
#include "chainrule/model/model.h"
#include "chainrule/train/history.h"

namespace chainrule {

struct FitOptions;
struct RunState;

/// Before the first step, or before the first of a resumed run.
struct RunInfo {
  const Model& model;
  const Splits& data;
  const FitOptions& options;
  int threads;
  std::int64_t steps;            ///< planned
  std::int64_t done;             ///< of these, by the calls that are resumed
  std::int64_t steps_per_epoch;  ///< the last epoch may have fewer
};

/// After each step. The tape holds the step's values and gradients (clipped, if they were);
/// the parameters have moved on.
struct StepInfo {
  std::int64_t step;  ///< from 1
  Index epoch;        ///< from 1
  double loss;        ///< of this batch
  double lr;
  const Tape<float>& tape;
};

/// After each epoch, and after the part of one that was done when the run stops.
struct EpochInfo {
  const EpochRow& row;
  const History& history;  ///< all rows so far, `row` is the last
  bool best;               ///< the best so far, or the first
};

/// After each step; when the step ends an epoch, after on_epoch(). Nothing is half done: a run that
/// is resumed from here ends in the same bits. See checkpoint.h.
struct StateInfo {
  const RunState& state;
  const Model& model;              ///< with the parameters of this moment
  std::optional<StopReason> ends;  ///< set when no step follows
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_start(const RunInfo&) {}
  virtual void on_step(const StepInfo&) {}
  virtual void on_epoch(const EpochInfo&) {}
  virtual void on_state(const StateInfo&) {}
  /// Also when training stops because of NaN.
  virtual void on_end(const History&) {}
};

}  // namespace chainrule
