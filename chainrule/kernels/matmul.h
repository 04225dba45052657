// Matrix products on row-major, contiguous memory.
#pragma once

#include "chainrule/core/shape.h"
#include "chainrule/core/thread_pool.h"

namespace chainrule::kernels {

/// What a product does with the memory of its result.
enum class Write { assign, add };

/// c[m,n] = a[m,k] b[k,n]. Every element is summed over k in an order that depends on k alone, so
/// the number of threads and the other sizes do not change a bit of it. T is float or double.
template <class T>
void matmul(ThreadPool& pool, Index m, Index n, Index k, const T* a, const T* b, T* c, Write write);

/// c[m,n] = aᵀ b with a[k,m], b[k,n].
template <class T>
void matmul_at(ThreadPool& pool, Index m, Index n, Index k, const T* a, const T* b, T* c,
               Write write);

/// c[m,n] = a bᵀ with a[m,k], b[n,k].
template <class T>
void matmul_bt(ThreadPool& pool, Index m, Index n, Index k, const T* a, const T* b, T* c,
               Write write);

/// The same products in three plain loops: what the fast ones are tested against.
namespace reference {
template <class T>
void matmul(Index m, Index n, Index k, const T* a, const T* b, T* c, Write write);
template <class T>
void matmul_at(Index m, Index n, Index k, const T* a, const T* b, T* c, Write write);
template <class T>
void matmul_bt(Index m, Index n, Index k, const T* a, const T* b, T* c, Write write);
}  // namespace reference

}  // namespace chainrule::kernels
