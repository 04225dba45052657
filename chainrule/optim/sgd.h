// Stochastic gradient descent, plain, with momentum, and with Nesterov's momentum.
#pragma once

#include "chainrule/optim/optimizer.h"

namespace chainrule {

/// g = dw + weight_decay * w;  b = momentum * b + g;  w -= lr * b, or with nesterov
/// w -= lr * (g + momentum * b).
/// Source: Sutskever, Martens, Dahl, Hinton: "On the importance of initialization and momentum in
/// deep learning", ICML 2013, in the form of torch.optim.SGD (the learning rate outside of b).
struct Sgd {
  double lr = 0.01;
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;

  static constexpr std::string_view kName = "sgd";
  static void settings(auto& rule, auto&& f) {
    f("lr", rule.lr, 0.0, kNoLimit);
    f("momentum", rule.momentum, 0.0, 1.0);
    f("nesterov", rule.nesterov, 0.0, 2.0);
    f("weight_decay", rule.weight_decay, 0.0, kNoLimit);
  }
  std::vector<std::string_view> slots() const {
    if (momentum == 0) return {};
    return {"momentum"};
  }
  template <class T>
  void update(const UpdateSpan<T>& s, double rate, std::int64_t step) const;
};

/// Sgd with momentum under a name of its own.
struct Momentum {
  double lr = 0.01;
  double momentum = 0.9;
  double weight_decay = 0;

  static constexpr std::string_view kName = "momentum";
  static void settings(auto& rule, auto&& f) {
    f("lr", rule.lr, 0.0, kNoLimit);
    f("momentum", rule.momentum, 0.0, 1.0);
    f("weight_decay", rule.weight_decay, 0.0, kNoLimit);
  }
  std::vector<std::string_view> slots() const { return sgd().slots(); }
  template <class T>
  void update(const UpdateSpan<T>& s, double rate, std::int64_t step) const {
    sgd().update(s, rate, step);
  }
  Sgd sgd() const { return {lr, momentum, false, weight_decay}; }
};

/// Sgd with Nesterov's momentum under a name of its own.
struct Nesterov {
  double lr = 0.01;
  double momentum = 0.9;
  double weight_decay = 0;

  static constexpr std::string_view kName = "nesterov";
  static void settings(auto& rule, auto&& f) { Momentum::settings(rule, f); }
  std::vector<std::string_view> slots() const { return sgd().slots(); }
  template <class T>
  void update(const UpdateSpan<T>& s, double rate, std::int64_t step) const {
    sgd().update(s, rate, step);
  }
  Sgd sgd() const { return {lr, momentum, true, weight_decay}; }
};

}  // namespace chainrule
