// AdaGrad: each weight has its own rate, which falls with the squares of its gradients.
#pragma once

#include "chainrule/optim/optimizer.h"

namespace chainrule {

/// g = dw + weight_decay * w;  s += g^2;
/// w -= lr / (1 + (step - 1) * lr_decay) * g / (sqrt(s) + epsilon).
/// Source: Duchi, Hazan, Singer: "Adaptive subgradient methods for online learning and stochastic
/// optimization", JMLR 12 (2011), in the form of torch.optim.Adagrad.
struct Adagrad {
  double lr = 0.01;
  double lr_decay = 0;
  double epsilon = 1e-10;
  double weight_decay = 0;

  static constexpr std::string_view kName = "adagrad";
  static void settings(auto& rule, auto&& f) {
    f("lr", rule.lr, 0.0, kNoLimit);
    f("lr_decay", rule.lr_decay, 0.0, kNoLimit);
    f("epsilon", rule.epsilon, kLeastEpsilon, kNoLimit);
    f("weight_decay", rule.weight_decay, 0.0, kNoLimit);
  }
  std::vector<std::string_view> slots() const { return {"sum"}; }
  template <class T>
  void update(const UpdateSpan<T>& s, double rate, std::int64_t step) const;
};

}  // namespace chainrule
