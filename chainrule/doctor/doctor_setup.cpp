// Findings about what can be seen before the first step: last layer, loss, first weights.
#include <algorithm>
#include <cmath>

#include "chainrule/core/error.h"
#include "chainrule/doctor/doctor_vitals.h"

namespace chainrule::detail {
namespace {

struct Misfit {
  std::string_view loss, last, detail, advice;
  Severity severity;
};

// A loss and the operation before it that do not belong together.
constexpr Misfit kMisfits[] = {
    {"softmax_cross_entropy", "softmax",
     "softmax is applied twice: the loss has one of its own, and that of probabilities is nearly "
     "flat",
     "leave the softmax layer out, or use categorical_cross_entropy", Severity::serious},
    {"softmax_cross_entropy", "sigmoid",
     "the scores are squeezed into (0, 1) before the loss takes their softmax, so no class can "
     "become much more likely than another",
     "leave the sigmoid layer out", Severity::serious},
    {"binary_cross_entropy_logits", "sigmoid",
     "the loss has a sigmoid of its own; behind another one every answer stays between 0.5 and "
     "0.73",
     "leave the sigmoid layer out, or use binary_cross_entropy", Severity::serious},
    {"binary_cross_entropy_logits", "softmax",
     "the loss wants scores of any size and gets probabilities", "leave the softmax layer out",
     Severity::serious},
    {"squared_error", "softmax",
     "squared error behind softmax: where the network is surely wrong the gradient vanishes",
     "use linear outputs with softmax_cross_entropy", Severity::serious},
    {"half_squared_error", "softmax",
     "squared error behind softmax: where the network is surely wrong the gradient vanishes",
     "use linear outputs with softmax_cross_entropy", Severity::serious},
    {"hinge", "softmax",
     "the hinge wants margins of 1 and more between scores; probabilities "
     "cannot be that far apart",
     "leave the softmax layer out", Severity::serious},
    {"hinge", "sigmoid",
     "the hinge wants margins of 1 and more between scores; outputs of sigmoid "
     "cannot be that far apart",
     "leave the sigmoid layer out", Severity::serious},
    {"softmax_cross_entropy", "relu",
     "relu cuts off negative scores, and where it does no gradient comes back",
     "end the network with a linear layer", Severity::warning},
    {"binary_cross_entropy_logits", "relu",
     "relu cuts off negative scores, so no row can be called unlikely",
     "end the network with a linear layer", Severity::serious},
};

void look_at_loss(const Vitals& v, std::vector<Finding>& found) {
  const Node& loss = v.graph().node(v.model.sample_loss());
  const int output = loss.inputs[0];
  const std::string_view name = v.op(v.model.sample_loss().id()), last = v.op(output);
  Finding f{.cause = "loss does not fit the last layer", .at = v.node(output).name};
  const auto add = [&](std::string_view detail, std::string_view advice, Severity severity) {
    f.detail = detail, f.advice = advice, f.severity = severity;
    found.push_back(f);
  };
  if (last == "softmax" && v.model.outputs() == 1)
    return add("softmax over a single output is 1 for every row: nothing can be learnt",
               v.data.train.has_classes()
                   ? "end the network with a linear layer and use binary_cross_entropy_logits"
                   : "end the network with a linear layer",
               Severity::serious);
  for (const Misfit& m : kMisfits)
    if (m.loss == name && m.last == last) return add(m.detail, m.advice, m.severity);
  if (name == "categorical_cross_entropy" && last != "softmax")
    return add("the loss takes logarithms of probabilities, but the last layer gives any numbers",
               "end the network with softmax, or use softmax_cross_entropy", Severity::serious);
  if (name == "binary_cross_entropy" && last != "sigmoid" && last != "softmax")
    return add("the loss takes logarithms of probabilities, but the last layer gives any numbers",
               "end the network with sigmoid, or use binary_cross_entropy_logits",
               Severity::serious);
  const bool limited = last == "sigmoid" || last == "tanh" || last == "relu" || last == "softmax";
  if (v.data.train.has_classes()) {
    if (last == "sigmoid" && name.ends_with("squared_error"))
      add("squared error behind sigmoid: where the network is surely wrong the gradient vanishes",
          "use a linear output with binary_cross_entropy_logits", Severity::warning);
  } else if (limited && !v.data.train.targets.empty()) {
    const auto [low, high] = std::ranges::minmax(v.data.train.targets);
    const double least = last == "tanh" ? -1 : 0;
    const double most = last == "relu" ? HUGE_VAL : 1;
    if (static_cast<double>(low) < least - 0.05 || static_cast<double>(high) > most + 0.05) {
      f.evidence = {{"least_target", static_cast<double>(low)},
                    {"greatest_target", static_cast<double>(high)}};
      add(cat("targets reach from ", low, " to ", high, ", which ", last, " cannot give"),
          "end the network with a linear layer, or scale the targets", Severity::serious);
    }
  }
}

/// Units of a hidden layer that start alike get the same gradient and stay alike for ever.
bool units_alike(View<const float> w, Index out) {
  for (Index i = 0; i < w.size(); ++i)
    if (w[i] != w[i / out * out]) return false;
  return true;
}

void look_at_weights(const Vitals& v, std::vector<Finding>& found) {
  int hidden = -1;
  double worst = 0;
  for (int id = 0; id < v.graph().size(); ++id) {
    const Node& node = v.node(id);
    if (const OpTraits* traits = v.traits(id); traits == nullptr || !traits->weighs()) continue;
    const int weight = node.inputs[1];
    const View<const float> w = v.model.params()[v.model.graph().var(weight)];
    const Shape& shape = v.node(weight).shape;
    const Index out = shape.last(), in = shape.size() / out;
    const bool is_last = id == v.model.output().id();
    if (out > 1 && !is_last && units_alike(w, out)) {
      Finding f{.cause = "symmetric initialisation",
                .severity = Severity::serious,
                .at = v.node(weight).name};
      f.detail = cat("all ", out, " units of '", node.name,
                     "' start with the same weights, so they get the same gradients and never "
                     "become different: the layer works like one unit");
      f.advice =
          "start from random weights, such as he_normal before relu and glorot_uniform "
          "elsewhere";
      f.evidence = {{"units", static_cast<double>(out)}, {"weight", static_cast<double>(w[0])}};
      found.push_back(f);
      return;
    }
    double squares = 0;
    for (const float x : w) squares += static_cast<double>(x) * static_cast<double>(x);
    // How much larger outputs are than inputs when those are independent: about 1 to 1.4.
    const double gain =
        std::sqrt(squares / static_cast<double>(w.size()) * static_cast<double>(in));
    constexpr double kLarge = 4, kSmall = 0.03;
    const double off = gain > kLarge ? gain / kLarge : gain < kSmall ? kSmall / gain : 0;
    if (off > worst && gain > 0) worst = off, hidden = id;
  }
  if (hidden < 0) return;
  const int weight = v.node(hidden).inputs[1];
  const View<const float> w = v.model.params()[v.model.graph().var(weight)];
  double squares = 0;
  for (const float x : w) squares += static_cast<double>(x) * static_cast<double>(x);
  const Shape& shape = v.node(weight).shape;
  const double in = static_cast<double>(shape.size() / shape.last());
  const double deviation = std::sqrt(squares / static_cast<double>(w.size()));
  const double gain = deviation * std::sqrt(in);
  const bool large = gain > 1;
  Finding f{.cause = large ? "initialisation too large" : "initialisation too small",
            .severity = gain < 8 && v.learned() ? Severity::note
                        : large && !v.learned() ? Severity::serious
                                                : Severity::warning,
            .at = v.node(weight).name};
  f.detail =
      cat("weights of standard deviation ", shown(deviation), " make the sums of ", in, " inputs ",
          shown(gain), " times as large as the inputs; the first loss is ", shown(v.first.loss));
  f.advice = cat("start with a standard deviation near ", shown(std::sqrt(2 / in)),
                 " (he_normal) or leave --init out");
  f.evidence = {{"standard_deviation", deviation}, {"gain", gain}, {"first_loss", v.first.loss}};
  found.push_back(f);
}

}  // namespace

void look_at_setup(const Vitals& v, std::vector<Finding>& found) {
  look_at_loss(v, found);
  look_at_weights(v, found);
}

}  // namespace chainrule::detail
