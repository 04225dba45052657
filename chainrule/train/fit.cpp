#include "chainrule/train/fit.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>

#include "chainrule/core/error.h"
#include "chainrule/core/thread_pool.h"
#include "chainrule/data/answer.h"
#include "chainrule/graph/tape.h"
#include "chainrule/optim/clip.h"
#include "chainrule/train/evaluator.h"
#include "chainrule/train/feed.h"
#include "chainrule/train/same_run.h"
#include "chainrule/train/share.h"
#include "chainrule/train/thread_trial.h"

namespace chainrule {
namespace {

constexpr Index kEvaluationBatch = 256;

using Clock = std::chrono::steady_clock;

double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

void check_options(const FitOptions& o) {
  const auto at_least = [](const char* what, double value, double least) {
    if (!(value >= least && std::isfinite(value)))
      throw Error(cat(what, " is ", value, ", expected at least ", least));
  };
  if (o.steps == 0) at_least("the number of epochs", static_cast<double>(o.epochs), 1);
  at_least("the number of steps", static_cast<double>(o.steps), 0);
  at_least("the number of batches to accumulate", static_cast<double>(o.accumulate), 1);
  if (o.accumulate > 1 && o.exchange != nullptr)
    throw Error("several ranks cannot accumulate batches; give each more rows");
  for (const ParamGroup& g : o.groups)
    if (g.optimizer.name() != o.optimizer.name() || g.optimizer.slots() != o.optimizer.slots())
      throw Error(cat("the group ", g.pattern, " is updated by ", g.optimizer.name(), ", expected ",
                      o.optimizer.name(), " with as many moments"));
  at_least("the limit for clipping by value", o.clip_value, 0);
  at_least("the limit for clipping by norm", o.clip_norm, 0);
  at_least("the patience of early stopping", static_cast<double>(o.patience), 0);
  at_least("the least improvement for early stopping", o.min_delta, 0);
  at_least("the number of epochs to pause after", static_cast<double>(o.pause_after_epochs), 0);
  at_least("the number of steps to pause after", static_cast<double>(o.pause_after_steps), 0);
}

const Dataset& checked(const Dataset& data) {
  data.validate();
  if (data.rows() == 0)
    throw DataError(
        cat(data.name.empty() ? "the data" : cat("'", data.name, "'"), " has no rows to train on"));
  return data;
}

/// Before ranks exchange anything else: have all been started alike?
Exchange* compared(Exchange* exchange, const Model& model, const Splits& data,
                   const FitOptions& options) {
  if (exchange != nullptr)
    check_same_run(*exchange, model, data, options,
                   options.resume == nullptr ? 0 : options.resume->step);
  return exchange;
}

/// A stretch of the trainable parameters that one rule updates.
struct Stretch {
  Index begin, end;
  const Optimizer* optimizer;
};

/// All of them but the frozen ones.
std::vector<Stretch> stretches_of(const Model& model, const FitOptions& options) {
  const Graph& g = model.graph();
  std::vector<const Optimizer*> rules(g.params().size(), &options.optimizer);
  for (const ParamGroup& group : options.groups)
    for (const int p : matching_params(g, group.pattern, "a group"))
      rules[static_cast<std::size_t>(p)] = &group.optimizer;
  for (const std::string& pattern : options.frozen)
    for (const int p : matching_params(g, pattern, "what is frozen"))
      rules[static_cast<std::size_t>(p)] = nullptr;
  std::vector<Stretch> all;
  const auto size = static_cast<Index>(model.params().trainable().size());
  for (std::size_t p = 0; p < rules.size(); ++p) {
    const Index begin = model.params().offset(static_cast<int>(p));
    if (begin >= size || rules[p] == nullptr) continue;
    const Node& node = g.node(g.params()[p]);
    const Index end = begin + padded(node.shape.size());
    if (!all.empty() && all.back().end == begin && all.back().optimizer == rules[p])
      all.back().end = end;
    else
      all.push_back({begin, end, rules[p]});
  }
  if (all.empty()) throw Error("every parameter is frozen, there is nothing to train");
  return all;
}

std::vector<bool> frozen_of(const Model& model, const FitOptions& options) {
  std::vector<bool> frozen;
  for (const std::string& pattern : options.frozen)
    for (const int p : matching_params(model.graph(), pattern, "what is frozen")) {
      frozen.resize(model.graph().params().size(), false);
      frozen[static_cast<std::size_t>(p)] = true;
    }
  return frozen;
}

/// One call of fit().
class Run {
 public:
  Run(Model& model, const Splits& data, const FitOptions& options);
  History operator()();

