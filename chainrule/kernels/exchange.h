// What processes that share memory do with the vectors of each other.
#pragma once

#include <cstddef>

#include "chainrule/core/shape.h"

namespace chainrule::kernels {

/// sum[i] = terms[0][i] + terms[1][i] + ..., added in this order and in double, so that the bits
/// depend on nothing else. Each term is memory of n elements of T; `sum` may be one of them.
template <class T>
void sum_terms(const std::byte* const* terms, int count, Index n, T* sum);

/// Puts the same sum into the place of every term, of which number `own` is the caller's; the
/// others, when they are aligned to kAlignment, are written past the caches. All is written when
/// the function returns. True when no sum is NaN or infinite.
template <class T>
bool replace_by_sum(std::byte* const* terms, int count, int own, Index n);

/// Copies past the caches. What another processor reads next is slow to get out of the cache of the
/// one that wrote it, three times slower than out of memory. `to` is aligned to kAlignment. All of
/// it is written when the function returns.
void copy_to_memory(const std::byte* from, Index bytes, std::byte* to);

}  // namespace chainrule::kernels
