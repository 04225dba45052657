#include "chainrule/check/gradcheck.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include "chainrule/graph/op.h"

namespace chainrule {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Index rows_of(const std::vector<Argument>& arguments) {
  Index rows = 0;
  for (const Argument& a : arguments) {
    if (a.is_param) continue;
    if (a.dims.empty()) throw Error("gradcheck: a batched argument needs at least the batch axis");
    if (rows != 0 && rows != a.dims[0])
      throw Error(cat("gradcheck: one argument has ", rows, " rows, another ", a.dims[0]));
    rows = a.dims[0];
  }
  return std::max<Index>(rows, 1);
}

/// A function under test, recorded once, with values for its inputs.
struct Subject {
  std::unique_ptr<Graph> graph = std::make_unique<Graph>();
  std::vector<Var> inputs;
  Var output;
  std::unique_ptr<Params<double>> params;
  std::vector<std::vector<double>> values;  // of the inputs that are no parameters
};

Subject record(const std::function<Var(std::span<const Var>)>& function,
               const std::vector<Argument>& arguments, std::uint64_t seed) {
  Subject s;
  Random random(seed, 1);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Argument& a = arguments[i];
    const std::string name = cat("x", i + 1);
    const auto draw = [&](double) {
      return a.class_count > 0 ? random.below(static_cast<std::uint32_t>(a.class_count))
                               : random.uniform(a.low, a.high);
    };
    std::vector<double> values = a.values;
    if (a.is_param) {
      const Shape shape(std::span<const Index>(a.dims), false);
      values.resize(static_cast<std::size_t>(shape.size()));
      if (a.values.empty()) std::transform(values.begin(), values.end(), values.begin(), draw);
      s.inputs.push_back(s.graph->param(
          name, shape, {.init = [values](std::span<double> out, const Shape&, Random&) {
            std::copy(values.begin(), values.end(), out.begin());
          }}));
      s.values.emplace_back();
      continue;
    }
    const Shape row(std::span<const Index>(a.dims).subspan(1), true);
    s.inputs.push_back(a.class_count > 0 ? s.graph->class_input(name, a.class_count, row)
                                         : s.graph->input(name, row));
    values.resize(static_cast<std::size_t>(a.dims[0] * row.size()));
    if (a.values.empty()) std::transform(values.begin(), values.end(), values.begin(), draw);
    s.values.push_back(std::move(values));
  }
  s.output = function(s.inputs);
  s.params = std::make_unique<Params<double>>(*s.graph, seed);
  return s;
}

/// What one run computed: output and the gradient of every target, as raw bits to compare.
template <class T>
struct Outcome {
  std::vector<T> output;
  std::vector<std::vector<T>> gradients;
};

/// Places whose gradient is wanted: trainable parameters, and inputs of numbers when asked for.
std::vector<Var> targets_of(const Graph& graph, bool inputs) {
  std::vector<Var> targets;
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    if ((inputs && node.kind == NodeKind::input) ||
        (node.kind == NodeKind::param && node.param_options.trainable))
      targets.push_back(graph.var(id));
  }
  return targets;
}

