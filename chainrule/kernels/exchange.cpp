// This file is compiled once for every instruction set that Highway knows on this architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "chainrule/kernels/exchange.cpp"
#include "chainrule/kernels/exchange.h"

#include <cstring>

#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"

#include "chainrule/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace chainrule::kernels::HWY_NAMESPACE {

inline hn::Vec<Tag<double>> load_double(const double* from) {
  return hn::LoadU(Tag<double>(), from);
}
inline hn::Vec<Tag<double>> load_double(const float* from) {
  return hn::PromoteTo(Tag<double>(), hn::LoadU(hn::Rebind<float, Tag<double>>(), from));
}
inline void store_double(hn::Vec<Tag<double>> v, double* to) { hn::StoreU(v, Tag<double>(), to); }
inline void store_double(hn::Vec<Tag<double>> v, float* to) {
  const hn::Rebind<float, Tag<double>> d;
  hn::StoreU(hn::DemoteTo(d, v), d, to);
}

template <class T>
void sum_terms(const std::byte* const* terms, int count, Index n, T* sum) {
  const auto term = [&](int r) { return reinterpret_cast<const T*>(terms[r]); };
  const Index lanes = lanes_of<double>();
  Index i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    auto a = load_double(term(0) + i), b = load_double(term(0) + i + lanes);
    for (int r = 1; r < count; ++r) {
      a = hn::Add(a, load_double(term(r) + i));
      b = hn::Add(b, load_double(term(r) + i + lanes));
    }
    store_double(a, sum + i);
    store_double(b, sum + i + lanes);
  }
  for (; i < n; ++i) {
    auto a = static_cast<double>(term(0)[i]);
    for (int r = 1; r < count; ++r) a += static_cast<double>(term(r)[i]);
    sum[i] = static_cast<T>(a);
  }
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

void sum_float(const std::byte* const* terms, int count, Index n, float* sum) {
  sum_terms(terms, count, n, sum);
}
void sum_double(const std::byte* const* terms, int count, Index n, double* sum) {
  sum_terms(terms, count, n, sum);
}

}  // namespace chainrule::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace chainrule::kernels {

HWY_EXPORT(sum_float);
HWY_EXPORT(sum_double);
HWY_EXPORT(copy_bytes);

template <>
void sum_terms(const std::byte* const* terms, int count, Index n, float* sum) {
  HWY_DYNAMIC_DISPATCH(sum_float)(terms, count, n, sum);
}
template <>
void sum_terms(const std::byte* const* terms, int count, Index n, double* sum) {
  HWY_DYNAMIC_DISPATCH(sum_double)(terms, count, n, sum);
}

void copy_to_memory(const std::byte* from, Index bytes, std::byte* to) {
  HWY_DYNAMIC_DISPATCH(copy_bytes)(from, bytes, to);
}

}  // namespace chainrule::kernels
#endif
