// This file is compiled once for every instruction set that Highway knows on this architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "chainrule/kernels/bytes.cpp"
#include "chainrule/kernels/bytes.h"

#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace chainrule::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void to_unit(const std::uint8_t* from, Index n, float* to) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<std::int32_t, decltype(d)> d32;
  const hn::Rebind<std::uint8_t, decltype(d)> d8;
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  const auto whole = hn::Set(d, 255.0f);
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto x = hn::ConvertTo(d, hn::PromoteTo(d32, hn::LoadU(d8, from + i)));
#if HWY_TARGET <= HWY_AVX2  // has fused multiply-add
    // Cheaper than a division: a quotient that is nearly right, and its remainder divided once
    // more.
    const auto inverse = hn::Set(d, 1.0f / 255.0f);
    const auto q = hn::Mul(x, inverse);
    hn::StoreU(hn::MulAdd(hn::NegMulAdd(q, whole, x), inverse, q), d, to + i);
#else
    hn::StoreU(hn::Div(x, whole), d, to + i);
#endif
  }
  for (; i < n; ++i) to[i] = static_cast<float>(from[i]) / 255.0f;
}

}  // namespace chainrule::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace chainrule::kernels {

HWY_EXPORT(to_unit);

void bytes_to_unit(const std::uint8_t* from, Index n, float* to) {
  HWY_DYNAMIC_DISPATCH(to_unit)(from, n, to);
}

}  // namespace chainrule::kernels
#endif  // HWY_ONCE
