#include "chainrule/explain/update.h"

#include <algorithm>
#include <array>

#include "chainrule/data/loader.h"
#include "chainrule/graph/tape.h"
#include "chainrule/optim/clip.h"
#include "chainrule/train/feed.h"

namespace chainrule {
namespace {

/// The rules as their headers state them.
std::string rule_text(std::string_view optimizer) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kRules{{
      {"sgd", "g = dw + weight_decay * w; b = momentum * b + g; w -= lr * b"},
      {"momentum", "g = dw + weight_decay * w; b = momentum * b + g; w -= lr * b"},
      {"nesterov", "g = dw + weight_decay * w; b = momentum * b + g; w -= lr * (g + momentum * b)"},
      {"adagrad", "g = dw + weight_decay * w; s += g^2; w -= lr * g / (sqrt(s) + epsilon)"},
      {"rmsprop",
       "g = dw + weight_decay * w; s = alpha * s + (1 - alpha) * g^2; w -= lr * g / (sqrt(s) + "
       "epsilon)"},
      {"adam",
       "g = dw + weight_decay * w; m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * "
       "g^2; w -= lr * (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + epsilon)"},
      {"adamw",
       "w -= lr * weight_decay * w; m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * "
       "g^2; w -= lr * (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + epsilon)"},
      {"rprop", "d grows while the sign of dw stays and shrinks when it turns; w -= sign(dw) * d"},
  }};
  for (const auto& [name, rule] : kRules)
    if (name == optimizer) return std::string(rule);
  return "";
}

/// Copies one element of every slot.
OptimizerState<float> part_of(const OptimizerState<float>& whole, Index i) {
  OptimizerState<float> part;
  part.step = whole.step;
  for (const Buffer<float>& slot : whole.slots) {
    part.slots.emplace_back(1);
    part.slots.back()[0] = slot[i];
  }
  return part;
}

}  // namespace

UpdateExplanation explain_update(const Model& model, const Dataset& data, const Element& element,
                                 const UpdateOptions& options) {
  const Node& node = model.graph().node(element.node);
  if (node.kind != NodeKind::param || !node.param_options.trainable)
    throw Error(cat("'", element.name, "' is not a parameter that training changes"));
  const Optimizer optimizer = make_optimizer(options.optimizer, options.settings);
  ThreadPool pool(1);
  Params<float> params(model.graph());
  std::copy(model.params().all().begin(), model.params().all().end(), params.all().begin());
  const Feed feed(model, data);
  feed.check_targets();
  Loader loader(data.rows(), {.batch = options.batch, .seed = options.seed});
  Tape<float> tape(params, {.rows = loader.batch(), .pool = &pool});
  const std::span<float> values = params.trainable(), grads = tape.param_grads();
  OptimizerState<float> state = optimizer.start<float>(static_cast<Index>(values.size()));

  UpdateExplanation u;
  const auto gradients = [&](std::uint64_t step) {
    feed(tape, loader.next());
    const Pass pass{.training = true, .seed = options.seed, .step = step};
    tape.forward(pass);
    tape.backward(model.loss());
    return pass;
  };
  const auto clip = [&] {
    if (options.clip_value > 0) clip_by_value(grads, options.clip_value, pool);
    u.norm = global_norm(std::span<const float>(grads), pool);
    if (options.clip_norm > 0) clip_by_global_norm(grads, options.clip_norm, pool);
  };
  for (Index step = 0; step < options.after; ++step) {
    gradients(static_cast<std::uint64_t>(step));
    clip();
    optimizer.step(state, values, std::span<const float>(grads), optimizer.lr(), pool);
    tape.update_state();
  }

  const Index i = params.offset(node.param) + element.offset;
  const auto k = static_cast<std::size_t>(i);
  const Pass pass = gradients(static_cast<std::uint64_t>(options.after));
  u.name = element.name, u.rule = rule_text(optimizer.name()), u.step = state.step + 1;
  u.before = static_cast<double>(values[k]), u.gradient = static_cast<double>(grads[k]);
  u.data_gradient = u.gradient, u.rate = optimizer.lr();
  for (const GradientTerm& term : explain_element(tape, model.loss(), element, pass).terms)
    if (term.row < 0) {
      u.penalties.push_back({term.through, term.amount});
      u.data_gradient -= term.amount;
    }
  clip();
  u.clipped = static_cast<double>(grads[k]);

  // Each element is computed alone, so one element shows the whole step.
  const auto stepped = [&](const Optimizer& rule, OptimizerState<float>& part) {
    float value = values[k];
    const float gradient = grads[k];
    rule.step(part, std::span<float>(&value, 1), std::span<const float>(&gradient, 1), rule.lr(),
              pool);
    return static_cast<double>(value);
  };
  OptimizerState<float> part = part_of(state, i);
  u.after = stepped(optimizer, part);
  const std::vector<std::string_view> names = optimizer.slots();
  for (std::size_t s = 0; s < names.size(); ++s)
    u.slots.push_back({std::string(names[s]), static_cast<double>(state.slots[s][i]),
                       static_cast<double>(part.slots[s][0])});
  const auto decay = options.settings.find("weight_decay");
  if (decay != options.settings.end() && decay->second != 0) {
    OptimizerSettings without = options.settings;
    without["weight_decay"] = 0;
    OptimizerState<float> other = part_of(state, i);
    u.decay = u.after - stepped(make_optimizer(options.optimizer, without), other);
  }
  return u;
}

}  // namespace chainrule
