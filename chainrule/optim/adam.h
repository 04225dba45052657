// Adam: momentum and a rate for each weight, both corrected for their start at zero.
#pragma once

#include "chainrule/optim/optimizer.h"

namespace chainrule {

/// g = dw + weight_decay * w;  m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * g^2;
/// w -= lr * (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + epsilon).
/// Source: Kingma, Ba: "Adam: a method for stochastic optimization", arXiv:1412.6980, algorithm 1;
/// weight_decay as in torch.optim.Adam.
struct Adam {
  double lr = 0.001;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;

  static constexpr std::string_view kName = "adam";
  static void settings(auto& rule, auto&& f) {
    f("lr", rule.lr, 0.0, kNoLimit);
    f("beta1", rule.beta1, 0.0, 1.0);
    f("beta2", rule.beta2, 0.0, 1.0);
    f("epsilon", rule.epsilon, kLeastEpsilon, kNoLimit);
    f("weight_decay", rule.weight_decay, 0.0, kNoLimit);
  }
  std::vector<std::string_view> slots() const { return {"m", "v"}; }
  template <class T>
  void update(const UpdateSpan<T>& s, double rate, std::int64_t step) const;
};

/// Adam whose weight decay acts on the weight itself and not on the gradient: first
/// w -= lr * weight_decay * w, then Adam without weight decay.
/// Source: Loshchilov, Hutter: "Decoupled weight decay regularization", arXiv:1711.05101,
/// algorithm 2, in the form of torch.optim.AdamW.
struct Adamw {
  double lr = 0.001;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.01;

  static constexpr std::string_view kName = "adamw";
  static void settings(auto& rule, auto&& f) { Adam::settings(rule, f); }
  std::vector<std::string_view> slots() const { return {"m", "v"}; }
  template <class T>
  void update(const UpdateSpan<T>& s, double rate, std::int64_t step) const;
};

}  // namespace chainrule
