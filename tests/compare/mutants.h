// Wrong backward passes of a plain network, each with what may rightly be said about it.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "chainrule/core/error.h"
#include "tests/compare/plain_net.h"

namespace chainrule::testing {

using Wrong = PlainNet<double>;
using Rows = Matrix<double>;

/// One wrong backward pass and what may rightly be said about it.
struct Mutant {
  std::string what;
  std::set<std::string> at;      ///< places that are right to name first
  std::set<std::string> causes;  ///< empty: there is no name for it, "not explained" is right
  std::function<void(Wrong&)> prepare = [](Wrong&) {};
  std::function<void(Wrong&)> finish = [](Wrong&) {};
};

struct Kind {
  const char* text;
  const char* loss;
  Index features, outputs, rows;
};
inline constexpr Kind kNetworks[] = {
    {"linear 8, relu, linear 8, relu, linear 3", "softmax_cross_entropy", 6, 3, 20},
    {"linear 6, sigmoid, linear 4, tanh, linear 1", "binary_cross_entropy_logits", 5, 1, 12},
    {"linear 12, relu, dropout 0.5, linear 4, softmax", "categorical_cross_entropy", 7, 4, 16},
    {"linear 5, tanh, linear 5, sigmoid, linear 2", "squared_error", 4, 2, 10},
    {"linear 7, tanh, linear 5, relu, linear 4, sigmoid, linear 3", "softmax_cross_entropy", 5, 3,
     14},
    {"linear 9, leaky_relu 0.1, linear 4", "softmax_cross_entropy", 6, 4, 18},
    {"linear 6, relu, linear 6, tanh, linear 6, relu, linear 2", "half_squared_error", 6, 2, 15},
    {"linear 10, tanh, linear 1", "squared_error", 3, 1, 25},
    {"linear 5, sigmoid, linear 1, sigmoid", "half_squared_error", 4, 1, 11},
    {"linear 8, relu, dropout 0.5, linear 6, tanh, linear 3", "softmax_cross_entropy", 4, 3, 13},
    {"linear 6, tanh, linear 6, tanh, linear 6, tanh, linear 5", "softmax_cross_entropy", 8, 5, 17},
    {"linear 4, leaky_relu 0.2, linear 4, sigmoid, linear 2, softmax", "categorical_cross_entropy",
     5, 2, 9},
};

inline bool is_linear(const Wrong& net, std::size_t i) { return net.layers[i].kind == "linear"; }
inline void times(Rows& m, double k) {
  for (double& x : m.data) x *= k;
}

/// Makes the gradient that layer `index` hands down with f(net, layer, dy).
inline std::function<void(Wrong&)> down(std::size_t index,
                                        std::function<Rows(Wrong&, Wrong::Layer&, const Rows&)> f) {
  return [=](Wrong& net) {
    net.instead = [=](Wrong& n, std::size_t i, const Rows& dy) {
      return i == index ? f(n, n.layers[i], dy) : Rows();
    };
  };
}

class MutantGenerator {
 public:
  explicit MutantGenerator(const Wrong& net, double rows) : net_(net), n_(rows) {}

  std::vector<Mutant> all() {
    for (std::size_t i = 0; i < net_.layers.size(); ++i)
      is_linear(net_, i) ? linear(i) : activation(i);
    loss();
    groups();
    nameless();
    return std::move(all_);
  }

 private:
  void add(Mutant m) { all_.push_back(std::move(m)); }

