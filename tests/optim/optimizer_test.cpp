#include "chainrule/optim/optimizer.h"

#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/optim/adagrad.h"
#include "chainrule/optim/adam.h"
#include "chainrule/optim/optimizers.h"
#include "chainrule/optim/rmsprop.h"
#include "chainrule/optim/rprop.h"
#include "chainrule/optim/sgd.h"

namespace chainrule {
namespace {

using Weights = std::array<double, 3>;

constexpr Weights kStart{1, -2, 0.5};

/// Gradients with both signs, a zero, and sums that are exact in binary.
double gradient(int step, int i) { return ((step * 7 + i * 3) % 11 - 5) / 4.0; }

struct Case {
  Optimizer optimizer;
  Weights after1, after2, after10;
};

/// The weights were computed by a separate program, element by element, from the pseudo-code in
/// the documentation of torch.optim.
const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {Sgd{.lr = 0.1}, {0.95, -2.125, 0.575}, {1, -2.15, 0.475}, {0.875, -2.05, 0.525}},
      {Sgd{.lr = 0.1, .weight_decay = 0.25},
       {0.925, -2.075, 0.5625},
       {0.951875, -2.048125, 0.4484375},
       {0.6738256668374, -1.579197475028, 0.400710315446}},
      {Momentum{.lr = 0.1, .momentum = 0.9},
       {0.95, -2.125, 0.575},
       {0.955, -2.2625, 0.5425},
       {0.23369646305, -2.655015335125, 0.912948008925}},
      {Sgd{.lr = 0.1, .momentum = 0.5, .weight_decay = 0.25},
       {0.925, -2.075, 0.5625},
       {0.914375, -2.085625, 0.4796875},
       {0.4265403993567, -1.27422231277, 0.4273551701863}},
      {Nesterov{.lr = 0.1, .momentum = 0.9},
       {0.905, -2.2375, 0.6425},
       {0.9595, -2.38625, 0.51325},
       {0.185326816745, -2.639513801612, 0.8966532080325}},
      {Sgd{.lr = 0.1, .momentum = 0.5, .nesterov = true, .weight_decay = 0.25},
       {0.8875, -2.1125, 0.59375},
       {0.91046875, -2.08953125, 0.437109375},
       {0.4292149701078, -1.242381242009, 0.364980657554}},
      {Adagrad{.lr = 0.1},
       {0.90000000002, -2.099999999992, 0.5999999999867},
       {0.9707106781287, -2.119611613504, 0.5199999999931},
       {0.8844978592407, -2.068980426375, 0.5629696271697}},
      {Adagrad{.lr = 0.1, .lr_decay = 0.5, .epsilon = 0.01, .weight_decay = 0.25},
       {0.9013157894737, -2.098684210526, 0.5984251968504},
       {0.9239584067877, -2.076041593212, 0.5402990176279},
       {0.8610068018486, -2.000888724261, 0.5429357012494}},
      {Rmsprop{},
       {0.90000002, -2.099999992, 0.5999999866667},
       {0.9708881304506, -2.11970657601, 0.5198556031197},
       {0.884667769515, -2.06829897344, 0.5629240903379}},
      {Rmsprop{.lr = 0.1, .alpha = 0.9, .epsilon = 0.01, .weight_decay = 0.25},
       {0.6965661293242, -2.303433870676, 0.8009983217204},
       {0.8231258924445, -2.176874107556, 0.5240214574913},
       {0.4228673468956, -1.447794440248, 0.4659458351655}},
      {Rmsprop{.alpha = 0.75, .momentum = 0.5},
       {0.9800000008, -2.01999999968, 0.5199999994667},
       {0.9851185796632, -2.034500351043, 0.5132274420938},
       {0.9549202229876, -2.022067025223, 0.5359728863971}},
      {Rmsprop{.alpha = 0.75, .epsilon = 0.01, .centered = true},
       {0.9779255637685, -2.022675083863, 0.5224041421023},
       {0.9926644273729, -2.027888515497, 0.5056282568504},
       {0.9727669121924, -2.014141288871, 0.5170752772864}},
      {Rmsprop{.alpha = 0.75, .epsilon = 0.01, .momentum = 0.5, .centered = true},
       {0.9779255637685, -2.022675083863, 0.5224041421023},
       {0.9816272092571, -2.039226057429, 0.5168303279015},
       {0.944219881186, -2.029965029604, 0.5443258534757}},
      {Adam{.lr = 0.1},
       {0.900000002, -2.0999999992, 0.5999999986667},
       {0.9052631597895, -2.180304096152, 0.5806489579719},
       {0.6785070643341, -2.307928537252, 0.6664719604381}},
      {Adam{.lr = 0.1, .beta1 = 0.5, .beta2 = 0.75, .epsilon = 0.01, .weight_decay = 0.25},
       {0.9013157894737, -2.098684210526, 0.5984251968504},
       {0.8889999191571, -2.111000080843, 0.5409232208648},
       {0.5890800899673, -1.654387898154, 0.5001883723811}},
      {Adamw{.lr = 0.1},
       {0.899000002, -2.0979999992, 0.5994999986667},
       {0.9033641597875, -2.176206096153, 0.5795494579733},
       {0.6704521675763, -2.28576604838, 0.6605325208865}},
      {Adamw{.lr = 0.1, .epsilon = 0.01, .weight_decay = 0.25},
       {0.8769607843137, -2.049206349206, 0.5861842105263},
       {0.8601967234262, -2.077398968205, 0.5523950321719},
       {0.5030911468279, -1.805889925278, 0.5305778793238}},
      {Rprop{}, {0.99, -2.01, 0.51}, {0.99, -2.022, 0.51}, {0.9805, -2.0154, 0.522}},
      {Rprop{.lr = 0.5, .eta_minus = 0.25, .eta_plus = 2, .smallest = 0.125, .largest = 0.75},
       {0.5, -2.5, 1},
       {0.5, -3.25, 1},
       {0.25, -2.875, 1.625}},
  };
  return all;
}

