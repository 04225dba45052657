#include "chainrule/doctor/doctor_vitals.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "chainrule/core/error.h"
#include "chainrule/data/loader.h"
#include "chainrule/graph/op.h"
#include "chainrule/optim/clip.h"
#include "chainrule/picture/svg.h"
#include "chainrule/train/feed.h"

namespace chainrule::detail {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kSteps = 300;      // of the run, unless the options say
constexpr std::int64_t kTrialSteps = 25;  // of a trial with another learning rate
constexpr Index kExamRows = 256, kScoreRows = 1000;
constexpr double kRunWork = 4e10, kTrialWork = 2e9;  // multiplications

double rms(View<const float> v) {
  double sum = 0;
  for (const float x : v) sum += static_cast<double>(x) * static_cast<double>(x);
  return v.size() > 0 ? std::sqrt(sum / static_cast<double>(v.size())) : 0;
}

/// Training steps as fit() makes them, each with a rate of its own.
class Stepper {
 public:
  Stepper(Model& model, const Splits& data, const FitOptions& options, ThreadPool& pool)
      : model_(model),
        options_(options),
        pool_(pool),
        feed_(model, data.train),
        loader_(data.train.rows(), {.batch = options.batch,
                                    .shuffle = options.shuffle,
                                    .replacement = options.replacement,
                                    .seed = options.seed}),
        tape_(model.params(), {.rows = loader_.batch(), .pool = &pool, .input_gradients = false}) {
    feed_.check_targets();
    restart();
  }

  void restart() {
    loader_.set_state({});
    state_ =
        options_.optimizer.start<float>(static_cast<Index>(model_.params().trainable().size()));
    step_ = 0;
  }

  /// False when loss or gradients are not finite; then nothing was updated.
  bool step(double lr) {
    feed_(tape_, loader_.next());
    tape_.forward(
        {.training = true, .seed = options_.seed, .step = static_cast<std::uint64_t>(step_++)});
    loss_ = static_cast<double>(tape_.value(model_.loss())[0]);
    if (std::isfinite(loss_)) tape_.backward(model_.loss());
    const std::span<float> grads = tape_.param_grads();
    if (!std::isfinite(loss_) || !all_finite(std::span<const float>(grads), pool_)) return false;
    if (options_.clip_value > 0) clip_by_value(grads, options_.clip_value, pool_);
    if (options_.clip_norm > 0) clip_by_global_norm(grads, options_.clip_norm, pool_);
    options_.optimizer.step(state_, model_.params().trainable(), std::span<const float>(grads), lr,
                            pool_);
    tape_.update_state();
    return true;
  }

  double loss() const { return loss_; }
  const Tape<float>& tape() const { return tape_; }

 private:
  Model& model_;
  const FitOptions& options_;
  ThreadPool& pool_;
  Feed feed_;
  Loader loader_;
  Tape<float> tape_;
  OptimizerState<float> state_;
  std::int64_t step_ = 0;
  double loss_ = 0;
};

/// Passes over fixed rows, as in training.
class Examiner {
 public:
  Examiner(const Model& model, const Dataset& data, ThreadPool& pool)
      : model_(model),
        feed_(model, data),
        rows_(spread_rows(data.rows(), kExamRows)),
        tape_(model.params(),
              {.rows = static_cast<Index>(rows_.size()), .pool = &pool, .input_gradients = false}) {
  }

  Index rows() const { return static_cast<Index>(rows_.size()); }
  double loss() {
    feed_(tape_, rows_);
    tape_.forward({.training = true});
    return static_cast<double>(tape_.value(model_.loss())[0]);
  }
  Exam operator()() {
    Exam exam;
    exam.loss = loss();
    tape_.backward(model_.loss());
    const auto size = static_cast<std::size_t>(model_.graph().size());
    for (std::vector<double>* v :
         {&exam.value_rms, &exam.gradient_rms, &exam.dead, &exam.saturated})
      v->assign(size, kNaN);
    for (int id = 0; id < model_.graph().size(); ++id) look(id, exam);
    return exam;
  }