  void activation(std::size_t i) {
    const std::string name = net_.layers[i].name, kind = net_.layers[i].kind;
    const bool last = i + 1 == net_.layers.size();
    const auto each = [&](const std::string& what, std::set<std::string> causes,
                          std::function<double(double, double, double)> f) {
      add({cat(name, ": ", what),
           {name},
           std::move(causes),
           down(i, [f](Wrong&, Wrong::Layer& l, const Rows& dy) {
             Rows m = dy;
             for (std::size_t k = 0; k < m.data.size(); ++k)
               m.data[k] = f(dy.data[k], l.x.data[k], l.y.data[k]);
             return m;
           })});
    };
    const auto right = [i](Wrong& n, const Rows& dy) { return n.dx(i, dy); };
    const auto scaled = [&](double k, std::set<std::string> causes) {
      // Between two layers without parameters nobody can tell which of them it is.
      std::set<std::string> at = {name};
      if (!last && !is_linear(net_, i + 1)) at.insert(net_.layers[i + 1].name);
      // A mask of 0 and 2 twice, or without its 2, is a factor.
      if (at.size() > 1) causes.insert({"mask twice", "scale of dropout missing"});
      add({cat(name, ": times ", k), at, std::move(causes),
           down(i, [right, k](Wrong& n, Wrong::Layer&, const Rows& dy) {
             Rows m = right(n, dy);
             times(m, k);
             return m;
           })});
    };
    // The factors of a last layer are those of the loss.
    if (!last)
      for (const double k : {-1.0, 2.0, 0.5, 0.3})
        scaled(k, k == -1    ? std::set<std::string>{"sign"}
                  : k == 2   ? std::set<std::string>{"factor 2"}
                  : k == 0.5 ? std::set<std::string>{"factor 1/2"}
                             : std::set<std::string>{"factor 0.3"});
    if (kind != "softmax" && !last) {
      each("derivative missing", {"mask missing", "derivative missing"},
           [](double g, double, double) { return g; });
      if (kind != "relu")  // a mask of 0 and 1 twice is the same
        add({name + ": twice",
             {name},
             {"mask twice", "derivative twice"},
             down(i, [right](Wrong& n, Wrong::Layer&, const Rows& dy) {
               return right(n, right(n, dy));
             })});
      add({name + ": upstream dropped",
           {name},
           {"upstream gradient dropped"},
           down(i, [right](Wrong& n, Wrong::Layer&, const Rows& dy) {
             return right(n, dy.map([](double) { return 1.0; }));
           })});
    }
    if (kind == "relu") {
      each("mask inverted", {"mask from the wrong side"},
           [](double g, double x, double) { return x > 0 ? 0 : g; });
      each("mask of the gradient", {"mask from the wrong side"},
           [](double g, double, double) { return g > 0 ? g : 0; });
    }
    if (kind == "tanh") {
      each("of the input", {"input in place of the output"},
           [](double g, double x, double) { return g * (1 - x * x); });
      each("at the output", {"derivative at the output"},
           [](double g, double, double y) { return g * (1 - std::tanh(y) * std::tanh(y)); });
      each("sigmoid's", {"another function's derivative"},
           [](double g, double, double y) { return g * y * (1 - y); });
      each("relu's", {"another function's derivative"},
           [](double g, double x, double) { return x > 0 ? g : 0; });
    }
    if (kind == "sigmoid" && !last) {
      each("of the input", {"input in place of the output"},
           [](double g, double x, double) { return g * x * (1 - x); });
      each("tanh's", {"another function's derivative"},
           [](double g, double, double y) { return g * (1 - y * y); });
    }
    if (kind == "leaky_relu") {
      each("relu's", {"another function's derivative", "wrong slope"},
           [](double g, double x, double) { return x > 0 ? g : 0; });
      each("slope 0.5", {"wrong slope"},
           [](double g, double x, double) { return x > 0 ? g : 0.5 * g; });
    }
    if (kind == "dropout") {
      each("scale alone", {"mask missing"}, [](double g, double, double) { return 2 * g; });
    }
    if (kind == "softmax")
      each("diagonal alone", {"off-diagonal of softmax missing"},
           [](double g, double, double y) { return g * y * (1 - y); });
    for (std::size_t o = 0; o < net_.layers.size(); ++o)
      if (o != i && net_.layers[o].kind == kind && kind == "relu" &&
          net_.layers[o].x.cols == net_.layers[i].x.cols)
        add({cat(name, ": mask of ", net_.layers[o].name),
             {name},
             {"another layer's derivative"},
             down(i, [o](Wrong& n, Wrong::Layer&, const Rows& dy) {
               return dy.with(n.layers[o].x, [](double g, double x) { return x > 0 ? g : 0; });
             })});
  }

