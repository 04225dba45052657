// RMSprop: the gradient divided by a running mean of its size.
#pragma once

#include "chainrule/optim/optimizer.h"

namespace chainrule {

/// g = dw + weight_decay * w;  s = alpha * s + (1 - alpha) * g^2;  d = s, or with centered
/// a = alpha * a + (1 - alpha) * g and d = s - a^2;  u = g / (sqrt(d) + epsilon);
/// w -= lr * u, or with momentum b = momentum * b + u and w -= lr * b.
/// Source: Hinton, Srivastava, Swersky: "Neural networks for machine learning", lecture 6 (2012);
/// centered: Graves, arXiv:1308.0850; in the form of torch.optim.RMSprop.
struct Rmsprop {
  double lr = 0.01;
  double alpha = 0.99;
  double epsilon = 1e-8;
  double momentum = 0;
  bool centered = false;
  double weight_decay = 0;

  static constexpr std::string_view kName = "rmsprop";
  static void settings(auto& rule, auto&& f) {
    f("lr", rule.lr, 0.0, kNoLimit);
    f("alpha", rule.alpha, 0.0, 1.0);
    f("epsilon", rule.epsilon, kLeastEpsilon, kNoLimit);
    f("momentum", rule.momentum, 0.0, 1.0);
    f("centered", rule.centered, 0.0, 2.0);
    f("weight_decay", rule.weight_decay, 0.0, kNoLimit);
  }
  std::vector<std::string_view> slots() const {
    std::vector<std::string_view> names{"square"};
    if (momentum != 0) names.push_back("momentum");
    if (centered) names.push_back("mean");
    return names;
  }
  template <class T>
  void update(const UpdateSpan<T>& s, double rate, std::int64_t step) const;
};

}  // namespace chainrule
