// Working memory of kernels, one per thread.
#pragma once

#include <type_traits>

#include "chainrule/core/scratch.h"
#include "chainrule/core/shape.h"

namespace chainrule::kernels {

/// At least `size` elements that this thread may use until its next call with the same `which`, 0
/// or 1. Integers have memory of their own, and only 0.
template <class T>
T* scratch(int which, Index size) {
  constexpr int kFirst = std::is_integral_v<T> ? 2 : 0;
  return static_cast<T*>(scratch_area(kFirst + which, static_cast<std::size_t>(size) * sizeof(T)));
}

}  // namespace chainrule::kernels