template <class T>
std::array<Weights, 11> run(const Optimizer& optimizer) {
  std::array<Weights, 11> path{kStart};
  ThreadPool pool;
  OptimizerState<T> state = optimizer.start<T>(3);
  std::vector<T> w(kStart.begin(), kStart.end()), dw(3);
  for (int step = 1; step <= 10; ++step) {
    for (int i = 0; i < 3; ++i) dw[static_cast<std::size_t>(i)] = static_cast<T>(gradient(step, i));
    optimizer.step(state, std::span<T>(w), std::span<const T>(dw), optimizer.lr(), pool);
    std::copy(w.begin(), w.end(), path[static_cast<std::size_t>(step)].begin());
  }
  return path;
}

void expect_near(const Weights& got, const Weights& expected, double tolerance,
                 const std::string& what) {
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(got[i], expected[i], tolerance) << what << ", weight " << i;
}

TEST(Optimizer, AgreesWithPyTorchsDocumentation) {
  for (std::size_t c = 0; c < cases().size(); ++c) {
    const Case& now = cases()[c];
    const std::string what = cat(now.optimizer.name(), ", case ", c);
    const auto in_double = run<double>(now.optimizer);
    expect_near(in_double[1], now.after1, 1e-10, what + ", step 1");
    expect_near(in_double[2], now.after2, 1e-10, what + ", step 2");
    expect_near(in_double[10], now.after10, 1e-10, what + ", step 10");
    expect_near(run<float>(now.optimizer)[10], now.after10, 1e-5, what + ", in float");
  }
}

// Two steps with a pencil: w = 1, gradients 2 and 1.
TEST(Optimizer, ByHand) {
  const auto two_steps = [](const Optimizer& o) {
    ThreadPool pool;
    OptimizerState<double> state = o.start<double>(1);
    double w = 1;
    for (const double dw : {2.0, 1.0})
      o.step(state, std::span(&w, 1), std::span<const double>(&dw, 1), o.lr(), pool);
    return w;
  };
  EXPECT_NEAR(two_steps(Sgd{.lr = 0.1}), 1 - 0.2 - 0.1, 1e-15);
  // b: 2, then 0.5 * 2 + 1 = 2
  EXPECT_NEAR(two_steps(Momentum{.lr = 0.1, .momentum = 0.5}), 1 - 0.2 - 0.2, 1e-15);
  // 2 + 0.5 * 2 = 3, then 1 + 0.5 * 2 = 2
  EXPECT_NEAR(two_steps(Nesterov{.lr = 0.1, .momentum = 0.5}), 1 - 0.3 - 0.2, 1e-15);
  // 2 / sqrt(4), then 1 / sqrt(5)
  EXPECT_NEAR(two_steps(Adagrad{.lr = 0.1}), 1 - 0.1 - 0.0447213595, 1e-10);
  // 2 / sqrt(0.25 * 4), then 1 / sqrt(0.75 * 1 + 0.25)
  EXPECT_NEAR(two_steps(Rmsprop{.lr = 0.1, .alpha = 0.75}), 1 - 0.2 - 0.1, 1e-8);
  // Corrected, the first step of Adam is lr * sign(dw).
  EXPECT_NEAR(two_steps(Adam{.lr = 0.1, .beta1 = 0.5, .beta2 = 0.5}),
              1 - 0.1 - 0.1 * (1.0 / 0.75) / 1.41421356237, 1e-8);
  // As above, and before each step w loses a hundredth: 1 -> 0.99 - 0.1 = 0.89 -> 0.8811 - ...
  EXPECT_NEAR(two_steps(Adamw{.lr = 0.1, .beta1 = 0.5, .beta2 = 0.5, .weight_decay = 0.1}),
              0.8811 - 0.1 * (1.0 / 0.75) / 1.41421356237, 1e-8);
  // 0.1, then the sign stays: 0.12
  EXPECT_NEAR(two_steps(Rprop{.lr = 0.1}), 1 - 0.1 - 0.12, 1e-15);
}

