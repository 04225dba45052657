// Gradients with a mistake, computed by other code: compare() must name place and cause.
#include "chainrule/compare/compare.h"

#include <gtest/gtest.h>

#include "chainrule/core/random.h"
#include "tests/compare/problems.h"
#include "tests/data/errors.h"

namespace chainrule::testing {
namespace {

using Net = PlainNet<double>;
using M = Matrix<double>;

/// What the penalties of network D add; `l1` and `l2` are what somebody takes them for.
void add_penalties(Net& net, double l1 = 0.01, double l2 = 0.02) {
  for (const Net::Layer& l : net.layers) {
    if (l.kind != "linear") continue;
    M& g = net.gradients[l.name + ".weight"];
    for (std::size_t i = 0; i < g.data.size(); ++i) {
      const double w = l.w.data[i];
      g.data[i] += 2 * l2 * w;
      if (l.name == "fc1") g.data[i] += l1 * (w > 0 ? 1 : -1);
    }
  }
}

struct Seeded {
  const char* what;
  char network;
  const char* first;
  const char* cause;
  std::function<void(Net&)> prepare;           ///< before forward
  std::function<void(Net&)> finish = nullptr;  ///< after backward
};

void scale(M& m, double k) {
  for (double& x : m.data) x *= k;
}
void scale_all(Net& net, double k) {
  for (auto& [name, g] : net.gradients) scale(g, k);
}

/// A mistake in the backward pass of layer `index`: dx = f(net, layer, dy).
std::function<void(Net&)> in_layer(std::size_t index,
                                   std::function<M(Net&, Net::Layer&, const M&)> f) {
  return [=](Net& net) {
    net.instead = [=](Net& n, std::size_t i, const M& dy) {
      return i == index ? f(n, n.layers[i], dy) : M();
    };
  };
}
std::function<void(Net&)> elementwise(std::size_t index,
                                      std::function<double(double dy, double x, double y)> f) {
  return in_layer(index, [=](Net&, Net::Layer& l, const M& dy) {
    M m = dy;
    for (std::size_t i = 0; i < m.data.size(); ++i)
      m.data[i] = f(dy.data[i], l.x.data[i], l.y.data[i]);
    return m;
  });
}
std::function<void(Net&)> in_loss(std::function<double(double p, double t, double z)> f) {
  return [=](Net& net) {
    net.loss_instead = [=](Net& n, const M& z) {
      const M p = n.loss == "softmax_cross_entropy"
                      ? Net::softmax(z)
                      : z.map([](double v) { return 1 / (1 + std::exp(-v)); });
      M m = p;
      for (std::size_t i = 0; i < m.data.size(); ++i)
        m.data[i] = f(p.data[i], n.t.data[i], z.data[i]) / static_cast<double>(z.rows);
      return m;
    };
  };
}
const std::function<void(Net&)> kNothing = [](Net&) {};
double s(double z) { return 1 / (1 + std::exp(-z)); }

/// dx is computed after the layer has made its step, as notebooks do that update in backward.
M step_first(Net& net, Net::Layer& l, const M& dy, double lr) {
  const M right = net.dx(static_cast<std::size_t>(&l - net.layers.data()), dy);
  const M& dw = net.gradients[l.name + ".weight"];
  return dy.times(l.w.with(dw, [=](double w, double g) { return w - lr * g; }).turned());
}

std::vector<Seeded> seeded() {
  const auto sum_rows = [](double k) { return [k](Net& net) { scale_all(net, k); }; };
  return {
      // Factors.
      {"1/N: averaged again in each layer", 'B', "loss", "averaged twice", kNothing,
       sum_rows(1.0 / 12)},
      {"only biases summed", 'A', "fc3.bias", "averaged twice", kNothing,
       [](Net& n) { scale(n.gradients["fc3.bias"], 1.0 / 20); }},
      {"a weight summed", 'B', "fc2.weight", "summed instead of averaged", kNothing,
       [](Net& n) { scale(n.gradients["fc2.weight"], 12); }},
      {"t - p", 'A', "loss", "sign", kNothing, sum_rows(-1)},
      {"averaged over the outputs", 'A', "loss", "averaged over the outputs instead of the rows",
       in_loss([](double p, double t, double) { return (p - t) * 20 / 3; })},
      {"2 in a hidden layer", 'B', "tanh1", "factor 2",
       elementwise(3, [](double g, double, double y) { return 2 * g * (1 - y * y); })},
      {"an odd factor", 'A', "relu1", "factor 0.37",
       elementwise(1, [](double g, double x, double) { return x > 0 ? 0.37 * g : 0; })},
      {"a bias never written", 'A', "fc2.bias", "no gradient", kNothing,
       [](Net& n) { scale(n.gradients["fc2.bias"], 0); }},
      // Penalties.
      {"lambda of l1 missing, as in a notebook", 'D', "l1_penalty1", "lambda missing", kNothing,
       [](Net& n) { add_penalties(n, 1); }},
      {"penalty forgotten", 'D', "l2_penalty", "penalty missing", kNothing,
       [](Net& n) {
         add_penalties(n);
         for (std::size_t i = 0; i < n.layers[0].w.data.size(); ++i)
           n.gradients["fc1.weight"].data[i] -= 2 * 0.02 * n.layers[0].w.data[i];
       }},
      // Layout.
      {"a square weight transposed", 'A', "fc2.weight", "transposed", kNothing,
       [](Net& n) { n.gradients["fc2.weight"] = n.gradients["fc2.weight"].turned(); }},
      {"dy w instead of dy w^T", 'A', "fc2", "transposed",
       in_layer(2,
                [](Net& n, Net::Layer& l, const M& dy) {
                  n.dx(2, dy);
                  return dy.times(l.w);
                })},
      // Masks.
      {"no mask of relu", 'A', "relu1", "mask missing",
       elementwise(1, [](double g, double, double) { return g; })},
      {"no mask of relu, upper layer", 'A', "relu2", "mask missing",
       elementwise(3, [](double g, double, double) { return g; })},
      {"mask from the gradient", 'C', "relu1", "mask from the wrong side",
       elementwise(1, [](double g, double, double) { return g > 0 ? g : 0; })},
      {"mask inverted", 'A', "relu2", "mask from the wrong side",
       elementwise(3, [](double g, double x, double) { return x <= 0 ? g : 0; })},
      {"no mask of dropout", 'C', "dropout1", "mask missing",
       elementwise(2, [](double g, double, double) { return g; })},
      {"dropout's scale forgotten", 'C', "dropout1", "scale of dropout missing",
       in_layer(2,
                [](Net&, Net::Layer& l, const M& dy) {
                  return dy.with(l.mask, [](double g, double m) { return m > 0 ? g : 0; });
                })},
      {"dropout's mask inverted", 'C', "dropout1", "mask from the wrong side",
       in_layer(2,
                [](Net&, Net::Layer& l, const M& dy) {
                  return dy.with(l.mask, [](double g, double m) { return m > 0 ? 0 : 2 * g; });
                })},
      // Derivatives.
      {"sigmoid' at the output", 'B', "sigmoid1", "derivative at the output",
       elementwise(1, [](double g, double, double y) { return g * s(y) * (1 - s(y)); })},
      {"tanh' at the output", 'D', "tanh1", "derivative at the output",
       elementwise(
           1, [](double g, double, double y) { return g * (1 - std::tanh(y) * std::tanh(y)); }),
       [](Net& n) { add_penalties(n); }},
      {"1 - x^2 for 1 - y^2", 'B', "tanh1", "input in place of the output",
       elementwise(3, [](double g, double x, double) { return g * (1 - x * x); })},
      {"sigmoid' forgotten", 'D', "sigmoid1", "derivative missing",
       elementwise(3, [](double g, double, double) { return g; }),
       [](Net& n) { add_penalties(n); }},
      {"sigmoid' twice behind the loss", 'B', "sample_loss", "derivative twice",
       in_loss([](double p, double t, double) { return (p - t) * p * (1 - p); })},
      {"only the diagonal of softmax, fused", 'A', "sample_loss", "off-diagonal of softmax missing",
       in_loss([](double p, double t, double) { return -t * (1 - p); })},
      {"only the diagonal of softmax", 'C', "softmax1", "off-diagonal of softmax missing",
       elementwise(4, [](double g, double, double y) { return g * y * (1 - y); })},
      {"x_i (delta - x_j), as in a notebook", 'C', "softmax1", "input in place of the output",
       in_layer(4,
                [](Net&, Net::Layer& l, const M& dy) {
                  M m = dy;
                  for (std::size_t r = 0; r < m.rows; ++r) {
                    double dot = 0;
                    for (std::size_t c = 0; c < m.cols; ++c) dot += dy(r, c) * l.x(r, c);
                    for (std::size_t c = 0; c < m.cols; ++c) m(r, c) = l.x(r, c) * (dy(r, c) - dot);
                  }
                  return m;
                })},
      {"scores for probabilities", 'A', "sample_loss", "input in place of the output",
       in_loss([](double, double t, double z) { return z - t; })},
      {"dw with z instead of relu(z)", 'A', "fc2.weight", "input in place of the output",
       in_layer(2,
                [](Net& n, Net::Layer&, const M& dy) {
                  const M dx = n.dx(2, dy);
                  n.gradients["fc2.weight"] = n.layers[1].x.turned().times(dy);
                  return dx;
                })},
      // Steps.
      {"the step before dx, as in a notebook", 'B', "fc3", "weights already updated",
       [](Net& n) {
         n.instead = [](Net& m, std::size_t i, const M& dy) {
           return m.layers[i].kind == "linear" ? step_first(m, m.layers[i], dy, 0.1) : M();
         };
       }},
      {"the step before dx in one layer", 'A', "fc2", "weights already updated",
       in_layer(2, [](Net& n, Net::Layer& l, const M& dy) { return step_first(n, l, dy, 0.5); })},
      {"the gradients of the step before", 'B', "loss", "previous step",
       [](Net& n) {  // w = w' - lr g(w'): find w' by repetition
         const std::vector<Net::Layer> now = n.layers;
         for (int round = 0; round < 200; ++round) {
           n.forward(), n.backward();
           for (std::size_t i = 0; i < now.size(); ++i) {
             if (now[i].kind != "linear") continue;
             const auto back = [](double w, double g) { return w + 0.05 * g; };
             n.layers[i].w = now[i].w.with(n.gradients[now[i].name + ".weight"], back);
             n.layers[i].b = now[i].b.with(n.gradients[now[i].name + ".bias"], back);
           }
         }
       }},
      // Orders.
      {"labels reversed against rows", 'A', "sample_loss", "rows permuted",
       [](Net& n) {
         const M t = n.t;
         for (std::size_t r = 0; r < t.rows; ++r)
           for (std::size_t c = 0; c < t.cols; ++c) n.t(r, c) = t(t.rows - 1 - r, c);
       }},
      {"targets one row late", 'D', "sample_loss", "rows permuted",
       [](Net& n) { std::rotate(n.t.data.begin(), n.t.data.begin() + 2, n.t.data.end()); },
       [](Net& n) { add_penalties(n); }},
      {"classes numbered otherwise", 'A', "sample_loss", "classes permuted",
       [](Net& n) {
         const M t = n.t;
         for (std::size_t r = 0; r < t.rows; ++r)
           for (std::size_t c = 0; c < t.cols; ++c) n.t(r, (c + 1) % t.cols) = t(r, c);
       }},
      {"units of a layer in another order", 'B', "fc1.bias", "rows permuted", kNothing,
       [](Net& n) { std::ranges::reverse(n.gradients["fc1.bias"].data); }},
      {"two arrays exchanged", 'A', "fc2.bias", "another parameter's", kNothing,
       [](Net& n) { std::swap(n.gradients["fc1.bias"], n.gradients["fc2.bias"]); }},
      // Derivatives of others, upstream and masks.
      {"upstream dropped", 'A', "relu1", "upstream gradient dropped",
       elementwise(1, [](double, double x, double) { return x > 0 ? 1.0 : 0.0; })},
      {"the mask of another relu", 'A', "relu1", "another layer's derivative",
       in_layer(1,
                [](Net& n, Net::Layer&, const M& dy) {
                  return dy.with(n.layers[3].x, [](double g, double z) { return z > 0 ? g : 0; });
                })},
      {"tanh' for sigmoid'", 'B', "sigmoid1", "another function's derivative",
       elementwise(1, [](double g, double, double y) { return g * (1 - y * y); })},
      {"dropout's scale without its mask", 'C', "dropout1", "mask missing",
       elementwise(2, [](double g, double, double) { return 2 * g; })},
      {"dw before the derivative", 'B', "fc1.weight", "derivative missing",
       in_layer(1,
                [](Net& n, Net::Layer& l, const M& dy) {
                  n.before_derivative = dy;
                  return dy.with(l.y, [](double g, double y) { return g * y * (1 - y); });
                }),
       [](Net& n) { n.gradients["fc1.weight"] = n.x.turned().times(n.before_derivative); }},
      // Rows, classes, penalties.
      {"only the last row", 'A', "loss", "one row only",
       [](Net& n) {
         n.loss_instead = [](Net& m, const M& z) {
           M d = m.loss_gradient(z);
           for (std::size_t i = 0; i < (d.rows - 1) * d.cols; ++i) d.data[i] = 0;
           return d;
         };
       }},
      {"dscores[:, y]", 'A', "sample_loss", "index of the classes",
       [](Net& n) {
         n.loss_instead = [](Net& m, const M& z) {
           M d = Net::softmax(z);
           for (std::size_t c = 0; c < d.cols; ++c) {
             bool occurs = false;
             for (std::size_t r = 0; r < d.rows; ++r) occurs |= m.t(r, c) == 1;
             for (std::size_t r = 0; r < d.rows; ++r)
               d(r, c) = (d(r, c) - (occurs ? 1 : 0)) / static_cast<double>(d.rows);
           }
           return d;
         };
       }},
      {"a penalty on weights that the loss does not have", 'A', "fc3.weight",
       "penalty that the loss does not have", kNothing,
       [](Net& n) {
         for (const Net::Layer& l : n.layers)
           for (std::size_t i = 0; i < l.w.data.size(); ++i)
             n.gradients[l.name + ".weight"].data[i] += 0.03 * l.w.data[i];
       }},
      // Epsilon and clipping.
      {"log(p + 1e-3)", 'C', "sample_loss", "epsilon",
       [](Net& n) {
         n.loss_instead = [](Net& m, const M& p) {
           return p.with(m.t, [](double q, double y) { return -y / (q + 1e-3) / 16; });
         };
       }},
      {"log(p + 0.01), fused", 'B', "sample_loss", "epsilon",
       in_loss([](double p, double t, double) {
         return p * (1 - p) * ((1 - t) / (1 - p + 0.01) - t / (p + 0.01));
       })},
      {"clipped by value", 'A', "fc3.bias", "clipped", kNothing,
       [](Net& n) {
         for (auto& [name, g] : n.gradients)
           for (double& x : g.data) x = std::clamp(x, -0.05, 0.05);
       }},
  };
}

TEST(Compare, NamesThePlaceAndTheCauseOfSeededMistakes) {
  int places = 0, causes = 0, all = 0;
  for (const Seeded& mistake : seeded()) {
    Problem p = network(mistake.network);
    Net net(p.model, p.x, p.t);
    mistake.prepare(net);
    net.forward();
    net.backward();
    if (mistake.finish) mistake.finish(net);
    const Comparison c = compare(p.model, p.batch, net.arrays(), {.threads = 1});
    ++all;
    EXPECT_FALSE(c.equal) << mistake.what;
    const bool place = c.first.starts_with(mistake.first);
    const bool cause =
        c.explained && !c.causes.empty() && c.causes[0].kind.starts_with(mistake.cause);
    EXPECT_TRUE(place) << mistake.what << ": first is '" << c.first << "', expected '"
                       << mistake.first << "'";
    EXPECT_TRUE(cause) << mistake.what << ": " << (c.causes.empty() ? "" : c.causes[0].kind)
                       << ", expected " << mistake.cause;
    places += place, causes += cause;
  }
  RecordProperty("seeded", all);
  EXPECT_GE(all, 30);
  EXPECT_EQ(places, all);
  EXPECT_EQ(causes, all);
}

TEST(Compare, TwoMistakesAreFoundOneAfterAnother) {
  Problem p = network('A');
  Net net(p.model, p.x, p.t);
  elementwise(1, [](double g, double, double) { return g; })(net);
  net.forward(), net.backward();
  scale(net.gradients["fc3.weight"], 20);
  Comparison c = compare(p.model, p.batch, net.arrays());
  EXPECT_TRUE(c.explained);
  ASSERT_EQ(c.causes.size(), 2U);
  EXPECT_EQ(c.causes[0].at, "fc3.weight");
  EXPECT_EQ(c.causes[0].kind, "summed instead of averaged");
  EXPECT_EQ(c.causes[1].at, "relu1");
  EXPECT_EQ(c.causes[1].kind, "mask missing");

  // The same layer: its bias is wrong for two reasons.
  net.backward();
  scale(net.gradients["fc1.bias"], 1.0 / 20);
  c = compare(p.model, p.batch, net.arrays());
  EXPECT_TRUE(c.explained);
  ASSERT_EQ(c.causes.size(), 2U);
  EXPECT_EQ(c.causes[0].at, "relu1");
  EXPECT_EQ(c.causes[1].at, "fc1.bias");
}

TEST(Compare, TwoFactorsOfOneLayerAreNotOneAboveIt) {
  Problem p = network('A');
  Net net(p.model, p.x, p.t);
  net.forward(), net.backward();
  scale(net.gradients["fc1.bias"], 20);
  scale(net.gradients["fc1.weight"], 0.5);
  const Comparison c = compare(p.model, p.batch, net.arrays());
  ASSERT_EQ(c.causes.size(), 2U);
  EXPECT_EQ(c.causes[0].at + ": " + c.causes[0].kind, "fc1.bias: summed instead of averaged");
  EXPECT_EQ(c.causes[1].at + ": " + c.causes[1].kind, "fc1.weight: factor 1/2");
}

TEST(Compare, WhatNothingReproducesIsUnknown) {
  Problem p = network('A');
  Net net(p.model, p.x, p.t);
  net.forward(), net.backward();
  Random random(3);
  for (double& x : net.gradients["fc2.weight"].data) x = random.normal();
  const Comparison c = compare(p.model, p.batch, net.arrays());
  EXPECT_FALSE(c.equal);
  EXPECT_FALSE(c.explained);
  EXPECT_EQ(c.first, "fc2.weight");
  EXPECT_EQ(c.causes[0].kind, "not explained");
  ASSERT_TRUE(c.unexplained);
  EXPECT_EQ(c.unexplained->array, "fc2.weight");
  EXPECT_TRUE(c.unexplained->element.starts_with("fc2.weight[")) << c.unexplained->element;
  EXPECT_NE(c.unexplained->between.find("fc2"), std::string::npos) << c.unexplained->between;
  EXPECT_EQ(c.unexplained->ratio, c.unexplained->yours / c.unexplained->right);
  EXPECT_NE(c.unexplained->terms.find("row "), std::string::npos) << c.unexplained->terms;
  for (const ArrayVerdict& v : c.arrays) EXPECT_EQ(v.equal, v.name != "fc2.weight") << v.name;
}

TEST(Compare, NodesCanBeGivenToo) {
  // The gradient of relu1's output is right, that of its input is not.
  Problem p = network('A');
  Net net(p.model, p.x, p.t);
  M at_relu, at_fc1;
  net.instead = [&](Net& n, std::size_t i, const M& dy) {
    if (i == 1) at_relu = dy;
    if (i == 0) at_fc1 = dy;
    return i == 1 ? dy.with(n.layers[1].x, [](double g, double x) { return x > 0 ? 3 * g : 0; })
                  : M();
  };
  net.forward(), net.backward();
  std::vector<data::NpzArray> arrays = net.arrays();
  for (const auto& [name, m] : {std::pair("relu1", at_relu), std::pair("fc1", at_fc1)}) {
    const std::vector<Index> shape = {static_cast<Index>(m.rows), static_cast<Index>(m.cols)};
    arrays.push_back({name, data::parse_npy(data::format_npy<double>(m.data, shape), name)});
  }
  const Comparison c = compare(p.model, p.batch, arrays);
  EXPECT_TRUE(c.explained);
  EXPECT_EQ(c.first, "relu1");
  EXPECT_EQ(c.causes[0].kind, "factor 3");
  std::string order;
  for (const ArrayVerdict& v : c.arrays) order += v.name + (v.equal ? " " : "! ");
  EXPECT_EQ(order, "fc3.bias fc3.weight fc2.bias fc2.weight relu1 fc1! fc1.bias! fc1.weight! ");
}

data::NpzArray array(const std::string& name, const std::vector<float>& values,
                     const std::vector<Index>& shape) {
  return {name, data::parse_npy(data::format_npy<float>(values, shape), name)};
}

TEST(Compare, TheGradientOfTheRowsThemselves) {
  Problem p = network('A');
  Net net(p.model, p.x, p.t);
  M at_x;
  net.instead = [&](Net& n, std::size_t i, const M& dy) {
    if (i == 0) at_x = n.dx(0, dy);
    return M();
  };
  net.forward(), net.backward();
  const auto with_x = [&](double factor, std::vector<Index> shape) {
    std::vector<float> values;
    for (const auto v : at_x.data) values.push_back(static_cast<float>(factor * v));
    std::vector<data::NpzArray> arrays = net.arrays();
    arrays.push_back(array("x", values, shape));
    return compare(p.model, p.batch, arrays);
  };
  const auto rows = static_cast<Index>(at_x.rows), width = static_cast<Index>(at_x.cols);
  EXPECT_TRUE(with_x(1, {rows, width}).equal);
  EXPECT_TRUE(with_x(1, {rows, width / 2, 2}).equal) << "as pictures";
  const Comparison c = with_x(255, {rows, width});
  EXPECT_EQ(c.first, "x");
  EXPECT_EQ(c.causes[0].kind, "factor 255");
  EXPECT_TRUE(c.explained);
  EXPECT_EQ(c.arrays.back().name, "x");
  EXPECT_FALSE(c.arrays.back().equal);
  expect_error<DataError>([&] { with_x(1, {width * rows}); }, "shape");
}

TEST(Compare, ShapesAndLayoutsAreNamed) {
  Problem p = network('A');
  Net net(p.model, p.x, p.t);
  net.forward(), net.backward();
  const M& g = net.gradients["fc1.weight"];
  const std::vector<float> as_in_memory(g.data.begin(), g.data.end());
  Comparison c = compare(p.model, p.batch, {{array("fc1.weight", as_in_memory, {6, 8})}});
  EXPECT_TRUE(c.equal);
  EXPECT_EQ(c.conventions, std::vector<std::string>{"fc1.weight is [inputs, outputs]"});
  EXPECT_EQ(c.not_given.size(), 5U);

  c = compare(p.model, p.batch, {{array("fc1.bias", std::vector<float>(20), {20})}});
  EXPECT_EQ(c.causes[0].kind, "summed over the wrong axis");
  c = compare(p.model, p.batch, {{array("fc3.bias", {0, 0, NAN}, {3})}});
  EXPECT_EQ(c.causes[0].kind, "not finite");

  std::vector<float> rows;  // p - t for each row, not added up
  net.loss_instead = [&](Net& n, const M& out) {
    const M m = n.loss_gradient(out);
    rows.assign(m.data.begin(), m.data.end());
    return m;
  };
  net.backward();
  c = compare(p.model, p.batch, {{array("fc3.bias", rows, {20, 3})}});
  EXPECT_TRUE(c.explained);
  EXPECT_EQ(c.causes[0].kind, "not summed over the rows");

  const auto refused = [&](const data::NpzArray& a, std::string_view says) {
    expect_error<DataError>([&] { compare(p.model, p.batch, {{a}}); }, says);
  };
  refused(array("fc1.wieght", {1}, {1}), "did you mean 'fc1.weight'?");
  refused(array("fc1.bias", {1, 2, 3}, {3}), "shape (3,), expected (8,)");
  refused(array("relu1.mask", {1}, {1}), "no dropout");
  Problem dropping = network('C');
  expect_error<DataError>(
      [&] { compare(dropping.model, dropping.batch, {{array("fc1.bias", rows, {60})}}); },
      "shape (60,)");
  expect_error<DataError>(
      [&] {
        compare(dropping.model, dropping.batch,
                {{array("fc1.bias", std::vector<float>(12), {12})}});
      },
      "'dropout1.mask'");
}

TEST(Compare, CorrectGradientsInFloatAreEqual) {
  int equal = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Problem p = network("ABCD"[seed % 4]);
    Random random(seed, 5);
    for (float& w : p.model.params().trainable()) w += static_cast<float>(0.5 * random.normal());
    Matrix<float> x(p.x.rows, p.x.cols), t(p.t.rows, p.t.cols);
    std::ranges::copy(p.x.data, x.data.begin()), std::ranges::copy(p.t.data, t.data.begin());
    PlainNet<float> net(p.model, x, t);
    net.forward(), net.backward();
    if (seed % 4 == 3)
      for (const auto& l : net.layers)
        for (std::size_t i = 0; i < l.w.data.size(); ++i) {
          float& g = net.gradients[l.name + ".weight"].data[i];
          g += 0.04F * l.w.data[i];
          if (l.name == "fc1") g += l.w.data[i] > 0 ? 0.01F : -0.01F;
        }
    const Comparison c = compare(p.model, p.batch, net.arrays(), {.threads = 1});
    EXPECT_TRUE(c.equal) << "set " << seed << ": " << c.first;
    equal += c.equal;
  }
  EXPECT_EQ(equal, 20);
}

}  // namespace
}  // namespace chainrule::testing