 private:
  bool has_validation() const { return validation_.has_value(); }
  /// Is the best epoch looked for, or simply the last one kept?
  bool selects() const { return has_validation() || options_.patience > 0; }
  /// Why no step follows, if none does.
  std::optional<StopReason> ends() const;

  void resume(const RunState& from);
  void step();
  /// What a pass over a batch has found out, its gradients in the tape's.
  struct Passed {
    double loss;
    std::int64_t right;
    bool finite;
  };
  Passed pass(std::span<const std::int32_t> rows);
  Passed pass_in_parts(std::span<const std::int32_t> rows);
  std::int64_t count_right(std::span<const std::int32_t> rows) const;
  /// Measures and adds a row to the history.
  void end_epoch();
  bool keep_if_best(const EpochRow& row);
  void keep() { std::copy(params_.begin(), params_.end(), state_.kept.begin()); }
  void return_to_kept() { std::copy(state_.kept.begin(), state_.kept.end(), params_.begin()); }
  void check_parameters();
  [[noreturn]] void diverge(std::int64_t step, const std::string& what);
  std::string describe(const NonFinite& found) const;
  void finish(StopReason reason);

  Model& model_;
  const Splits& data_;
  const FitOptions& options_;
  ThreadPool pool_;
  ThreadTrial trial_{pool_};
  Feed feed_;
  Loader loader_;
  Share<float> share_;
  Tape<float> tape_;
  std::optional<Evaluator> validation_, test_;
  std::span<float> params_, trainable_;
  std::vector<Stretch> stretches_;
  Buffer<float> sum_;  ///< of the gradients of a step's batches
  Var output_, loss_;
  std::int64_t steps_;
  bool told_to_stop_ = false;  ///< some rank was
  RunState state_;
  std::int64_t first_step_ = 0;  ///< of this call
  Index first_epoch_ = 0;
  Clock::time_point epoch_start_;
};

Run::Run(Model& model, const Splits& data, const FitOptions& options)
    : model_(model),
      data_(data),
      options_((check_options(options), options)),
      pool_(options.threads),
      feed_(model, checked(data.train)),
      loader_(data.train.rows(), {.batch = options.batch * options.accumulate,
                                  .shuffle = options.shuffle,
                                  .replacement = options.replacement,
                                  .seed = options.seed}),
      share_(compared(options.exchange, model, data, options), data.train),
      tape_(model.params(), {.rows = share_.most_rows(std::min(loader_.batch(), options.batch)),
                             .pool = &pool_,
                             .input_gradients = false,
                             .outputs = {},
                             .param_grads = share_.param_grads(model.params().trainable().size()),
                             .frozen = frozen_of(model, options)}),
      params_(model.params().all()),
      trainable_(model.params().trainable()),
      output_(model.output()),
      loss_(model.loss()) {
  feed_.check_targets();
  stretches_ = stretches_of(model, options);
  if (options.accumulate > 1) sum_ = Buffer<float>(static_cast<Index>(trainable_.size()));
  if (options.monitor == Monitor::accuracy && !data.train.has_classes())
    throw Error("accuracy cannot be monitored: the data have no classes");
  constexpr std::int64_t kMostSteps = std::int64_t{1} << 40;  // random numbers have room for these
  steps_ = options.steps > 0                                 ? options.steps
           : options.epochs > kMostSteps / loader_.batches() ? kMostSteps + 1
                                                             : options.epochs * loader_.batches();
  if (steps_ > kMostSteps) throw Error("more than 2^40 training steps were asked for");
  const auto measure = [&](const Dataset& part, std::optional<Evaluator>& evaluator) {
    part.validate();
    if (part.rows() > 0) evaluator.emplace(model, part, kEvaluationBatch, pool_, options.exchange);
  };
  measure(data.validation, validation_);
  measure(data.test, test_);

  state_.optimizer = options.optimizer.start<float>(static_cast<Index>(trainable_.size()));
  state_.kept = Buffer<float>(static_cast<Index>(params_.size()));
  state_.best = std::numeric_limits<double>::infinity();
  constexpr auto kMostRows = static_cast<std::int64_t>(History::kMostRows);
  state_.history.epochs.reserve(static_cast<std::size_t>(
      std::min(kMostRows, (steps_ + loader_.batches() - 1) / loader_.batches())));
  keep();
  if (options.resume != nullptr) resume(*options.resume);
  first_step_ = state_.step, first_epoch_ = state_.loader.epoch;
}

void Run::resume(const RunState& from) {
  const auto expect = [](bool holds, const std::string& what) {
    if (!holds) throw Error("the run cannot be resumed: " + what);
  };
  expect(from.step >= 0 && from.step <= steps_,
         cat("it has done ", from.step, " steps, of ", steps_, " in all"));
  const Index epochs = from.history.epochs.empty() ? 0 : from.history.epochs.back().epoch;
  expect(from.step / loader_.batches() == from.loader.epoch && epochs == from.loader.epoch &&
             from.step % loader_.batches() == from.loader.position,
         cat("step ", from.step, " is not batch ", from.loader.position, " of epoch ",
             from.loader.epoch, " with ", loader_.batches(), " batches each"));
  const auto& slots = from.optimizer.slots;
  bool fits =
      from.kept.size() == state_.kept.size() && slots.size() == state_.optimizer.slots.size();
  for (const Buffer<float>& slot : slots) fits &= slot.span().size() == trainable_.size();
  expect(fits, "model or optimizer are not those that it began with");
  const std::size_t reserved = state_.history.epochs.capacity();
  state_ = from.clone();
  state_.history.epochs.reserve(reserved);
  loader_.set_state(from.loader);
}

History Run::operator()() {
  model_.adopt(data_.full_schema());
  for (Observer* o : options_.observers)
    o->on_start({model_, data_, options_, pool_.threads(), steps_, first_step_, loader_.batches()});
  epoch_start_ = Clock::now() - std::chrono::duration_cast<Clock::duration>(
                                    std::chrono::duration<double>(state_.epoch_seconds));
  std::optional<StopReason> reason = ends();
  while (!reason) {
    step();
    if (state_.loader.position == 0) end_epoch();
    reason = ends();
    if (!options_.observers.empty())
      state_.epoch_seconds = state_.loader.position == 0 ? 0 : seconds(Clock::now() - epoch_start_);
    for (Observer* o : options_.observers) o->on_state({state_, model_, reason});
  }
  // A part of an epoch gets its row, too; the states that observers saw are without it, so that a
  // run goes on from them as if it had not stopped.
  if (state_.epoch_steps > 0) end_epoch();
  finish(*reason);
  return std::move(state_.history);
}

std::optional<StopReason> Run::ends() const {
  const auto reached = [](std::int64_t done, std::int64_t limit) {
    return limit > 0 && done >= limit;
  };
  if (state_.step == steps_) return StopReason::finished;
  if (reached(state_.waited, options_.patience)) return StopReason::early;
  if (reached(state_.step - first_step_, options_.pause_after_steps) ||
      reached(state_.loader.epoch - first_epoch_, options_.pause_after_epochs))
    return StopReason::paused;
  // All ranks stop after the same step.
  const bool asked = options_.exchange != nullptr
                         ? told_to_stop_
                         : options_.stop != nullptr && options_.stop->load();
  if (asked && state_.step > first_step_) return StopReason::interrupted;
  return std::nullopt;
}

Run::Passed Run::pass(std::span<const std::int32_t> rows) {
  feed_(tape_, rows);
  if (share_.idle() && model_.weight()) std::ranges::fill(tape_.input(model_.weight()), 1.0f);
  tape_.forward({.training = true,
                 .seed = options_.seed,
                 .step = static_cast<std::uint64_t>(state_.step),
                 .first_row = share_.part().first});
  const double own_loss = static_cast<double>(tape_.value(loss_)[0]);
  const std::int64_t right = count_right(rows.first(static_cast<std::size_t>(share_.part().count)));
  const bool stop = options_.stop != nullptr && options_.stop->load();
  // Over all ranks: the loss, how many rows are right, how many ranks shall stop.
  std::array<double, 3> sums = {share_.factor() * own_loss, static_cast<double>(right),
                                stop ? 1.0 : 0.0};
  share_.add_up(sums);
  // One rank must not stay behind while the others wait for its gradients.
  const bool finite =
      (std::isfinite(own_loss) || options_.exchange != nullptr) && share_.backward(tape_, loss_);
  told_to_stop_ = sums[2] > 0;
  if (finite) tape_.update_state();
  return {sums[0], static_cast<std::int64_t>(sums[1]), finite};
}

/// Each part's gradient counts by its share of the batch's weights, so that the sum is that of the
/// batch.
Run::Passed Run::pass_in_parts(std::span<const std::int32_t> rows) {
  const auto weight = [&](std::span<const std::int32_t> part) {
    if (data_.train.weights.empty()) return static_cast<double>(part.size());
    double sum = 0;
    for (const std::int32_t r : part)
      sum += static_cast<double>(data_.train.weights[static_cast<std::size_t>(r)]);
    return sum;
  };
  const double whole = weight(rows);
  const auto size = static_cast<std::size_t>(tape_.capacity());
  Passed all{0, 0, true};
  std::ranges::fill(sum_, 0.0f);
  for (std::size_t first = 0; first < rows.size() && all.finite; first += size) {
    const auto part = rows.subspan(first, std::min(size, rows.size() - first));
    const auto factor = static_cast<float>(whole > 0 ? weight(part) / whole : 0);
    if (factor == 0) continue;  // its mean would be none
    feed_(tape_, part);
    tape_.forward({.training = true,
                   .seed = options_.seed,
                   .step = static_cast<std::uint64_t>(state_.step),
                   .first_row = static_cast<Index>(first)});
    const double loss = static_cast<double>(tape_.value(loss_)[0]);
    all.loss += static_cast<double>(factor) * loss;
    all.right += count_right(part);
    all.finite = std::isfinite(loss);
    if (!all.finite) break;
    tape_.backward(loss_, std::span<const float>(&factor, 1));
    const std::span<const float> grads = tape_.param_grads();
    all.finite = all_finite(grads, pool_);
    for (std::size_t i = 0; i < grads.size(); ++i) sum_[static_cast<Index>(i)] += grads[i];
    tape_.update_state();
  }
  if (all.finite) std::ranges::copy(sum_, tape_.param_grads().begin());
  return all;
}

void Run::step() {
  trial_.start_step();
  const Loader::State where = loader_.state();
  const std::span<const std::int32_t> batch = loader_.next(), rows = share_.take(batch);
  const auto [loss, right, finite] = options_.accumulate > 1 ? pass_in_parts(rows) : pass(rows);
  const std::span<float> grads = tape_.param_grads();
  if (!finite) {
    const std::optional<NonFinite> found = tape_.find_nonfinite();
    diverge(state_.step + 1, found ? describe(*found) : cat("the loss is ", loss));
  }
  if (options_.clip_value > 0) clip_by_value(grads, options_.clip_value, pool_);
  if (options_.clip_norm > 0) clip_by_global_norm(grads, options_.clip_norm, pool_);
  const double factor = options_.schedule.factor(state_.step, steps_, where.epoch, state_.schedule);
  state_.lr = options_.optimizer.lr() * factor;
  ++state_.optimizer.step;
  for (const Stretch& s : stretches_)
    s.optimizer->update(state_.optimizer, trainable_, std::span<const float>(grads), s.begin, s.end,
                        s.optimizer->lr() * factor, pool_);
  share_.average(params_.subspan(trainable_.size()));
  trial_.end_step();

  state_.loader = loader_.state();
  ++state_.step, ++state_.epoch_steps;
  state_.loss_sum += loss;
  state_.last_loss = loss;
  if (!data_.train.classes.empty() && model_.target()) {
    state_.right += right;
    state_.rows += std::ssize(batch);
  }
  for (Observer* o : options_.observers)
    o->on_step({state_.step, where.epoch + 1, loss, state_.lr, tape_});
}

std::int64_t Run::count_right(std::span<const std::int32_t> rows) const {
  const std::vector<std::int32_t>& classes = data_.train.classes;
  if (classes.empty() || !model_.target()) return 0;
  const View<const float> outputs = tape_.value(output_);
  std::int64_t right = 0;
  for (std::size_t i = 0; i < rows.size(); ++i)
    right += decide(model_.schema, outputs.row(static_cast<Index>(i)), false) ==
             classes[static_cast<std::size_t>(rows[i])];
  return right;
}

void Run::end_epoch() {
  History& history = state_.history;
  check_parameters();
  EpochRow row;
  row.epoch = history.epochs.empty() ? 1 : history.epochs.back().epoch + 1;
  row.step = state_.step;
  row.lr = state_.lr;
  row.train.loss = state_.loss_sum / static_cast<double>(state_.epoch_steps);
  if (state_.rows > 0)
    row.train.accuracy = static_cast<double>(state_.right) / static_cast<double>(state_.rows);
  // An epoch may be a single step of a tiny network, which takes as long as a few looks at a clock.
  Clock::time_point now = Clock::now();
  history.train_seconds += seconds(now - epoch_start_);
  if (validation_) row.validation = validation_->score();
  if (test_) row.test = test_->score();
  if (validation_ || test_) now = Clock::now();
  row.seconds = seconds(now - epoch_start_);
  options_.schedule.end_epoch(state_.schedule,
                              has_validation() ? row.validation.loss : row.train.loss);
  state_.loss_sum = 0;
  state_.epoch_steps = state_.rows = state_.right = 0;
  history.add(row);
  history.steps = state_.step;
  const bool best = keep_if_best(row);
  for (Observer* o : options_.observers) o->on_epoch({history.epochs.back(), history, best});
  epoch_start_ = options_.observers.empty() ? now : Clock::now();
}

bool Run::keep_if_best(const EpochRow& row) {
  const Score& score = has_validation() ? row.validation : row.train;
  const double value = options_.monitor == Monitor::loss ? score.loss : -score.accuracy;
  // The first epoch is the best so far, even when its loss is not a number.
  const bool best = row.epoch == 1 || value < state_.best - options_.min_delta;
  state_.waited = best ? 0 : state_.waited + 1;
  if (best) state_.best = std::isnan(value) ? std::numeric_limits<double>::infinity() : value;
  if (best || !selects()) {
    keep();
    state_.history.best_epoch = row.epoch;
  }
  return best;
}

void Run::check_parameters() {
  if (all_finite(std::span<const float>(params_), pool_)) return;
  diverge(state_.step, "the step makes parameters that are not finite");
}

std::string Run::describe(const NonFinite& found) const {
  const Node& node = model_.graph().node(found.node);
  if (found.in_gradient) return cat("the gradient of '", node.name, "' is not finite");
  if (node.kind == NodeKind::param) return cat("parameter '", node.name, "' is not finite");
  if (node.kind == NodeKind::input) return cat("the input '", node.name, "' is not finite");
  return cat("the output of '", node.name, "' is not finite");
}

void Run::diverge(std::int64_t step, const std::string& what) {
  std::string kept = state_.step == 0 ? "before training" : cat("after step ", state_.step);
  if (!all_finite(std::span<const float>(params_), pool_)) {
    return_to_kept();
    const Index epoch = state_.history.best_epoch;
    kept = epoch == 0 ? "before training" : cat("after epoch ", epoch);
  }
  finish(StopReason::diverged);
  const double lr = state_.step > 0 ? state_.lr : options_.optimizer.lr();
  throw NumericError(cat("training stopped in step ", step, " (epoch ",
                         (step - 1) / loader_.batches() + 1, "): ", what,
                         state_.step > 0 ? cat("; the last good loss was ", state_.last_loss) : "",
                         "; the model has the parameters that it had ", kept,
                         "; a learning rate below ", lr, " or clipped gradients may help"));
}

void Run::finish(StopReason reason) {
  History& history = state_.history;
  history.stopped = reason;
  history.steps = state_.step;
  if (selects() && reason != StopReason::diverged) return_to_kept();
  for (Observer* o : options_.observers) o->on_end(history);
}

}  // namespace

RunState RunState::clone() const {
  RunState copy;
  copy.step = step;
  copy.loader = loader;
  for (const Buffer<float>& slot : optimizer.slots) copy.optimizer.slots.push_back(slot.clone());
  copy.optimizer.step = optimizer.step;
  copy.schedule = schedule;
  copy.loss_sum = loss_sum;
  copy.epoch_steps = epoch_steps, copy.rows = rows, copy.right = right;
  copy.last_loss = last_loss, copy.lr = lr;
  copy.epoch_seconds = epoch_seconds;
  copy.kept = kept.clone();
  copy.best = best;
  copy.waited = waited;
  copy.history = history;
  return copy;
}

History fit(Model& model, const Splits& data, const FitOptions& options) {
  return Run(model, data, options)();
}

}  // namespace chainrule
