// Working memory of kernels, one per thread.
#pragma once

#include "chainrule/core/tensor.h"

namespace chainrule::kernels {

/// At least `size` elements that this thread may use until its next call with the same `which`.
/// Grows to the largest size asked for and is then used again.
template <class T>
T* scratch(int which, Index size) {
  thread_local Buffer<T> buffers[2];
  Buffer<T>& buffer = buffers[which];
  if (buffer.size() < size) buffer = Buffer<T>(size);
  return buffer.data();
}

}  // namespace chainrule::kernels
