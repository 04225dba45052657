#include "chainrule/optim/adam.h"

#include <cmath>

#include "chainrule/kernels/update.h"

namespace chainrule {
namespace {

/// One step of Adam at w * keep, with the gradient dw + decay * w.
template <class T>
void adam(const UpdateSpan<T>& s, double rate, double beta1, double beta2, double epsilon,
          double weight_decay, double keep, std::int64_t step) {
  const double n = static_cast<double>(step);
  kernels::adam(s.value, s.grad, s.slots[0], s.slots[1], s.size,
                {.rate = rate / (1 - std::pow(beta1, n)),
                 .scale = 1 / std::sqrt(1 - std::pow(beta2, n)),
                 .beta1 = beta1,
                 .beta2 = beta2,
                 .epsilon = epsilon,
                 .decay = weight_decay,
                 .keep = keep});
}

}  // namespace

template <class T>
void Adam::update(const UpdateSpan<T>& s, double rate, std::int64_t step) const {
  adam(s, rate, beta1, beta2, epsilon, weight_decay, 1, step);
}

template <class T>
void Adamw::update(const UpdateSpan<T>& s, double rate, std::int64_t step) const {
  adam(s, rate, beta1, beta2, epsilon, 0, 1 - rate * weight_decay, step);
}

template void Adam::update(const UpdateSpan<float>&, double, std::int64_t) const;
template void Adam::update(const UpdateSpan<double>&, double, std::int64_t) const;
template void Adamw::update(const UpdateSpan<float>&, double, std::int64_t) const;
template void Adamw::update(const UpdateSpan<double>&, double, std::int64_t) const;

}  // namespace chainrule
