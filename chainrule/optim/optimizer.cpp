#include "chainrule/optim/optimizer.h"

#include <array>

#include "chainrule/core/error.h"

namespace chainrule {
namespace {

constexpr Index kGrain = 1 << 14;

}  // namespace

namespace detail {

void check_setting(std::string_view rule, std::string_view setting, double value, double low,
                   double high) {
  if (value >= low && value < high) return;
  const std::string expected =
      high < kNoLimit ? cat("at least ", low, " and below ", high) : cat("at least ", low);
  throw Error(cat("[", rule, "] ", setting, " is ", value, ", expected a number of ", expected));
}

}  // namespace detail

template <class T>
void Optimizer::update(const OptimizerState<T>& state, std::span<T> values,
                       std::span<const T> grads, Index begin, Index end, double lr,
                       ThreadPool& pool) const {
  pool.split(end - begin, kGrain, [&](Index first, Index last) {
    first += begin, last += begin;
    std::array<T*, kMaxSlots> part{};
    for (std::size_t i = 0; i < state.slots.size(); ++i)
      part[i] = const_cast<T*>(state.slots[i].data()) + first;
    rule_->update(
        UpdateSpan<T>{values.data() + first, grads.data() + first, part.data(), last - first}, lr,
        state.step);
  });
}

template <class T>
void Optimizer::step(OptimizerState<T>& state, std::span<T> values, std::span<const T> grads,
                     double lr, ThreadPool& pool) const {
  const std::size_t slots = state.slots.size();
  if (slots > kMaxSlots)
    throw Error(cat("[", name(), "] has ", slots, " slots, the limit is ", kMaxSlots));
  if (values.size() != grads.size())
    throw Error(cat("[", name(), "] ", values.size(), " values with ", grads.size(), " gradients"));
  for (const Buffer<T>& slot : state.slots)
    if (slot.span().size() != values.size())
      throw Error(
          cat("[", name(), "] started for ", slot.size(), " parameters, got ", values.size()));
  ++state.step;
  update(state, values, grads, 0, static_cast<Index>(values.size()), lr, pool);
}

template void Optimizer::update(const OptimizerState<float>&, std::span<float>,
                                std::span<const float>, Index, Index, double, ThreadPool&) const;
template void Optimizer::update(const OptimizerState<double>&, std::span<double>,
                                std::span<const double>, Index, Index, double, ThreadPool&) const;
template void Optimizer::step(OptimizerState<float>&, std::span<float>, std::span<const float>,
                              double, ThreadPool&) const;
template void Optimizer::step(OptimizerState<double>&, std::span<double>, std::span<const double>,
                              double, ThreadPool&) const;

}  // namespace chainrule
