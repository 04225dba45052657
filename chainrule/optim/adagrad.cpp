#include "chainrule/optim/adagrad.h"

#include <cmath>

namespace chainrule {

template <class T>
void Adagrad::update(const UpdateSpan<T>& s, double rate, std::int64_t step) const {
  T* __restrict w = s.value;
  const T* __restrict dw = s.grad;
  T* __restrict sum = s.slots[0];
  const T r = static_cast<T>(rate / (1 + static_cast<double>(step - 1) * lr_decay));
  const T eps = static_cast<T>(epsilon), decay = static_cast<T>(weight_decay);
  for (Index i = 0; i < s.size; ++i) {
    const T g = dw[i] + decay * w[i];
    sum[i] += g * g;
    w[i] -= r * g / (std::sqrt(sum[i]) + eps);
  }
}

template void Adagrad::update(const UpdateSpan<float>&, double, std::int64_t) const;
template void Adagrad::update(const UpdateSpan<double>&, double, std::int64_t) const;

}  // namespace chainrule
