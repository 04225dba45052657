// Training with callbacks into Python, and the doctor.
#include "chainrule/train/fit.h"

#include <chrono>
#include <cmath>
#include <exception>
#include <limits>
#include <utility>

#include "chainrule/doctor/doctor.h"
#include "chainrule/optim/optimizers.h"
#include "chainrule/picture/curves.h"
#include "python/src/model.h"

namespace chainrule::python {
namespace {

py::dict row_of(const EpochRow& r) {
  py::dict d;
  d["epoch"] = r.epoch, d["step"] = r.step, d["lr"] = r.lr;
  d["loss"] = r.train.loss;
  if (r.train.has_accuracy()) d["accuracy"] = r.train.accuracy;
  if (r.validation.measured()) d["val_loss"] = r.validation.loss;
  if (r.validation.has_accuracy()) d["val_accuracy"] = r.validation.accuracy;
  d["seconds"] = r.seconds;
  return d;
}

OptimizerState<float> copy_of(const OptimizerState<float>& state) {
  OptimizerState<float> copy;
  for (const Buffer<float>& slot : state.slots) copy.slots.push_back(slot.clone());
  copy.step = state.step;
  return copy;
}

/// Hands events on to a Python object, which has on_start(steps, steps_per_epoch), on_step(step,
/// epoch, loss, lr) for each step or on_tick() of the same arguments ten times a second, and
/// on_epoch(row, best). An answer of False ends training, and so does an exception, which fit()
/// raises again when the model has its best parameters. Ctrl-C ends it too.
class Watcher final : public Observer {
 public:
  Watcher(py::object object, bool every_step)
      : object_(std::move(object)), every_step_(every_step) {}

  /// `f` gives the factor on the learning rate for each epoch, and is asked once for each.
  Schedule schedule(py::function f) {
    return Schedule::custom(
        [this, f = std::move(f), factor = 1.0, asked = Index{-1}](Index epoch) mutable {
          if (std::exchange(asked, epoch) == epoch) return factor;
          const py::gil_scoped_acquire lock;
          call([&] {
            const py::object answer = f(epoch);
            factor = py::float_(answer).cast<double>();
            return py::object(py::none());
          });
          if (error_) return factor = 0;  // this step, the last one, changes nothing
          if (!(factor >= 0 && std::isfinite(factor)))
            throw Error(cat("the schedule says ", factor, " for epoch ", epoch,
                            ", expected a factor of at least 0"));
          return factor;
        });
  }

  void on_start(const RunInfo& info) override {
    const py::gil_scoped_acquire lock;
    call([&] { return object_.attr("on_start")(info.steps, info.steps_per_epoch); });
  }
  void on_step(const StepInfo& s) override {
    const auto now = Clock::now();
    const bool tick = now - last_ >= std::chrono::milliseconds(100);
    if (!tick && !every_step_) return;
    const py::gil_scoped_acquire lock;
    if (every_step_) call([&] { return object_.attr("on_step")(s.step, s.epoch, s.loss, s.lr); });
    if (!tick) return;
    last_ = now;
    call([&] { return object_.attr("on_tick")(s.step, s.epoch, s.loss, s.lr); });
    if (PyErr_CheckSignals() == 0) return;
    stop = true;
    if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
      PyErr_Clear();
    else
      keep_error();
  }
  void on_epoch(const EpochInfo& e) override {
    const py::gil_scoped_acquire lock;
    call([&] { return object_.attr("on_epoch")(row_of(e.row), e.best); });
  }
  void on_state(const StateInfo& s) override {
    if (s.ends) optimizer = copy_of(s.state.optimizer);
  }

  /// With the interpreter's lock.
  void rethrow() {
    if (!error_) return;
    std::unique_ptr<py::error_already_set> error = std::move(error_);
    throw py::error_already_set(*error);
  }

  std::atomic<bool> stop{false};
  OptimizerState<float> optimizer;  ///< at the end of the run

 private:
  using Clock = std::chrono::steady_clock;

  template <class F>
  void call(F f) {
    if (error_) return;
    try {
      const py::object answer = f();
      if (answer.ptr() == Py_False) stop = true;
    } catch (py::error_already_set& e) {
      stop = true;
      if (e.matches(PyExc_KeyboardInterrupt)) return;
      error_ = std::make_unique<py::error_already_set>(e);
    }
  }
  void keep_error() {
    if (!error_) error_ = std::make_unique<py::error_already_set>();
    PyErr_Clear();
  }

