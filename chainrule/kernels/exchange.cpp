// This file is compiled once for every instruction set that Highway knows on this architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "chainrule/kernels/exchange.cpp"
#include "chainrule/kernels/exchange.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"

#include "chainrule/kernels/update.h"
#include "chainrule/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace chainrule::kernels::HWY_NAMESPACE {

// Where vectors are emulated, an infinite double becomes the largest float; C++ converts it right.
#define CHAINRULE_VECTORS (HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128)

#if CHAINRULE_VECTORS
/// Sums of one vector from element i on, added in double.
template <class T>
HWY_INLINE hn::Vec<Tag<T>> vector_sum(const std::byte* const* terms, int count, Index i) {
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

template <class T>
HWY_INLINE T one_sum(const std::byte* const* terms, int count, Index i) {
  double sum = 0;
  for (int r = 0; r < count; ++r) {
    const auto term = static_cast<double>(reinterpret_cast<const T*>(terms[r])[i]);
    sum = r == 0 ? term : sum + term;
  }
  return static_cast<T>(sum);
}

/// The sums of the elements [first, first + n).
template <class T>
HWY_INLINE void sum_part(const std::byte* const* terms, int count, Index first, Index n, T* sum) {
  Index i = 0;
#if CHAINRULE_VECTORS
  const Index lanes = lanes_of<T>();
  for (; i + lanes <= n; i += lanes)
    hn::StoreU(vector_sum<T>(terms, count, first + i), Tag<T>(), sum + i);
#endif
  for (; i < n; ++i) sum[i] = one_sum<T>(terms, count, first + i);
}

/// `to` is aligned to vectors. Another processor sees it after hwy::FlushStream().
void stream(const std::byte* from, Index bytes, std::byte* to) {
  const Tag<std::uint8_t> d;
  const Index lanes = lanes_of<std::uint8_t>();
  const auto* const source = reinterpret_cast<const std::uint8_t*>(from);
  auto* const target = reinterpret_cast<std::uint8_t*>(to);
  Index i = 0;
  for (; i + lanes <= bytes; i += lanes) hn::Stream(hn::LoadU(d, source + i), d, target + i);
  if (i < bytes) std::memcpy(to + i, from + i, static_cast<std::size_t>(bytes - i));
}

void copy_bytes(const std::byte* from, Index bytes, std::byte* to) {
  stream(from, bytes, to);
  hwy::FlushStream();
}

template <class T>
bool replace_by_sum(std::byte* const* terms, int count, int own, Index n) {
  // A block for one rank after another: a processor puts only a few lines at a time together before
  // they leave for memory.
  constexpr Index kBlock = 512;
  HWY_ALIGN T sums[kBlock];
  bool finite = true;
  for (Index first = 0; first < n; first += kBlock) {
    const Index size = std::min(kBlock, n - first), bytes = size * static_cast<Index>(sizeof(T));
    sum_part(terms, count, first, size, sums);
    finite &= all_finite(sums, size);
    for (int r = 0; r < count; ++r) {
      std::byte* const to = terms[r] + first * static_cast<Index>(sizeof(T));
      const auto* const from = reinterpret_cast<const std::byte*>(sums);
      if (r == own || reinterpret_cast<std::uintptr_t>(to) % hn::Lanes(Tag<std::uint8_t>()) != 0)
        std::memcpy(to, from, static_cast<std::size_t>(bytes));
      else
        stream(from, bytes, to);
    }
  }
  hwy::FlushStream();
  return finite;
}

#define CHAINRULE_SUMS(T)                                                         \
  void sum_##T(const std::byte* const* terms, int count, Index n, T* sum) {       \
    sum_part(terms, count, 0, n, sum);                                            \
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
