// exp, tanh and the logistic function over arrays.
#pragma once

#include "chainrule/core/shape.h"

namespace chainrule::kernels {

/// y[i] = exp(x[i]). At most 2 ULP (units in the last place) from the exact value in float and in
/// double, denormal results included; overflows to infinity, NaN stays NaN. x and y may be the
/// same. After Moshier's Cephes library (expf.c, exp.c).
template <class T>
void exp(const T* x, T* y, Index n);

/// y[i] = tanh(x[i]), at most 3 ULP. After Cephes (tanhf.c, tanh.c).
template <class T>
void tanh(const T* x, T* y, Index n);

/// y[i] = 1 / (1 + exp(-x[i])), at most 4 ULP while the result is a normal number.
template <class T>
void sigmoid(const T* x, T* y, Index n);

}  // namespace chainrule::kernels
