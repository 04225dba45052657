// What processes that share memory do with the vectors of each other.
#pragma once

#include <cstddef>

#include "chainrule/core/shape.h"

namespace chainrule::kernels {

/// sum[i] = terms[0][i] + terms[1][i] + ..., added in this order and in double, so that the bits
/// depend on nothing else. Each term is memory of n elements of T; `sum` may be one of them.
template <class T>
void sum_terms(const std::byte* const* terms, int count, Index n, T* sum);

/// Copies past the caches. What another processor reads next is slow to get out of the cache of the
/// one that wrote it, three times slower than out of memory. `to` is aligned to kAlignment. All of
/// it is written when the function returns.
void copy_to_memory(const std::byte* from, Index bytes, std::byte* to);

}  // namespace chainrule::kernels