 private:
  void look(int id, Exam& exam) const {
    const Var v = model_.graph().var(id);
    const Node& node = model_.graph().node(id);
    const auto at = static_cast<std::size_t>(id);
    if (node.kind == NodeKind::class_input) return;
    exam.value_rms[at] = rms(tape_.value(v));
    const bool differentiable =
        node.kind == NodeKind::op ? depends(id) : node.param_options.trainable;
    if (node.kind == NodeKind::constant || node.kind == NodeKind::input || !differentiable) return;
    exam.gradient_rms[at] = rms(tape_.grad(v));
    if (node.kind != NodeKind::op || !node.shape.batched()) return;
    const OpTraits& traits = node.op->traits();
    const View<const float> y = tape_.value(v);
    if (traits.mask && traits.low == 0) {
      Index dead = 0;
      for (Index j = 0; j < y.cols(); ++j) {
        bool any = false;
        for (Index r = 0; r < y.rows() && !any; ++r) any = y(r, j) > 0;
        dead += !any;
      }
      exam.dead[at] = static_cast<double>(dead) / static_cast<double>(y.cols());
    } else if (traits.elementwise && traits.saturates()) {
      const auto low = static_cast<float>(traits.low), high = static_cast<float>(traits.high);
      const float margin = 0.01F * (high - low);
      const auto count =
          std::ranges::count_if(y, [&](float x) { return x < low + margin || x > high - margin; });
      exam.saturated[at] = static_cast<double>(count) / static_cast<double>(y.size());
    }
  }
  /// Is there a trainable parameter before it?
  bool depends(int id) const {
    const Node& node = model_.graph().node(id);
    if (node.kind == NodeKind::param) return node.param_options.trainable;
    return std::ranges::any_of(node.inputs, [&](int in) { return depends(in); });
  }

  const Model& model_;
  Feed feed_;
  std::vector<std::int32_t> rows_;
  Tape<float> tape_;
};

/// Follows the parameters through the run.
class Watch {
 public:
  explicit Watch(const Model& model) : model_(model) {
    for (const int id : model.graph().params())
      if (model.graph().node(id).param_options.trainable) vitals_.push_back({.node = id});
    ratios_.resize(vitals_.size());
    start_ = before_ = copy();
  }
  void after_step(const Tape<float>& tape) {
    for (std::size_t i = 0; i < vitals_.size(); ++i) {
      const Var v = model_.graph().var(vitals_[i].node);
      for (const float g : tape.grad(v))
        vitals_[i].greatest_gradient =
            std::max(vitals_[i].greatest_gradient, std::abs(static_cast<double>(g)));
      const View<const float> now = model_.params()[v];
      double update = 0;
      for (Index k = 0; k < now.size(); ++k) {
        const double d = static_cast<double>(now[k]) -
                         static_cast<double>(before_[i][static_cast<std::size_t>(k)]);
        update += d * d;
      }
      const double weight = rms(now);
      if (weight > 0)
        ratios_[i].push_back(std::sqrt(update / static_cast<double>(now.size())) / weight);
    }
    before_ = copy();
  }
  std::vector<ParamVitals> finish() {
    for (std::size_t i = 0; i < vitals_.size(); ++i) {
      for (std::size_t k = 0; k < start_[i].size(); ++k)
        vitals_[i].moved =
            std::max(vitals_[i].moved, std::abs(static_cast<double>(before_[i][k] - start_[i][k])));
      std::vector<double>& r = ratios_[i];
      if (r.empty()) continue;
      const auto middle = r.begin() + static_cast<std::ptrdiff_t>(r.size() / 2);
      std::nth_element(r.begin(), middle, r.end());
      vitals_[i].update_ratio = *middle;
    }
    return vitals_;
  }

 private:
  std::vector<std::vector<float>> copy() const {
    std::vector<std::vector<float>> all;
    for (const ParamVitals& p : vitals_) {
      const auto values = model_.params()[model_.graph().var(p.node)];
      all.emplace_back(values.begin(), values.end());
    }
    return all;
  }

