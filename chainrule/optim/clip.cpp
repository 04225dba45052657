#include "chainrule/optim/clip.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>

#include "chainrule/core/error.h"
#include "chainrule/kernels/update.h"

namespace chainrule {
namespace {

constexpr Index kClipGrain = 1 << 14;

void check_limit(double limit) {
  if (!(limit > 0)) throw Error(cat("gradients clipped at ", limit, ", expected a limit above 0"));
}

/// Sum of squares in eight lanes, so that the compiler may keep them in vectors.
template <class T>
double sum_of_squares(const T* x, Index n) {
  constexpr Index kLanes = 8;
  std::array<double, kLanes> sums{};
  Index i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (Index j = 0; j < kLanes; ++j) {
      const double v = static_cast<double>(x[i + j]);
      sums[static_cast<std::size_t>(j)] += v * v;
    }
  for (; i < n; ++i) sums[0] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  double sum = 0;
  for (const double s : sums) sum += s;
  return sum;
}

}  // namespace

template <class T>
void clip_by_value(std::span<T> grads, double limit, ThreadPool& pool) {
  check_limit(limit);
  T* g = grads.data();
  const T most = static_cast<T>(limit);
  pool.split(static_cast<Index>(grads.size()), kClipGrain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) g[i] = g[i] > most ? most : g[i] < -most ? -most : g[i];
  });
}

template <class T>
double global_norm(std::span<const T> grads, ThreadPool& pool) {
  // The pieces depend on the number of gradients alone, never on the threads.
  constexpr Index kMaxPieces = 64;
  const Index n = static_cast<Index>(grads.size());
  const Index length = std::max(kClipGrain, (n + kMaxPieces - 1) / kMaxPieces);
  const Index pieces = (n + length - 1) / length;
  std::array<double, kMaxPieces> sums{};
  pool.run(pieces, [&](Index piece) {
    const Index begin = piece * length;
    sums[static_cast<std::size_t>(piece)] =
        sum_of_squares(grads.data() + begin, std::min(length, n - begin));
  });
  double sum = 0;
  for (Index i = 0; i < pieces; ++i) sum += sums[static_cast<std::size_t>(i)];
  return std::sqrt(sum);
}

template <class T>
double clip_by_global_norm(std::span<T> grads, double limit, ThreadPool& pool) {
  check_limit(limit);
  const double norm = global_norm(std::span<const T>(grads), pool);
  if (!(norm > limit)) return norm;
  T* g = grads.data();
  const T factor = static_cast<T>(limit / norm);
  pool.split(static_cast<Index>(grads.size()), kClipGrain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) g[i] *= factor;
  });
  return norm;
}

template <class T>
bool all_finite(std::span<const T> values, ThreadPool& pool) {
  std::atomic<bool> good = true;
  pool.split(static_cast<Index>(values.size()), kClipGrain, [&](Index begin, Index end) {
    if (!kernels::all_finite(values.data() + begin, end - begin))
      good.store(false, std::memory_order_relaxed);
  });
  return good;
}

template void clip_by_value(std::span<float>, double, ThreadPool&);
template void clip_by_value(std::span<double>, double, ThreadPool&);
template double global_norm(std::span<const float>, ThreadPool&);
template double global_norm(std::span<const double>, ThreadPool&);
template double clip_by_global_norm(std::span<float>, double, ThreadPool&);
template double clip_by_global_norm(std::span<double>, double, ThreadPool&);
template bool all_finite(std::span<const float>, ThreadPool&);
template bool all_finite(std::span<const double>, ThreadPool&);

}  // namespace chainrule
