// Matrix products whose left factor is mostly zeros, such as a batch of images.
#pragma once

#include "chainrule/core/shape.h"
#include "chainrule/core/thread_pool.h"
#include "chainrule/kernels/matmul.h"

namespace chainrule::kernels {

/// True when skipping the zeros of x[rows, cols] pays: at most a third of a sample (every 16th row,
/// at least 4 rows) is not zero. Depends on x alone, so forward and backward decide alike.
template <class T>
bool is_sparse(const T* x, Index rows, Index cols);

/// matmul() that skips the zeros of a, and gives the same but for the order of rounding. What a
/// zero would have met in b does not matter, not even infinity or NaN. The order of a sum depends
/// on the sizes alone, not on the number of threads.
template <class T>
void sparse_matmul(ThreadPool& pool, Index m, Index n, Index k, const T* a, const T* b, T* c,
                   Write write);

/// The same for matmul_at(): a is stored as [k, m].
template <class T>
void sparse_matmul_at(ThreadPool& pool, Index m, Index n, Index k, const T* a, const T* b, T* c,
                      Write write);

}  // namespace chainrule::kernels