  const Model& model_;
  std::vector<ParamVitals> vitals_;
  std::vector<std::vector<double>> ratios_;
  std::vector<std::vector<float>> start_, before_;
};

void run(Vitals& v, Stepper& stepper, Watch& watch) {
  const std::int64_t planned = std::min(v.run.steps > 0 ? v.run.steps : kSteps,
                                        steps_for(v.model, v.run.batch, kRunWork, 50));
  FlowRecorder flow(planned);
  flow.start(v.model);
  ScheduleState schedule;
  const Index batches = std::max<Index>(1, (v.data.train.rows() + v.run.batch - 1) / v.run.batch);
  for (std::int64_t step = 0; step < planned; ++step) {
    const double lr =
        v.run.optimizer.lr() *
        v.run.schedule.factor(step, planned, static_cast<Index>(step) / batches, schedule);
    if (!stepper.step(lr)) {
      const auto found = stepper.tape().find_nonfinite();
      v.birth = Birth{step + 1, found ? std::string(found->node.name()) : "loss",
                      found && found->in_gradient, v.losses.empty() ? kNaN : v.losses.back()};
      break;
    }
    v.losses.push_back(stepper.loss());
    ++v.steps;
    watch.after_step(stepper.tape());
    flow.look(step + 1, stepper.loss(), stepper.tape());
  }
  v.flow = flow.flow();
}

/// Half decades, and the rate of the run itself.
std::vector<double> trial_rates(double own) {
  std::vector<double> rates = {own};
  for (int half = -12; half <= 4; ++half) {
    const double rate = std::pow(10.0, half / 2.0);
    if (std::abs(std::log10(rate / own)) > 0.05) rates.push_back(rate);
  }
  std::ranges::sort(rates);
  return rates;
}

Evaluation score(const Model& model, const Dataset& data) {
  if (data.rows() == 0) return Evaluation();
  return evaluate(model, data.subset(spread_rows(data.rows(), kScoreRows)));
}

}  // namespace

double rounded(double value, int digits) { return std::stod(svg::significant(value, digits)); }

std::string_view Vitals::op(int id) const {
  const Node& n = node(id);
  return n.op ? n.op->doc().name : std::string_view();
}

const OpTraits* Vitals::traits(int id) const {
  const Node& n = node(id);
  return n.op ? &n.op->traits() : nullptr;
}

std::int64_t steps_for(const Model& model, Index batch, double work, std::int64_t least) {
  const double step = 6 * static_cast<double>(model.params().all().size() * batch);
  return std::max(least, static_cast<std::int64_t>(work / std::max(step, 1.0)));
}

Vitals examine(Model& model, const Splits& data, const DoctorOptions& options) {
  if (data.train.rows() == 0) throw DataError("the data have no rows to train on");
  data.train.validate();
  ThreadPool pool(options.run.threads);
  Vitals v{.model = model, .data = data, .run = options.run};
  const std::span<float> params = model.params().all();
  const std::vector<float> start(params.begin(), params.end());
  const auto restart = [&] { std::ranges::copy(start, params.begin()); };

  Examiner exam(model, data.train, pool);
  Stepper stepper(model, data, options.run, pool);
  Watch watch(model);
  v.exam_rows = exam.rows();
  v.first = exam();
  run(v, stepper, watch);
  v.params = watch.finish();
  v.last = exam();
  if (std::isfinite(v.last.loss))
    v.train = score(model, data.train), v.test = score(model, data.test);
  const std::int64_t trial_steps =
      std::min(kTrialSteps, steps_for(model, options.run.batch, kTrialWork, 8));
  for (const double rate :
       options.range_test ? trial_rates(options.run.optimizer.lr()) : std::vector<double>()) {
    restart(), stepper.restart();
    bool finite = true;
    for (std::int64_t i = 0; i < trial_steps && finite; ++i) finite = stepper.step(rate);
    v.rates.push_back({rate, finite ? exam.loss() : kNaN});
  }
  restart();
  return v;
}

}  // namespace chainrule::detail
