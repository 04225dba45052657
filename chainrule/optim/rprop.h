// Rprop: only the sign of the gradient counts, and each weight learns the length of its step.
#pragma once

#include "chainrule/optim/optimizer.h"

namespace chainrule {

/// Same sign as last time: d = min(d * eta_plus, largest). Other sign: d = max(d * eta_minus,
/// smallest) and the gradient counts as 0, now and next time. Then w -= sign(dw) * d. The first
/// d is the learning rate; what a schedule does to the rate later has no effect. Meant for full
/// batches, since noise flips signs.
/// Source: Riedmiller, Braun: "A direct adaptive method for faster backpropagation learning: the
/// RPROP algorithm", ICNN 1993, in the form of torch.optim.Rprop.
struct Rprop {
  double lr = 0.01;
  double eta_minus = 0.5;
  double eta_plus = 1.2;
  double smallest = 1e-6;
  double largest = 50;

  static constexpr std::string_view kName = "rprop";
  static void settings(auto& rule, auto&& f) {
    f("lr", rule.lr, 0.0, kNoLimit);
    f("eta_minus", rule.eta_minus, 0.0, 1.0);
    f("eta_plus", rule.eta_plus, 1.0, kNoLimit);
    f("smallest", rule.smallest, 0.0, kNoLimit);
    f("largest", rule.largest, 0.0, kNoLimit);
  }
  std::vector<std::string_view> slots() const { return {"gradient", "length"}; }
  template <class T>
  void update(const UpdateSpan<T>& s, double rate, std::int64_t step) const;
};

}  // namespace chainrule
