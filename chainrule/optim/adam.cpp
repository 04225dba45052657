#include "chainrule/optim/adam.h"

#include <cmath>

namespace chainrule {
namespace {

/// One step of Adam at w * keep, with the gradient dw + decay * w.
template <class T>
void adam(const UpdateSpan<T>& s, double rate, double beta1, double beta2, double epsilon,
          double weight_decay, double keep, std::int64_t step) {
  T* __restrict w = s.value;
  const T* __restrict dw = s.grad;
  T* __restrict m = s.slots[0];
  T* __restrict v = s.slots[1];
  const double n = static_cast<double>(step);
  const T r = static_cast<T>(rate / (1 - std::pow(beta1, n)));
  const T scale = static_cast<T>(1 / std::sqrt(1 - std::pow(beta2, n)));
  const T b1 = static_cast<T>(beta1), rest1 = static_cast<T>(1 - beta1);
  const T b2 = static_cast<T>(beta2), rest2 = static_cast<T>(1 - beta2);
  const T eps = static_cast<T>(epsilon), decay = static_cast<T>(weight_decay);
  const T kept = static_cast<T>(keep);
  for (Index i = 0; i < s.size; ++i) {
    const T g = dw[i] + decay * w[i];
    m[i] = b1 * m[i] + rest1 * g;
    v[i] = b2 * v[i] + rest2 * g * g;
    w[i] = kept * w[i] - r * m[i] / (std::sqrt(v[i]) * scale + eps);
  }
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