  void linear(std::size_t i) {
    const std::string name = net_.layers[i].name;
    for (const char* part : {".weight", ".bias"}) {
      const std::string array = name + part;
      const auto change = [&](const std::string& what, std::set<std::string> causes,
                              std::function<void(Wrong&, Rows&)> f) {
        add({cat(array, ": ", what),
             {array},
             std::move(causes),
             [](Wrong&) {},
             [array, f](Wrong& n) { f(n, n.gradients[array]); }});
      };
      const auto factor = [&](double k, const char* cause) {
        change(cat("times ", k), {cause}, [k](Wrong&, Rows& g) { times(g, k); });
      };
      factor(-1, "sign"), factor(2, "factor 2"), factor(0.5, "factor 1/2");
      factor(n_, "summed instead of averaged"), factor(1 / n_, "averaged twice");
      factor(0, "no gradient");
      if (net_.layers[i].b.cols > 1) factor(0.7, "factor 0.7");
      change("penalty", {"penalty that the loss does not have"}, [i, part](Wrong& n, Rows& g) {
        const Rows& p = std::string_view(part) == ".bias" ? n.layers[i].b : n.layers[i].w;
        for (std::size_t k = 0; k < g.data.size(); ++k) g.data[k] += 0.05 * p.data[k];
      });
      for (const bool last : {false, true})
        add({cat(array, last ? ": last row" : ": first row"),
             {array},
             {"one row only"},
             [](Wrong&) {},
             [array, i, last, weight = std::string_view(part) == ".weight"](Wrong& n) {
               Rows& g = n.gradients[array];
               const std::size_t r = last ? n.upstream[i].rows - 1 : 0;
               for (std::size_t a = 0; a < g.rows; ++a)
                 for (std::size_t b = 0; b < g.cols; ++b)
                   g(a, b) = n.upstream[i](r, b) * (weight ? n.layers[i].x(r, a) : 1);
             }});
    }
    if (net_.layers[i].w.rows == net_.layers[i].w.cols && net_.layers[i].w.rows > 1) {
      add({name + ": dw transposed",
           {name + ".weight"},
           {"transposed"},
           [](Wrong&) {},
           [w = name + ".weight"](Wrong& n) { n.gradients[w] = n.gradients[w].turned(); }});
      if (i > 0)
        add({name + ": w not transposed",
             {name},
             {"transposed"},
             down(i, [i](Wrong& n, Wrong::Layer& l, const Rows& dy) {
               n.dx(i, dy);
               return dy.times(l.w);
             })});
    }
    if (i > 0) {
      for (const double lr : {0.1, -0.1})
        add({cat(name, ": weights of another step, ", lr),
             {name},
             {lr > 0 ? "weights already updated" : "weights of the step before"},
             down(i, [i, lr](Wrong& n, Wrong::Layer& l, const Rows& dy) {
               n.dx(i, dy);
               const Rows& dw = n.gradients[l.name + ".weight"];
               return dy.times(
                   l.w.with(dw, [lr](double w, double g) { return w - lr * g; }).turned());
             })});
      if (!is_linear(net_, i - 1))
        add({name + ": dw of the input before the activation",
             {name + ".weight"},
             {"input in place of the output"},
             [](Wrong&) {},
             [i, w = name + ".weight"](Wrong& n) {
               n.gradients[w] = n.layers[i - 1].x.turned().times(n.upstream[i]);
             }});
    }
    if (i + 1 < net_.layers.size() && net_.layers[i + 1].kind != "softmax")
      add({name + ": dw before the derivative",
           {name + ".weight"},
           {"derivative missing"},
           [](Wrong&) {},
           [i, w = name + ".weight"](Wrong& n) {
             n.gradients[w] = n.layers[i].x.turned().times(n.upstream[i + 1]);
           }});
  }

