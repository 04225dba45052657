// An optimizer turns gradients into steps; it sees flat spans, never a graph.
#pragma once

#include <concepts>
#include <cstdint>
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
/// double, where `step` counts from 1.
template <class O>
concept OptimizerRule = requires(const O& o, const UpdateSpan<float>& f,
                                 const UpdateSpan<double>& d) {
  { o.lr } -> std::convertible_to<double>;
  { O::kName } -> std::convertible_to<std::string_view>;
  { o.slots() } -> std::same_as<std::vector<std::string_view>>;
  o.update(f, 0.1, std::int64_t{1}), o.update(d, 0.1, std::int64_t{1});
};

/// Any optimizer: `Optimizer o = Adam{.lr = 1e-3};`
class Optimizer {
 public:
  template <OptimizerRule O>
  Optimizer(O rule) : rule_(std::make_shared<Rule<O>>(std::move(rule))) {}  // NOLINT: implicit

  std::string_view name() const { return rule_->name(); }
  double lr() const { return rule_->lr(); }
  std::vector<std::string_view> slots() const { return rule_->slots(); }

  /// Fresh state for `size` parameters.
  template <class T>
  OptimizerState<T> start(Index size) const {
    OptimizerState<T> state;
    for (std::size_t i = 0; i < slots().size(); ++i) state.slots.emplace_back(size);
    return state;
  }

  /// values -= what the rule makes of the gradients at learning rate `lr`. Split over the pool;
  /// each element is computed alone, so threads do not change the result. Allocates nothing.
  template <class T>
  void step(OptimizerState<T>& state, std::span<T> values, std::span<const T> grads, double lr,
            ThreadPool& pool) const;

 private:
  struct Base {
    virtual ~Base() = default;
    virtual std::string_view name() const = 0;
    virtual double lr() const = 0;
    virtual std::vector<std::string_view> slots() const = 0;
    virtual void update(const UpdateSpan<float>&, double, std::int64_t) const = 0;
    virtual void update(const UpdateSpan<double>&, double, std::int64_t) const = 0;
  };
  template <class O>
  struct Rule final : Base {
    explicit Rule(O o) : rule(std::move(o)) {}
    std::string_view name() const override { return O::kName; }
    double lr() const override { return rule.lr; }
    std::vector<std::string_view> slots() const override { return rule.slots(); }
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
