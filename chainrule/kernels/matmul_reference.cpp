#include "chainrule/kernels/matmul.h"

namespace chainrule::kernels::reference {
namespace {

/// `a(i, p)` and `b(p, j)` give the elements of the factors.
template <class T, class A, class B>
void product(Index m, Index n, Index k, A a, B b, T* c, Write write) {
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; ++j) {
      T sum = 0;
      for (Index p = 0; p < k; ++p) sum += a(i, p) * b(p, j);
      c[i * n + j] = write == Write::add ? c[i * n + j] + sum : sum;
    }
}

}  // namespace

template <class T>
void matmul(Index m, Index n, Index k, const T* a, const T* b, T* c, Write write) {
  product(
      m, n, k, [=](Index i, Index p) { return a[i * k + p]; },
      [=](Index p, Index j) { return b[p * n + j]; }, c, write);
}

template <class T>
void matmul_at(Index m, Index n, Index k, const T* a, const T* b, T* c, Write write) {
  product(
      m, n, k, [=](Index i, Index p) { return a[p * m + i]; },
      [=](Index p, Index j) { return b[p * n + j]; }, c, write);
}

template <class T>
void matmul_bt(Index m, Index n, Index k, const T* a, const T* b, T* c, Write write) {
  product(
      m, n, k, [=](Index i, Index p) { return a[i * k + p]; },
      [=](Index p, Index j) { return b[j * k + p]; }, c, write);
}

#define CHAINRULE_PRODUCT(T)                                                   \
  template void matmul(Index, Index, Index, const T*, const T*, T*, Write);    \
  template void matmul_at(Index, Index, Index, const T*, const T*, T*, Write); \
  template void matmul_bt(Index, Index, Index, const T*, const T*, T*, Write);
CHAINRULE_PRODUCT(float)
CHAINRULE_PRODUCT(double)
#undef CHAINRULE_PRODUCT

}  // namespace chainrule::kernels::reference