  void loss() {
    const auto in_loss = [&](const std::string& what, std::set<std::string> causes,
                             std::function<Rows(Wrong&, const Rows&)> f) {
      add({"loss: " + what,
           {"loss", "sample_loss", "weighted_mean1"},
           std::move(causes),
           [f](Wrong& n) { n.loss_instead = f; }});
    };
    in_loss("sign", {"sign"}, [](Wrong& n, const Rows& out) {
      Rows d = n.loss_gradient(out);
      times(d, -1);
      return d;
    });
    in_loss("averaged twice", {"averaged twice"}, [](Wrong& n, const Rows& out) {
      Rows d = n.loss_gradient(out);
      times(d, 1 / static_cast<double>(out.rows));
      return d;
    });
    in_loss("last row", {"one row only"}, [](Wrong& n, const Rows& out) {
      Rows d = n.loss_gradient(out);
      for (std::size_t k = 0; k + d.cols < d.data.size(); ++k) d.data[k] = 0;
      return d;
    });
    in_loss("targets a row late", {"rows permuted"}, [](Wrong& n, const Rows& out) {
      const Rows t = n.t;
      std::rotate(n.t.data.begin(), n.t.data.begin() + static_cast<std::ptrdiff_t>(t.cols),
                  n.t.data.end());
      const Rows d = n.loss_gradient(out);
      n.t = t;
      return d;
    });
    if (net_.loss != "softmax_cross_entropy") return;
    const auto fused = [&](const std::string& what, const char* cause,
                           std::function<double(double, double, double)> f) {
      in_loss(what, {cause}, [f](Wrong& n, const Rows& z) {
        const Rows p = Wrong::softmax(z);
        Rows d = p;
        for (std::size_t k = 0; k < d.data.size(); ++k)
          d.data[k] = f(p.data[k], n.t.data[k], static_cast<double>(z.rows));
        return d;
      });
    };
    fused("target missing", "target missing", [](double p, double, double n) { return p / n; });
    fused("divided before", "divided before the target was subtracted",
          [](double p, double t, double n) { return p / n - t; });
    fused("p (1 - p) again", "derivative twice",
          [](double p, double t, double n) { return (p - t) * p * (1 - p) / n; });
    fused("the right class alone", "off-diagonal of softmax missing",
          [](double p, double t, double n) { return -t * (1 - p) / n; });
  }

  /// The same mistake everywhere.
  void groups() {
    std::string top_weight, top_bias;
    for (const Wrong::Layer& l : net_.layers)
      if (l.kind == "linear") top_weight = l.name + ".weight", top_bias = l.name + ".bias";
    const auto everywhere = [&](const char* part, double k, const char* cause) {
      add({cat("all", part, ": times ", k),
           {part[1] == 'w' ? top_weight : top_bias},
           {cause},
           [](Wrong&) {},
           [part, k](Wrong& n) {
             for (auto& [name, g] : n.gradients)
               if (name.ends_with(part)) times(g, k);
           }});
    };
    everywhere(".bias", 1 / n_, "averaged twice");
    everywhere(".bias", -1, "sign");
    everywhere(".weight", 1 / n_, "averaged twice");
    for (const char* part : {".weight", ".bias"})
      add({cat("all", part, ": penalty"),
           {part[1] == 'w' ? top_weight : top_bias},
           {"penalty that the loss does not have"},
           [](Wrong&) {},
           [part](Wrong& n) {
             for (const Wrong::Layer& l : n.layers) {
               if (l.kind != "linear") continue;
               const Rows& p = part[1] == 'w' ? l.w : l.b;
               Rows& g = n.gradients[l.name + part];
               for (std::size_t k = 0; k < g.data.size(); ++k) g.data[k] += 0.02 * p.data[k];
             }
           }});
  }

  /// Mistakes that have no name: nothing may be said about their cause.
  void nameless() {
    for (const Wrong::Layer& l : net_.layers) {
      if (l.kind != "linear") continue;
      for (const char* part : {".weight", ".bias"}) {
        const std::string array = l.name + part;
        if (net_.gradients.at(array).data.size() < 3) continue;
        const auto change = [&](const char* what, std::function<double(double, std::size_t)> f) {
          add({cat(array, ": ", what),
               {array},
               {},
               [](Wrong&) {},
               [array, f](Wrong& n) {
                 Rows& g = n.gradients[array];
                 for (std::size_t k = 0; k < g.data.size(); ++k) g.data[k] = f(g.data[k], k);
               }});
        };
        change("cubed", [](double g, std::size_t) { return g * g * g; });
        change("uneven", [](double g, std::size_t k) {
          return g * (1 + 0.37 * static_cast<double>(k % 3)) + 0.01 * static_cast<double>(k % 2);
        });
      }
    }
  }

  const Wrong& net_;
  double n_;
  std::vector<Mutant> all_;
};

}  // namespace chainrule::testing