TEST(Optimizer, SameBitsForAnyNumberOfThreads) {
  const auto values = [](const Optimizer& o, int threads) {
    ThreadPool pool(threads);
    pool.set_fine(true);
    std::vector<float> w(1001, 0.5f), dw(1001);
    OptimizerState<float> state = o.start<float>(1001);
    for (int step = 0; step < 3; ++step) {
      for (std::size_t i = 0; i < dw.size(); ++i)
        dw[i] = static_cast<float>(gradient(step, static_cast<int>(i))) / 3;
      o.step(state, std::span(w), std::span<const float>(dw), 0.1, pool);
    }
    return w;
  };
  for (const Case& c : cases()) {
    EXPECT_EQ(values(c.optimizer, 1), values(c.optimizer, 2)) << c.optimizer.name();
    EXPECT_EQ(values(c.optimizer, 1), values(c.optimizer, 8)) << c.optimizer.name();
  }
}

TEST(Optimizer, WeightsWithoutGradientStay) {
  for (const std::string_view name : optimizer_names()) {
    const Optimizer o = make_optimizer(name);
    ThreadPool pool;
    OptimizerState<float> state = o.start<float>(1);
    float w = 0;
    const float dw = 0;
    for (int step = 0; step < 3; ++step)
      o.step(state, std::span(&w, 1), std::span(&dw, 1), o.lr(), pool);
    EXPECT_EQ(w, 0) << name;
  }
}

TEST(Optimizer, RefusesBadSettings) {
  const auto message = [](auto make) -> std::string {
    try {
      make();
    } catch (const Error& e) {
      return e.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message([] { Optimizer o = Adam{.beta1 = 1}; }),
            "[adam] beta1 is 1, expected a number of at least 0 and below 1");
  EXPECT_EQ(message([] { Optimizer o = Sgd{.lr = -1}; }),
            "[sgd] lr is -1, expected a number of at least 0");
  EXPECT_NE(message([] { Optimizer o = Sgd{.lr = std::nan("")}; }), "accepted");
  EXPECT_EQ(message([] { make_optimizer("amad"); }),
            "unknown optimizer 'amad' (did you mean 'adam'?)");
  EXPECT_EQ(message([] {
              make_optimizer("sgd", {{"momentun", 0.9}});
            }),
            "[sgd] has no setting 'momentun' (did you mean 'momentum'?)");
  EXPECT_EQ(message([] {
              make_optimizer("rprop", {{"weight_decay", 0.9}});
            }),
            "[rprop] has no setting 'weight_decay', expected one of lr, eta_minus, eta_plus, "
            "smallest, largest");
  EXPECT_EQ(message([] {
              make_optimizer("adam", {{"beta2", 1}});
            }),
            "[adam] beta2 is 1, expected a number of at least 0 and below 1");
  EXPECT_EQ(message([] {
              const Optimizer o = Adam{};
              ThreadPool pool;
              OptimizerState<float> state = o.start<float>(2);
              std::array<float, 3> w{}, dw{};
              o.step(state, std::span<float>(w), std::span<const float>(dw), 0.1, pool);
            }),
            "[adam] started for 2 parameters, got 3");
}

TEST(Optimizer, ByName) {
  EXPECT_EQ(optimizer_names(),
            (std::vector<std::string_view>{"sgd", "momentum", "nesterov", "adagrad", "rmsprop",
                                           "adam", "adamw", "rprop"}));
  for (const std::string_view name : optimizer_names())
    EXPECT_EQ(make_optimizer(name).name(), name);
  EXPECT_EQ(make_optimizer("adam").lr(), 0.001);
  EXPECT_EQ(make_optimizer("adam", {{"lr", 0.5}}).lr(), 0.5);
  const OptimizerSettings settings{{"lr", 0.1}, {"momentum", 0.5}, {"nesterov", 1}};
  EXPECT_EQ(run<double>(make_optimizer("sgd", settings)),
            run<double>(Nesterov{.lr = 0.1, .momentum = 0.5}));
}

}  // namespace
}  // namespace chainrule
