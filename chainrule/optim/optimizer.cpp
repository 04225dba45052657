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
  pool.split(static_cast<Index>(values.size()), kGrain, [&](Index begin, Index end) {
    std::array<T*, kMaxSlots> part{};
    for (std::size_t i = 0; i < slots; ++i) part[i] = state.slots[i].data() + begin;
    rule_->update(
        UpdateSpan<T>{values.data() + begin, grads.data() + begin, part.data(), end - begin}, lr,
        state.step);
  });
}

template void Optimizer::step(OptimizerState<float>&, std::span<float>, std::span<const float>,
                              double, ThreadPool&) const;
template void Optimizer::step(OptimizerState<double>&, std::span<double>, std::span<const double>,
                              double, ThreadPool&) const;

}  // namespace chainrule
