// How the learning rate changes during training.
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <string_view>

#include "chainrule/core/shape.h"

namespace chainrule {

/// What a schedule remembers during a run. Only reduce_on_plateau needs it.
struct ScheduleState {
  double best = std::numeric_limits<double>::infinity();
  Index bad_epochs = 0;  ///< epochs since the last improvement or reduction
  double reduction = 1;
};

/// The factor on an optimizer's learning rate at each step: a rule, and a warm-up before it.
/// `Schedule::cosine().warmup(500)`, or as text `Schedule::parse("warmup:500, cosine")`.
class Schedule {
 public:
  /// The learning rate as it is. Text: "constant".
  Schedule() = default;
  /// Times `gamma` after every `every` epochs: gamma^floor(epoch / every). Text: "step:5:0.5".
  static Schedule step(Index every, double gamma);
  /// Times `gamma` after each epoch: gamma^epoch. Text: "exponential:0.95".
  static Schedule exponential(double gamma);
  /// From 1 down to `floor` over the whole run, along half a cosine:
  /// floor + (1 - floor) * (1 + cos(pi * step / steps)) / 2, both counted after the warm-up.
  /// Text: "cosine" or "cosine:0.01".
  /// Source: Loshchilov, Hutter: "SGDR: stochastic gradient descent with warm restarts",
  /// arXiv:1608.03983, equation 5.
  static Schedule cosine(double floor = 0);
  /// Times `gamma` when the loss at the ends of more than `patience` epochs in a row was not
  /// lower, by a factor of at least 1e-4, than the best. Text: "plateau:0.5:3".
  /// Source: torch.optim.lr_scheduler.ReduceLROnPlateau.
  static Schedule plateau(double gamma, Index patience);

  /// Times whatever `f` says for the epoch, counted from 0. It has no text that parse() reads.
  static Schedule custom(std::function<double(Index epoch)> f);

  /// The same rule, times (step + 1) / steps during the first `steps` steps. Text: "warmup:500",
  /// alone or joined to a rule by a comma.
  /// Source: Goyal et al.: "Accurate, large minibatch SGD", arXiv:1706.02677, section 2.2.
  Schedule warmup(Index steps) const;

  /// Throws Error, with what was probably meant, when the text is not a schedule.
  static Schedule parse(std::string_view text);
  /// The text that parse() reads back; "custom" for a function.
  std::string str() const;

  /// The factor for step number `step` of `steps`, in epoch number `epoch`, all counted from 0.
  double factor(Index step, Index steps, Index epoch, const ScheduleState& state = {}) const;
  /// To be told the loss that is watched at the end of each epoch.
  void end_epoch(ScheduleState& state, double loss) const;

 private:
  enum class Kind { constant, step, exponential, cosine, plateau, custom };

  Kind kind_ = Kind::constant;
  double gamma_ = 1;
  Index every_ = 1;  ///< step: epochs; plateau: patience
  double floor_ = 0;
  Index warmup_ = 0;
  std::function<double(Index)> custom_;
};

}  // namespace chainrule
