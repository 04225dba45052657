// One pass over the flat buffers of parameters, gradients and what an optimizer remembers.
#pragma once

#include "chainrule/core/shape.h"

namespace chainrule::kernels {

/// True when no element is NaN or infinite.
template <class T>
bool all_finite(const T* x, Index n);

/// w -= rate * (dw + decay * w).
template <class T>
void sgd(T* w, const T* dw, Index n, double rate, double decay);

/// g = dw + decay * w;  b = mu * b + g;  w -= rate * b, or with nesterov w -= rate * (g + mu * b).
template <class T>
void momentum(T* w, const T* dw, T* b, Index n, double rate, double decay, double mu,
              bool nesterov);

/// The constants of a step of Adam.
struct AdamStep {
  double rate;   ///< learning rate / (1 - beta1^step)
  double scale;  ///< 1 / sqrt(1 - beta2^step)
  double beta1, beta2, epsilon;
  double decay;  ///< added to the gradient, times w
  double keep;   ///< w is first multiplied by this
};

/// g = dw + decay * w;  m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * g^2;
/// w = keep * w - rate * m / (scale * sqrt(v) + epsilon).
template <class T>
void adam(T* w, const T* dw, T* m, T* v, Index n, const AdamStep& step);

}  // namespace chainrule::kernels
