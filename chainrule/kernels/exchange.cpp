// This file is compiled once for every instruction set that Highway knows on this architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "chainrule/kernels/exchange.cpp"
#include "chainrule/kernels/exchange.h"

#include <cmath>
#include <cstdint>
#include <cstring>

#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"

#include "chainrule/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace chainrule::kernels::HWY_NAMESPACE {

// Where vectors are emulated, an infinite double becomes the largest float; C++ converts it right.
#define CHAINRULE_VECTORS (HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128)

#if CHAINRULE_VECTORS
/// Sums of one vector from element i on, added in double.
template <class T, class Byte>
HWY_INLINE hn::Vec<Tag<T>> vector_sum(Byte* const* terms, int count, Index i) {
  const auto term = [&](int r) { return reinterpret_cast<const T*>(terms[r]) + i; };
  const Tag<double> d;
  if constexpr (sizeof(T) == sizeof(double)) {
    auto sum = hn::LoadU(d, term(0));
    for (int r = 1; r < count; ++r) sum = hn::Add(sum, hn::LoadU(d, term(r)));
    return sum;
  } else {
    const hn::Rebind<T, Tag<double>> half;
    const Index lanes = lanes_of<double>();
    const auto load = [&](const T* from) { return hn::PromoteTo(d, hn::LoadU(half, from)); };
    auto low = load(term(0)), high = load(term(0) + lanes);
    for (int r = 1; r < count; ++r) {
      low = hn::Add(low, load(term(r)));
      high = hn::Add(high, load(term(r) + lanes));
    }
    return hn::Combine(Tag<T>(), hn::DemoteTo(half, high), hn::DemoteTo(half, low));
  }
}
#endif

template <class T, class Byte>
HWY_INLINE T one_sum(Byte* const* terms, int count, Index i) {
  double sum = 0;
  for (int r = 0; r < count; ++r) {
    const auto term = static_cast<double>(reinterpret_cast<const T*>(terms[r])[i]);
    sum = r == 0 ? term : sum + term;
  }
  return static_cast<T>(sum);
}

template <class T>
void sum_terms(const std::byte* const* terms, int count, Index n, T* sum) {
  Index i = 0;
#if CHAINRULE_VECTORS
  const Index lanes = lanes_of<T>();
  for (; i + lanes <= n; i += lanes) hn::StoreU(vector_sum<T>(terms, count, i), Tag<T>(), sum + i);
#endif
  for (; i < n; ++i) sum[i] = one_sum<T>(terms, count, i);
}

template <class T>
bool replace_by_sum(std::byte* const* terms, int count, [[maybe_unused]] int own, Index n) {
  const auto to = [&](int r, Index i) { return reinterpret_cast<T*>(terms[r]) + i; };
  bool finite = true;
  Index i = 0;
#if CHAINRULE_VECTORS
  const Tag<T> d;
  const Index lanes = lanes_of<T>();
  bool aligned = true;
  for (int r = 0; r < count; ++r)
    aligned &= reinterpret_cast<std::uintptr_t>(terms[r]) % (hn::Lanes(d) * sizeof(T)) == 0;
  const auto zero = hn::Zero(d);
  auto zeros = zero;  // plus 0 times each sum, which is NaN when that is not finite
  for (; i + lanes <= n; i += lanes) {
    const auto sum = vector_sum<T>(terms, count, i);
    for (int r = 0; r < count; ++r) {
      if (r == own || !aligned)
        hn::StoreU(sum, d, to(r, i));
      else
        hn::Stream(sum, d, to(r, i));
    }
    zeros = hn::MulAdd(sum, zero, zeros);
  }
  hwy::FlushStream();
  finite = hn::AllTrue(d, hn::Eq(zeros, zero));
#endif
  for (; i < n; ++i) {
    const T sum = one_sum<T>(terms, count, i);
    for (int r = 0; r < count; ++r) *to(r, i) = sum;
    finite &= std::isfinite(sum);
  }
  return finite;
}

void copy_bytes(const std::byte* from, Index bytes, std::byte* to) {
  const Tag<std::uint8_t> d;
  const Index lanes = lanes_of<std::uint8_t>();
  const auto* const source = reinterpret_cast<const std::uint8_t*>(from);
  auto* const target = reinterpret_cast<std::uint8_t*>(to);
  Index i = 0;
  for (; i + lanes <= bytes; i += lanes) hn::Stream(hn::LoadU(d, source + i), d, target + i);
  if (i < bytes) std::memcpy(to + i, from + i, static_cast<std::size_t>(bytes - i));
  hwy::FlushStream();
}

#define CHAINRULE_SUMS(T)                                                         \
  void sum_##T(const std::byte* const* terms, int count, Index n, T* sum) {       \
    sum_terms(terms, count, n, sum);                                              \
  }                                                                               \
  bool replace_by_sum_##T(std::byte* const* terms, int count, int own, Index n) { \
    return replace_by_sum<T>(terms, count, own, n);                               \
  }
CHAINRULE_SUMS(float)
CHAINRULE_SUMS(double)
#undef CHAINRULE_SUMS

}  // namespace chainrule::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace chainrule::kernels {

#define CHAINRULE_SUMS(T)                                                        \
  HWY_EXPORT(sum_##T);                                                           \
  HWY_EXPORT(replace_by_sum_##T);                                                \
  template <>                                                                    \
  void sum_terms(const std::byte* const* terms, int count, Index n, T* sum) {    \
    HWY_DYNAMIC_DISPATCH(sum_##T)(terms, count, n, sum);                         \
  }                                                                              \
  template <>                                                                    \
  bool replace_by_sum<T>(std::byte* const* terms, int count, int own, Index n) { \
    return HWY_DYNAMIC_DISPATCH(replace_by_sum_##T)(terms, count, own, n);       \
  }
CHAINRULE_SUMS(float)
CHAINRULE_SUMS(double)
#undef CHAINRULE_SUMS

HWY_EXPORT(copy_bytes);
void copy_to_memory(const std::byte* from, Index bytes, std::byte* to) {
  HWY_DYNAMIC_DISPATCH(copy_bytes)(from, bytes, to);
}

}  // namespace chainrule::kernels
#endif