template <class T>
Outcome<T> run(Tape<T>& tape, Var output, const std::vector<Var>& targets, const Pass& pass,
               std::span<const T> upstream) {
  tape.forward(pass);
  tape.backward(output, upstream);
  Outcome<T> outcome;
  const View<const T> y = tape.value(output);
  outcome.output.assign(y.begin(), y.end());
  for (const Var& v : targets) {
    const View<const T> g = tape.grad(v);
    outcome.gradients.emplace_back(g.begin(), g.end());
  }
  return outcome;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

template <class T>
bool same_bits(const Outcome<T>& a, const Outcome<T>& b) {
  return same_bits(a.output, b.output) &&
         std::equal(a.gradients.begin(), a.gradients.end(), b.gradients.begin(),
                    [](const auto& x, const auto& y) { return same_bits(x, y); });
}

double random_sign(Random& random) { return random.below(2) == 0 ? -1 : 1; }

/// Values of magnitude [0.5, 1.5): no term of the weighted sum may vanish.
std::vector<double> random_upstream(Index size, Random& random) {
  std::vector<double> u(static_cast<std::size_t>(size));
  for (double& x : u) x = random_sign(random) * random.uniform(0.5, 1.5);
  return u;
}

/// Compares one gradient with finite differences. `at(i)` is the i-th element, in place.
class Differences {
 public:
  Differences(Tape<double>& tape, Var output, const Pass& pass, const std::vector<double>& upstream)
      : tape_(tape), output_(output), pass_(pass), upstream_(upstream) {}

  /// Sum over the output, weighted by the upstream gradient.
  double weighted() {
    tape_.forward(pass_);
    const View<const double> y = tape_.value(output_);
    long double sum = 0;
    for (Index i = 0; i < y.size(); ++i)
      sum += static_cast<long double>(y[i]) * upstream_[static_cast<std::size_t>(i)];
    return static_cast<double>(sum);
  }

  struct Slope {
    double value;
    bool kink;
  };

  /// Five-point central difference, error O(h^4) (Abramowitz and Stegun 25.3.6), at two step
  /// widths. A kink within the wide one makes both disagree; one at x itself leaves a jump
  /// between the one-sided slopes that does not shrink with h. A disagreement counts when it is
  /// more than is allowed between the slope and the gradient, which is at least `floor`, and more
  /// than rounding.
  Slope slope(double& x, double floor, double h) {
    const double x0 = x, f0 = weighted();
    const auto f = [&](double step) {
      x = x0 + step;
      const double y = weighted();
      x = x0;
      return y;
    };
    const auto central = [&](double s, double& jump) {
      const double up = f(s), down = f(-s);
      jump = std::abs((up - f0) / s - (f0 - down) / s);
      return (8 * (up - down) - (f(2 * s) - f(-2 * s))) / (12 * s);
    };
    double wide_jump, narrow_jump;
    const double wide = central(h, wide_jump), narrow = central(h / 8, narrow_jump);
    const double scale = std::max({std::abs(wide), std::abs(narrow), floor, 1e-8 / h});
    const bool kink = std::abs(wide - narrow) > 1e-6 * scale ||
                      (narrow_jump > 1e-2 * scale && narrow_jump > 0.5 * wide_jump);
    return {wide, kink};
  }

  /// The same in a tenth of the width where there is a kink: the weights of a filter meet so many
  /// pixels that no wide place may be without one.
  Slope slope(double& x, double floor) {
    const double h = 1e-3 * std::max(1.0, std::abs(x));
    const Slope s = slope(x, floor, h);
    return s.kink ? slope(x, floor, h / 10) : s;
  }

 private:
  Tape<double>& tape_;
  Var output_;
  Pass pass_;
  const std::vector<double>& upstream_;
};

/// Every element of `targets` against finite differences. Returns "" or the first failure.
std::string compare(Tape<double>& tape, Params<double>* params, Var output,
                    const std::vector<Var>& targets, const std::vector<double>& upstream,
                    const Pass& pass, const GradcheckOptions& options, Random& random,
                    std::vector<GradcheckEntry>& entries) {
  Differences differences(tape, output, pass, upstream);
  std::string failure;
  const auto backward = [&] {
    tape.forward(pass);
    tape.backward(output, std::span<const double>(upstream));
  };
  for (const Var& target : targets) {
    const Node& node = target.graph().node(target);
    const View<double> x = node.kind == NodeKind::param ? (*params)[target] : tape.input(target);
    GradcheckEntry entry{.name = node.name, .shape = node.shape};
    backward();
    for (const double g : tape.grad(target))
      entry.max_gradient = std::max(entry.max_gradient, std::abs(g));
    const double floor = std::max(1e-3 * entry.max_gradient, 1e-6);

    const Index stride = std::max<Index>(1, x.size() / options.max_elements);
    for (Index base = 0; base < x.size() && entry.checked < options.max_elements; base += stride) {
      const Index i =
          std::min(x.size() - 1, base + random.below(static_cast<std::uint32_t>(stride)));
      const double original = x[i];
      Differences::Slope numeric = differences.slope(x[i], floor);
      for (int tries = 0; numeric.kink && tries < 50; ++tries) {
        ++entry.resampled;
        x[i] = original + random.uniform(-0.05, 0.05) * std::max(1.0, std::abs(original));
        numeric = differences.slope(x[i], floor);
      }
      if (numeric.kink) {
        x[i] = original;
        if (failure.empty())
          failure = cat(node.name, "[", i, "]: no place without a kink was found near ", original);
        continue;
      }
      backward();
      const double analytic = tape.grad(target)[i];
      x[i] = original;
      const double difference = std::abs(analytic - numeric.value);
      const double error =
          difference / std::max({std::abs(analytic), std::abs(numeric.value), floor});
      entry.max_error = std::isnan(error) ? kNan : std::max(entry.max_error, error);
      entry.mean_abs_error += difference;
      ++entry.checked;
      if (failure.empty() && !(error <= options.tolerance))
        failure =
            cat(node.name, "[", i, "]: backward gives ", analytic, ", the difference quotient ",
                numeric.value, ", relative error ", error, " (at most ", options.tolerance, ")");
    }
    if (entry.checked > 0) entry.mean_abs_error /= static_cast<double>(entry.checked);
    if (failure.empty() && entry.max_gradient == 0 && !options.allow_zero)
      failure = cat(node.name, ": the gradient is zero everywhere, which proves nothing");
    entries.push_back(std::move(entry));
  }
  return failure;
}

/// Each node alone: backward must add to what is there, and nothing may depend on garbage.
std::string check_adds(Tape<double>& tape, Random& random) {
  const Graph& graph = tape.graph();
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    if (node.kind != NodeKind::op) continue;
    const auto run_with = [&](std::vector<std::vector<double>>& memory, bool first) {
      StepMemory<double> step = tape.memory(graph.var(id));
      for (std::size_t i = 0; i < memory.size(); ++i) {
        step.inputs[i].grad = memory[i].empty() ? nullptr : memory[i].data();
        step.inputs[i].first = first;
      }
      Step<double>(graph, id, std::move(step), tape.running()).backward();
    };
    std::vector<std::vector<double>> clean, noisy, assigned;
    for (const int in : node.inputs) {
      const Node& input = graph.node(in);
      const bool numeric = input.kind != NodeKind::class_input &&
                           (input.kind != NodeKind::param || input.param_options.trainable);
      const Index size =
          !numeric ? 0 : input.shape.size() * (input.shape.batched() ? tape.rows() : 1);
      clean.emplace_back(static_cast<std::size_t>(size), 0.0);
      assigned.emplace_back(static_cast<std::size_t>(size), kNan);
      noisy.push_back(clean.back());
      for (double& v : noisy.back()) v = random.uniform(-1, 1);
    }
    const auto noise = noisy;
    run_with(clean, false);
    run_with(noisy, false);
    if (node.op->assigns()) run_with(assigned, true);
    for (std::size_t i = 0; i < clean.size(); ++i)
      for (std::size_t k = 0; k < clean[i].size(); ++k) {
        const double expected = noise[i][k] + clean[i][k];
        const double scale = std::max(1.0, std::abs(clean[i][k]));
        if (!(std::abs(noisy[i][k] - expected) <= 1e-9 * scale))
          return cat("[", node.op->doc().name, " \"", node.name,
                     "\"] backward does not add to the gradient of input ", i, ": element ", k,
                     " held ", noise[i][k], ", must become ", expected, ", became ", noisy[i][k]);
        if (node.op->assigns() && !(std::abs(assigned[i][k] - clean[i][k]) <= 1e-9 * scale))
          return cat("[", node.op->doc().name, " \"", node.name,
                     "\"] backward as first writer leaves ", assigned[i][k], " in element ", k,
                     " of input ", i, ", expected ", clean[i][k]);
      }
  }
  return "";
}

