#include "chainrule/optim/sgd.h"

#include "chainrule/kernels/update.h"

namespace chainrule {

template <class T>
void Sgd::update(const UpdateSpan<T>& s, double rate, std::int64_t) const {
  if (momentum == 0)
    kernels::sgd(s.value, s.grad, s.size, rate, weight_decay);
  else
    kernels::momentum(s.value, s.grad, s.slots[0], s.size, rate, weight_decay, momentum, nesterov);
}

template void Sgd::update(const UpdateSpan<float>&, double, std::int64_t) const;
template void Sgd::update(const UpdateSpan<double>&, double, std::int64_t) const;

}  // namespace chainrule
