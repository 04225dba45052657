// An optimizer turns gradients into steps; it sees flat spans, never a graph.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chainrule/core/tensor.h"
#include "chainrule/core/thread_pool.h"

namespace chainrule {

/// What an optimizer remembers between steps: `slots()` buffers as long as the parameters, and
/// the number of steps taken.
template <class T>
struct OptimizerState {
  std::vector<Buffer<T>> slots;
  std::int64_t step = 0;
};

/// One part of the flat parameters, for one call of update().
template <class T>
struct UpdateSpan {
  T* value;
  const T* grad;
  T* const* slots;  ///< slots[i] is the matching part of OptimizerState::slots[i]
  Index size;
};

/// What a struct must offer to become an optimizer: an aggregate of hyper-parameters with `lr`,
/// `static constexpr std::string_view kName`, `std::vector<std::string_view> slots() const` (their
/// names in files), and `update(UpdateSpan<T>, double lr, std::int64_t step) const` for float and
/// double, where `step` counts from 1. Optional: `static void settings(auto& rule, auto&& f)`,
/// which calls `f(name, field, low, high)` for each hyper-parameter, valid in [low, high); then
/// bad values are refused, make_optimizer() can set them by name, and a run is not resumed with
/// others. Without it, `lr` is all that is known of a rule.
template <class O>
concept OptimizerRule = requires(const O& o, const UpdateSpan<float>& f,
                                 const UpdateSpan<double>& d) {
  { o.lr } -> std::convertible_to<double>;
  { O::kName } -> std::convertible_to<std::string_view>;
  { o.slots() } -> std::same_as<std::vector<std::string_view>>;
  o.update(f, 0.1, std::int64_t{1}), o.update(d, 0.1, std::int64_t{1});
};

/// Most slots that a rule may have.
inline constexpr std::size_t kMaxSlots = 4;

/// Upper end of a setting that has none.
inline constexpr double kNoLimit = std::numeric_limits<double>::infinity();
/// Least epsilon: not zero in float either, so that 0 / (0 + epsilon) is 0 for a weight that never
/// had a gradient.
inline constexpr double kLeastEpsilon = 1e-30;

namespace detail {
/// Throws Error naming rule and setting unless low <= value < high.
void check_setting(std::string_view rule, std::string_view setting, double value, double low,
                   double high);
}  // namespace detail

/// Any optimizer: `Optimizer o = Adam{.lr = 1e-3};`
class Optimizer {
 public:
  /// Throws Error when a setting is out of its range.
  template <OptimizerRule O>
  Optimizer(O rule) {  // NOLINT: implicit
    const auto check = [](std::string_view name, const auto& value, double low, double high) {
      detail::check_setting(O::kName, name, static_cast<double>(value), low, high);
    };
    if constexpr (requires { O::settings(std::as_const(rule), check); })
      O::settings(std::as_const(rule), check);
    rule_ = std::make_shared<Rule<O>>(std::move(rule));
  }

  std::string_view name() const { return rule_->name(); }
  double lr() const { return rule_->lr(); }
  std::vector<std::string_view> slots() const { return rule_->slots(); }
  /// All hyper-parameters by name, `lr` among them, in the order of the rule.
  std::vector<std::pair<std::string_view, double>> settings() const { return rule_->settings(); }

  /// Fresh state for `size` parameters.
  template <class T>
  OptimizerState<T> start(Index size) const {
    OptimizerState<T> state;
    for (std::size_t i = 0; i < slots().size(); ++i) state.slots.emplace_back(size);
    return state;
  }

  /// values -= what the rule makes of the gradients at learning rate `lr`. Split over the pool;
  /// each element is computed alone, so threads do not change the result. Allocates nothing.
  /// T is float or double.
  template <class T>
  void step(OptimizerState<T>& state, std::span<T> values, std::span<const T> grads, double lr,
            ThreadPool& pool) const;
  /// The same of the elements [begin, end) alone, without counting a step: for groups of parameters
  /// with rules of their own, which have as many slots.
  template <class T>
  void update(const OptimizerState<T>& state, std::span<T> values, std::span<const T> grads,
              Index begin, Index end, double lr, ThreadPool& pool) const;

 private:
  struct Base {
    virtual ~Base() = default;
    virtual std::string_view name() const = 0;
    virtual double lr() const = 0;
    virtual std::vector<std::string_view> slots() const = 0;
    virtual std::vector<std::pair<std::string_view, double>> settings() const = 0;
    virtual void update(const UpdateSpan<float>&, double, std::int64_t) const = 0;
    virtual void update(const UpdateSpan<double>&, double, std::int64_t) const = 0;
  };
  template <class O>
  struct Rule final : Base {
    explicit Rule(O o) : rule(std::move(o)) {}
    std::string_view name() const override { return O::kName; }
    double lr() const override { return rule.lr; }
    std::vector<std::string_view> slots() const override { return rule.slots(); }
    std::vector<std::pair<std::string_view, double>> settings() const override {
      std::vector<std::pair<std::string_view, double>> all;
      const auto add = [&](std::string_view name, const auto& value, double, double) {
        all.emplace_back(name, static_cast<double>(value));
      };
      if constexpr (requires { O::settings(rule, add); })
        O::settings(rule, add);
      else
        all.emplace_back("lr", rule.lr);
      return all;
    }
    void update(const UpdateSpan<float>& s, double lr, std::int64_t n) const override {
      rule.update(s, lr, n);
    }
    void update(const UpdateSpan<double>& s, double lr, std::int64_t n) const override {
      rule.update(s, lr, n);
    }
    O rule;
  };
  std::shared_ptr<const Base> rule_;
};

}  // namespace chainrule