void fill_inputs(auto& tape, const Subject& s, Index rows) {
  tape.set_rows(rows);
  for (std::size_t i = 0; i < s.inputs.size(); ++i) {
    if (s.graph->node(s.inputs[i]).kind == NodeKind::param) continue;
    const Index size = rows * s.inputs[i].shape().size();
    tape.set(s.inputs[i],
             std::span<const double>(s.values[i]).first(static_cast<std::size_t>(size)));
  }
}

std::string check_float(const Subject& s, const std::vector<Var>& targets,
                        const Outcome<double>& expected, const std::vector<double>& upstream,
                        Index rows, const Pass& pass, double tolerance) {
  Params<float> params(*s.graph);
  std::transform(s.params->all().begin(), s.params->all().end(), params.all().begin(),
                 [](double v) { return static_cast<float>(v); });
  Tape<float> tape(params, {.rows = rows});
  fill_inputs(tape, s, rows);
  const std::vector<float> u(upstream.begin(), upstream.end());
  const Outcome<float> got = run<float>(tape, s.output, targets, pass, u);
  const auto far = [&](const std::vector<double>& e, const std::vector<float>& g) {
    double scale = 1e-3;
    for (const double v : e) scale = std::max(scale, std::abs(v));
    for (std::size_t i = 0; i < e.size(); ++i)
      if (!(std::abs(e[i] - static_cast<double>(g[i])) <= tolerance * scale)) return true;
    return false;
  };
  if (far(expected.output, got.output)) return "the output in float is far from that in double";
  for (std::size_t i = 0; i < targets.size(); ++i)
    if (far(expected.gradients[i], got.gradients[i]))
      return cat(targets[i].name(), ": the gradient in float is far from that in double");
  return "";
}