  py::object object_;
  bool every_step_;
  Clock::time_point last_ = {};
  std::unique_ptr<py::error_already_set> error_;
};

FitOptions options_of(const py::dict& o) {
  const auto number = [&](const char* name) { return o[name].cast<double>(); };
  const auto whole = [&](const char* name) { return o[name].cast<std::int64_t>(); };
  FitOptions f;
  f.optimizer =
      make_optimizer(o["optimizer"].cast<std::string>(), o["settings"].cast<OptimizerSettings>());
  if (py::isinstance<py::str>(o["schedule"]))
    if (const auto text = o["schedule"].cast<std::string>(); !text.empty())
      f.schedule = Schedule::parse(text);
  f.epochs = whole("epochs"), f.steps = whole("steps"), f.batch = whole("batch");
  f.seed = o["seed"].cast<std::uint64_t>();
  f.threads = o["threads"].cast<int>();
  f.shuffle = o["shuffle"].cast<bool>(), f.replacement = o["replacement"].cast<bool>();
  f.clip_value = number("clip_value"), f.clip_norm = number("clip_norm");
  f.patience = whole("patience"), f.min_delta = number("min_delta");
  const auto monitor = o["monitor"].cast<std::string>();
  if (monitor != "loss" && monitor != "accuracy")
    throw Error(cat("monitor is '", monitor, "', expected loss or accuracy"));
  f.monitor = monitor == "loss" ? Monitor::loss : Monitor::accuracy;
  return f;
}

Splits splits_of(const DataHandle& train, const py::object& validation, const Model& model) {
  Splits splits;
  splits.train = train.data;
  if (!validation.is_none()) splits.validation = validation.cast<const DataHandle&>().data;
  splits.schema = model.schema;
  return splits;
}

py::dict history_of(const History& h) {
  py::list rows;
  for (const EpochRow& r : h.epochs) rows.append(row_of(r));
  py::dict d;
  d["rows"] = rows;
  d["steps"] = h.steps, d["best_epoch"] = h.best_epoch;
  d["stopped"] = std::string(to_string(h.stopped));
  d["train_seconds"] = h.train_seconds;
  d["csv"] = h.csv();
  d["svg"] = curves_svg(h);
  return d;
}

/// A run before its first step, but for what the optimizer remembers.
RunState start_with(const KeptOptimizer& kept, const Model& model, const FitOptions& options) {
  if (kept.rule != options.optimizer.name())
    throw Error(cat("the last run was one of ", kept.rule,
                    ", and what it remembers is of no use to ", options.optimizer.name(),
                    "; resume_optimizer=False begins anew"));
  const std::span<const float> values = model.params().all();
  RunState state;
  state.optimizer = copy_of(kept.state);
  state.kept = Buffer<float>(std::ssize(values));
  std::ranges::copy(values, state.kept.begin());
  state.best = std::numeric_limits<double>::infinity();
  return state;
}

py::dict fit_model(ModelHandle& h, const DataHandle& train, const py::object& validation,
                   const py::dict& options, const py::object& watcher, bool every_step) {
  const Usage::Hold hold(h.usage, true, ModelHandle::kWhat);
  const Splits splits = splits_of(train, validation, h.model);
  FitOptions o = options_of(options);
  Watcher watch(watcher, every_step);
  o.stop = &watch.stop;
  o.observers = {&watch};
  if (py::isinstance<py::function>(options["schedule"]))
    o.schedule = watch.schedule(options["schedule"].cast<py::function>());
  RunState from;
  if (options["resume_optimizer"].cast<bool>() && h.optimizer) {
    from = start_with(*h.optimizer, h.model, o);
    o.resume = &from;
  }
  History history;
  {
    const py::gil_scoped_release release;
    history = fit(h.model, splits, o);
  }
  h.optimizer = KeptOptimizer{std::string(o.optimizer.name()), std::move(watch.optimizer)};
  watch.rethrow();
  return history_of(history);
}

py::dict diagnose_model(ModelHandle& h, const DataHandle& train, const py::object& validation,
                        const py::dict& options) {
  const Usage::Hold hold(h.usage, true, ModelHandle::kWhat);
  const Splits splits = splits_of(train, validation, h.model);
  DoctorOptions o{.run = options_of(options)};
  Diagnosis d;
  {
    const py::gil_scoped_release release;
    d = diagnose(h.model, splits, o);
  }
  py::list findings, rates;
  for (const Finding& f : d.findings) {
    py::dict one;
    one["cause"] = f.cause, one["severity"] = std::string(to_string(f.severity));
    one["at"] = f.at, one["detail"] = f.detail, one["advice"] = f.advice;
    py::dict evidence;
    for (const auto& [name, value] : f.evidence) evidence[py::str(name)] = value;
    one["evidence"] = evidence;
    one["fix"] = f.tried.empty() ? Flags() : f.tried[0].flags;
    one["tried"] = f.tried.empty()
                       ? py::object(py::none())
                       : py::object(py::make_tuple(f.tried[0].before, f.tried[0].after));
    findings.append(one);
  }
  for (const RateTrial& t : d.rates) rates.append(py::make_tuple(t.rate, t.loss));
  py::dict all;
  all["findings"] = findings, all["healthy"] = d.healthy, all["rates"] = rates;
  all["first_loss"] = d.first_loss, all["last_loss"] = d.last_loss;
  all["suggested_rate"] = d.suggested_rate, all["advice"] = d.advice;
  all["svg"] = rates_svg(d, o.run.optimizer.lr());
  const Answer& a = d.answer;
  py::dict baseline;
  baseline["run"] = a.score, baseline["interval"] = a.spread, baseline["constant"] = a.constant;
  baseline["linear"] = a.linear, baseline["nearest_rows"] = a.neighbour, baseline["rows"] = a.rows;
  all["learned"] = a.learned, all["answer"] = a.sentence, all["baseline"] = baseline;
  return all;
}

}  // namespace

void bind_fit(py::module_& m) {
  m.def("fit", &fit_model);
  m.def("diagnose", &diagnose_model);
  m.def("split_rows",
        [](Index rows, const Array<std::int32_t>& classes, double fraction, std::uint64_t seed) {
          const auto [first, second] = split_rows(rows, span_of(classes), fraction, seed);
          return py::make_tuple(copied(first), copied(second));
        });
}

}  // namespace chainrule::python
