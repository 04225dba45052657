// The logistic function, which several activations are made of.
#pragma once

#include <cmath>

namespace chainrule::detail {

/// 1 / (1 + exp(-x)), without overflow: exp is only taken of negative numbers.
template <class T>
T logistic(T x) {
  const T e = std::exp(-std::abs(x));
  return (x >= 0 ? T{1} : e) / (1 + e);
}

}  // namespace chainrule::detail