std::string check(const Subject& s, Index rows, const GradcheckOptions& options,
                  std::vector<GradcheckEntry>& entries) {
  static ThreadPool eight(8);
  eight.set_fine(true);
  Random random(options.seed, 2);
  const Pass pass{.training = options.training, .seed = options.seed, .step = 3};
  const std::vector<Var> targets = targets_of(*s.graph, true);
  if (targets.empty()) return "there is nothing to differentiate";

  Tape<double> tape(*s.params, {.rows = rows});
  fill_inputs(tape, s, rows);
  tape.forward(pass);
  const std::vector<double> upstream = random_upstream(tape.value(s.output).size(), random);
  tape.backward(s.output, std::span<const double>(upstream));

  // Everything that a pass must write is NaN before it; inputs and upstream must stay.
  const Buffer<double> before = Buffer<double>(static_cast<Index>(s.params->all().size()));
  std::copy(s.params->all().begin(), s.params->all().end(), before.begin());
  tape.poison(kNan);
  const Outcome<double> first = run<double>(tape, s.output, targets, pass, upstream);
  for (int id = 0; id < s.graph->size(); ++id) {
    const Node& node = s.graph->node(id);
    if (node.kind != NodeKind::op) continue;
    for (const double v : tape.value(s.graph->var(id)))
      if (std::isnan(v))
        return cat("[", node.op->doc().name, " \"", node.name,
                   "\"] forward leaves elements unwritten (or computes NaN)");
  }
  for (std::size_t i = 0; i < s.inputs.size(); ++i) {
    if (s.values[i].empty() || s.graph->node(s.inputs[i]).kind == NodeKind::class_input) continue;
    const View<const double> x = tape.value(s.inputs[i]);
    if (std::memcmp(x.data(), s.values[i].data(),
                    static_cast<std::size_t>(x.size()) * sizeof(double)))
      return cat(s.inputs[i].name(), ": a pass has changed its input");
  }
  if (!std::equal(before.begin(), before.end(), s.params->all().begin()))
    return "a pass has changed a parameter";
  const View<const double> seed = tape.grad(s.output);
  if (!std::equal(upstream.begin(), upstream.end(), seed.begin()))
    return "backward has changed the upstream gradient";
  if (!tape.guards_intact()) return "a pass has written outside its buffers";

  std::string failure =
      compare(tape, s.params.get(), s.output, targets, upstream, pass, options, random, entries);
  if (!failure.empty()) return failure;
  tape.forward(pass);
  tape.backward(s.output, std::span<const double>(upstream));
  if (failure = check_adds(tape, random); !failure.empty()) return failure;
  if (!tape.guards_intact()) return "a pass has written outside its buffers";

  if (!same_bits(first, run<double>(tape, s.output, targets, pass, upstream)))
    return "a second run gives other bits";
  Tape<double> threaded(*s.params, {.rows = rows, .pool = &eight});
  fill_inputs(threaded, s, rows);
  threaded.forward(pass);
  threaded.backward(s.output, std::span<const double>(upstream));
  threaded.poison(kNan);
  if (!same_bits(first, run<double>(threaded, s.output, targets, pass, upstream)))
    return "8 threads give other bits than one";

  // A batch smaller than the tape, whose memory is full of a longer batch's results.
  for (const Index fewer : {rows, options.fixed_rows ? rows : (rows + 1) / 2}) {
    Tape<double> exact(*s.params, {.rows = fewer}), larger(*s.params, {.rows = rows + 3});
    fill_inputs(exact, s, fewer);
    fill_inputs(larger, s, rows);
    larger.forward(pass);
    larger.backward(s.output, {});
    larger.poison(1e6);
    fill_inputs(larger, s, fewer);
    exact.forward(pass);
    const std::span<const double> u = std::span<const double>(upstream).first(
        static_cast<std::size_t>(exact.value(s.output).size()));
    if (!same_bits(run<double>(exact, s.output, targets, pass, u),
                   run<double>(larger, s.output, targets, pass, u)))
      return cat("a batch of ", fewer, " rows on a tape for ", rows + 3, " gives other results");
  }
  return check_float(s, targets, first, upstream, rows, pass, options.float_tolerance);
}

