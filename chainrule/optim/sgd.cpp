#include "chainrule/optim/sgd.h"

namespace chainrule {

template <class T>
void Sgd::update(const UpdateSpan<T>& s, double rate, std::int64_t) const {
  T* __restrict w = s.value;
  const T* __restrict dw = s.grad;
  const T r = static_cast<T>(rate), mu = static_cast<T>(momentum);
  const T decay = static_cast<T>(weight_decay);
  if (momentum == 0) {
    for (Index i = 0; i < s.size; ++i) w[i] -= r * (dw[i] + decay * w[i]);
    return;
  }
  T* __restrict b = s.slots[0];
  // b + 0 * g and g + mu * b in one loop: nesterov decides the two factors.
  const T own = nesterov ? T{1} : T{0}, kept = nesterov ? mu : T{1};
  for (Index i = 0; i < s.size; ++i) {
    const T g = dw[i] + decay * w[i];
    b[i] = mu * b[i] + g;
    w[i] -= r * (own * g + kept * b[i]);
  }
}

template void Sgd::update(const UpdateSpan<float>&, double, std::int64_t) const;
template void Sgd::update(const UpdateSpan<double>&, double, std::int64_t) const;

}  // namespace chainrule
