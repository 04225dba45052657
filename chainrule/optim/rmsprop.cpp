#include "chainrule/optim/rmsprop.h"

#include <algorithm>
#include <cmath>

namespace chainrule {

template <class T>
void Rmsprop::update(const UpdateSpan<T>& s, double rate, std::int64_t) const {
  T* __restrict w = s.value;
  const T* __restrict dw = s.grad;
  T* __restrict square = s.slots[0];
  T* __restrict b = momentum != 0 ? s.slots[1] : nullptr;
  T* __restrict mean = centered ? s.slots[momentum != 0 ? 2 : 1] : nullptr;
  const T r = static_cast<T>(rate), eps = static_cast<T>(epsilon);
  const T a = static_cast<T>(alpha), rest = static_cast<T>(1 - alpha);
  const T mu = static_cast<T>(momentum), decay = static_cast<T>(weight_decay);
  // One loop for each of the four variants; the compiler makes four of the one that stands here.
  const auto run = [&](auto has_momentum, auto is_centered) {
    for (Index i = 0; i < s.size; ++i) {
      const T g = dw[i] + decay * w[i];
      square[i] = a * square[i] + rest * g * g;
      T d = square[i];
      if constexpr (is_centered) {
        mean[i] = a * mean[i] + rest * g;
        d = std::max(d - mean[i] * mean[i], T{0});  // rounding must not make it negative
      }
      T u = g / (std::sqrt(d) + eps);
      if constexpr (has_momentum) u = b[i] = mu * b[i] + u;
      w[i] -= r * u;
    }
  };
  constexpr std::true_type yes;
  constexpr std::false_type no;
  if (momentum != 0)
    centered ? run(yes, yes) : run(yes, no);
  else
    centered ? run(no, yes) : run(no, no);
}

template void Rmsprop::update(const UpdateSpan<float>&, double, std::int64_t) const;
template void Rmsprop::update(const UpdateSpan<double>&, double, std::int64_t) const;

}  // namespace chainrule