/// Same kind and shape, so that one Var can take the place of the other.
bool interchangeable(const Argument& a, const Argument& b) {
  return a.class_count == 0 && b.class_count == 0 && a.is_param == b.is_param && a.dims == b.dims &&
         a.values.empty() && b.values.empty();
}

}  // namespace

Argument Argument::param(std::initializer_list<Index> dims) {
  Argument a(dims);
  a.is_param = true;
  return a;
}

Argument Argument::classes(Index rows, Index classes) {
  Argument a({rows});
  a.class_count = classes;
  return a;
}

Argument Argument::in(double low, double high) const {
  Argument a = *this;
  a.low = low, a.high = high;
  return a;
}

Argument Argument::fixed(std::vector<double> values) const {
  Argument a = *this;
  a.values = std::move(values);
  return a;
}

double GradcheckReport::max_error() const {
  double error = 0;
  for (const GradcheckEntry& e : entries)
    error = std::isnan(e.max_error) ? kNan : std::max(error, e.max_error);
  return error;
}

GradcheckReport gradcheck_function(const std::function<Var(std::span<const Var>)>& function,
                                   const std::vector<Argument>& arguments,
                                   const GradcheckOptions& options) {
  GradcheckReport report;
  const Index rows = rows_of(arguments);
  // With few elements all may lie where the gradient is zero (ReLU): draw again.
  for (std::uint64_t draw = 0; draw < 8; ++draw) {
    report.entries.clear();
    report.failure = check(record(function, arguments, options.seed + 1000 * draw), rows, options,
                           report.entries);
    const bool zero = std::any_of(report.entries.begin(), report.entries.end(),
                                  [](const GradcheckEntry& e) { return e.max_gradient == 0; });
    if (!zero || options.allow_zero) break;
  }
  if (!report.failure.empty()) return report;

  // The same Var twice: gradients of both uses must add up.
  for (std::size_t j = 1; j < arguments.size(); ++j) {
    if (!interchangeable(arguments[0], arguments[j])) continue;
    std::vector<Argument> fewer = arguments;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(j));
    const auto twice = [&](std::span<const Var> v) {
      std::vector<Var> all(v.begin(), v.end());
      all.insert(all.begin() + static_cast<std::ptrdiff_t>(j), v[0]);
      return function(all);
    };
    std::vector<GradcheckEntry> entries;
    GradcheckOptions same = options;
    same.allow_zero = true;  // x - x
    const std::string failure = check(record(twice, fewer, options.seed), rows, same, entries);
    if (!failure.empty())
      report.failure = cat("with one Var as inputs 1 and ", j + 1, ": ", failure);
    break;
  }
  return report;
}

GradcheckReport gradcheck_model(Params<double>& params, Var output, Index rows,
                                const std::function<void(Tape<double>&)>& set_inputs,
                                const GradcheckOptions& options) {
  GradcheckReport report;
  Random random(options.seed, 2);
  const Pass pass{.training = options.training, .seed = options.seed, .step = 3};
  Tape<double> tape(params, {.rows = rows, .input_gradients = false});
  set_inputs(tape);
  tape.forward(pass);
  const std::vector<double> upstream = random_upstream(tape.value(output).size(), random);
  report.failure = compare(tape, &params, output, targets_of(params.graph(), false), upstream, pass,
                           options, random, report.entries);
  return report;
}

}  // namespace chainrule
