// Training: steps, epochs, and which parameters are kept.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "chainrule/core/exchange.h"
#include "chainrule/core/tensor.h"
#include "chainrule/data/dataset.h"
#include "chainrule/data/loader.h"
#include "chainrule/model/model.h"
#include "chainrule/optim/adam.h"
#include "chainrule/optim/schedule.h"
#include "chainrule/train/history.h"
#include "chainrule/train/observer.h"

namespace chainrule {

/// What decides which epoch is the best, and when early stopping has waited enough.
enum class Monitor { loss, accuracy };

/// Parameters, by a pattern such as "fc2.*", with settings of their own. The rule is of the kind of
/// the run's optimizer; its learning rate takes part in the schedule.
struct ParamGroup {
  std::string pattern;
  Optimizer optimizer;
};

struct FitOptions {
  Optimizer optimizer = Adam{};
  std::vector<ParamGroup> groups = {};   ///< of several that match a parameter the last one counts
  std::vector<std::string> frozen = {};  ///< patterns of parameters that keep their bits
  /// Gradients of so many batches, one after another, make one step: as one batch of as many rows,
  /// in the memory of one. batch_norm sees the single batches.
  Index accumulate = 1;
  Schedule schedule = {};
  Index epochs = 5;
  std::int64_t steps = 0;  ///< above 0: so many steps, whatever `epochs` says
  Index batch = 128;
  std::uint64_t seed = 0;  ///< of the order of rows and of dropout
  int threads = 0;         ///< 0: all that there are; the result does not depend on it
  bool shuffle = true;
  bool replacement = false;  ///< draw each batch from all rows
  double clip_value = 0;     ///< above 0: each gradient is limited to [-clip_value, clip_value]
  double clip_norm = 0;      ///< above 0: the global norm is limited; after clip_value
  Monitor monitor = Monitor::loss;
  /// Early stopping: above 0, stop after so many epochs in a row that did not better the best by
  /// more than min_delta.
  Index patience = 0;
  double min_delta = 0;
  std::vector<Observer*> observers = {};
  /// Training stops after the step during which this becomes true.
  const std::atomic<bool>* stop = nullptr;
  /// Above 0: this call ends after so many epochs, or steps, of its own. Schedules reckon with the
  /// whole run, and another call may go on from there.
  Index pause_after_epochs = 0;
  std::int64_t pause_after_steps = 0;
  /// Goes on from this state to the bit, when the model has the parameters of that moment, and data
  /// and options are the same. A checkpoint has both: see checkpoint.h.
  const RunState* resume = nullptr;
  /// Not null: every rank makes the same call, runs its part of each batch and of the rows that are
  /// measured, and ends with the same parameters; see share.h. What differs between ranks is found
  /// before the first step; RankError. Statistics of batch_norm are those of a rank's rows, the
  /// running ones the mean over the ranks. A rank stops when any is told to.
  Exchange* exchange = nullptr;
};

/// Everything that changes during a run, beside the parameters. Random numbers depend on the seed
/// and on the numbers of step and epoch alone.
struct RunState {
  std::int64_t step = 0;
  Loader::State loader;
  OptimizerState<float> optimizer;
  ScheduleState schedule;

  // The running epoch.
  double loss_sum = 0;  ///< of its steps
  std::int64_t epoch_steps = 0, rows = 0, right = 0;
  double last_loss = 0;      ///< of the last step
  double lr = 0;             ///< of the last step
  double epoch_seconds = 0;  ///< since the epoch began, when somebody observes

  // What is kept.
  Buffer<float> kept;  ///< Params::all() of the best epoch, or of the last that has ended
  double best = 0;     ///< what the monitor showed there; lower is better
  Index waited = 0;    ///< epochs since
  History history;

  RunState clone() const;
};

/// Trains `model` on data.train, and gives it the data's schema.
///
/// Kept at the end: with validation rows, the parameters of the epoch with the best validation
/// loss (or accuracy: `monitor`). Without them, those of the last epoch, or with early stopping
/// those of the epoch with the best training loss (accuracy). Test rows are only reported and
/// decide nothing.
///
/// NaN or infinity in loss or gradient: throws NumericError naming the step and the node where it
/// begins, before the update, so that the model keeps the last good parameters. Data, model and
/// options that do not fit together: throws Error before the first step.
///
/// The same seed gives the same bits for any number of threads.
History fit(Model& model, const Splits& data, const FitOptions& options = {});

}  // namespace chainrule
