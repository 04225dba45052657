// Compiled once for every instruction set that Highway knows on this architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "chainrule/kernels/vector_math.cpp"
#include "chainrule/kernels/vector_math.h"

#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"

#include "chainrule/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace chainrule::kernels::HWY_NAMESPACE {

template <class D>
using Signed = hn::RebindToSigned<D>;

/// 2^n for whole numbers n in the range of normal exponents.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V power_of_two(D d, V n) {
  const Signed<D> di;
  constexpr int kMantissa = sizeof(hn::TFromD<D>) == 4 ? 23 : 52;
  constexpr int kBias = sizeof(hn::TFromD<D>) == 4 ? 127 : 1023;
  return hn::BitCast(d,
                     hn::ShiftLeft<kMantissa>(hn::Add(hn::ConvertTo(di, n), hn::Set(di, kBias))));
}

/// exp(x) = 2^n exp(r) with |r| <= ln(2)/2; ln(2) is split in two, so that r is exact.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp_vector(D d, V x) {
  using T = hn::TFromD<D>;
  constexpr bool kFloat = sizeof(T) == 4;
  // Beyond these the result is infinite or rounds to zero, and n would leave its range.
  const V high = hn::Set(d, static_cast<T>(kFloat ? 89.0 : 710.0));
  const V low = hn::Set(d, static_cast<T>(kFloat ? -104.5 : -746.0));
  const V bounded = hn::Max(low, hn::Min(high, x));
  const V n = hn::Round(hn::Mul(bounded, hn::Set(d, static_cast<T>(1.44269504088896340736))));
  V r = hn::NegMulAdd(n, hn::Set(d, static_cast<T>(kFloat ? 0.693359375 : 6.93145751953125e-1)),
                      bounded);
  r = hn::NegMulAdd(
      n, hn::Set(d, static_cast<T>(kFloat ? -2.12194440e-4 : 1.42860682030941723212e-6)), r);
  const auto c = [&](double v) HWY_ATTR { return hn::Set(d, static_cast<T>(v)); };
  V e;
  if constexpr (kFloat) {
    V p = c(1.9875691500e-4);
    p = hn::MulAdd(p, r, c(1.3981999507e-3));
    p = hn::MulAdd(p, r, c(8.3334519073e-3));
    p = hn::MulAdd(p, r, c(4.1665795894e-2));
    p = hn::MulAdd(p, r, c(1.6666665459e-1));
    p = hn::MulAdd(p, r, c(5.0000001201e-1));
    e = hn::Add(hn::MulAdd(p, hn::Mul(r, r), r), c(1));
  } else {
    const V rr = hn::Mul(r, r);
    V p = hn::MulAdd(c(1.26177193074810590878e-4), rr, c(3.02994407707441961300e-2));
    p = hn::Mul(r, hn::MulAdd(p, rr, c(9.99999999999999999910e-1)));
    V q = hn::MulAdd(c(3.00198505138664455042e-6), rr, c(2.52448340349684104192e-3));
    q = hn::MulAdd(q, rr, c(2.27265548208155028766e-1));
    q = hn::MulAdd(q, rr, c(2.00000000000000000005e0));
    e = hn::MulAdd(hn::Div(p, hn::Sub(q, p)), c(2), c(1));
  }
  // 2^n in two factors: the result may be denormal or n one beyond the largest exponent.
  const V half = hn::Floor(hn::Mul(n, c(0.5)));
  e = hn::Mul(hn::Mul(e, power_of_two(d, half)), power_of_two(d, hn::Sub(n, half)));
  return hn::IfThenElse(hn::IsNaN(x), x, e);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V tanh_vector(D d, V x) {
  using T = hn::TFromD<D>;
  const auto c = [&](double v) HWY_ATTR { return hn::Set(d, static_cast<T>(v)); };
  const V z = hn::Mul(x, x);
  V small;  // x + x z P(z), for |x| < 0.625
  if constexpr (sizeof(T) == 4) {
    V p = c(-5.70498872745e-3);
    p = hn::MulAdd(p, z, c(2.06390887954e-2));
    p = hn::MulAdd(p, z, c(-5.37397155531e-2));
    p = hn::MulAdd(p, z, c(1.33314422036e-1));
    p = hn::MulAdd(p, z, c(-3.33332819422e-1));
    small = hn::MulAdd(hn::Mul(p, z), x, x);
  } else {
    V p = hn::MulAdd(c(-9.64399179425052238628e-1), z, c(-9.92877231001918586564e1));
    p = hn::MulAdd(p, z, c(-1.61468768441708447952e3));
    V q = hn::Add(z, c(1.12811678491632931402e2));
    q = hn::MulAdd(q, z, c(2.23548839060100448583e3));
    q = hn::MulAdd(q, z, c(4.84406305325125486048e3));
    small = hn::MulAdd(hn::Mul(hn::Div(p, q), z), x, x);
  }
  const V size = hn::Abs(x);
  const V e = exp_vector(d, hn::Add(size, size));
  const V large = hn::Sub(c(1), hn::Div(c(2), hn::Add(e, c(1))));
  const V y = hn::CopySign(hn::IfThenElse(hn::Lt(size, c(0.625)), small, large), x);
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

/// exp() sees only negative arguments, so nothing overflows.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sigmoid_vector(D d, V x) {
  const V one = hn::Set(d, 1);
  const V e = exp_vector(d, hn::Neg(hn::Abs(x)));
  const V numerator = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), e, one);
  return hn::Div(numerator, hn::Add(one, e));
}

template <class T, class F>
HWY_INLINE void map(const T* x, T* y, Index n, F f) {
  const hn::ScalableTag<T> d;
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  Index i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(f(d, hn::LoadU(d, x + i)), d, y + i);
  if (i < n) store_first(f(d, load_first(d, n - i, x + i)), d, n - i, y + i);
}

#define CHAINRULE_MAP(name, T)                                                 \
  void name##_##T(const T* x, T* y, Index n) {                                 \
    map(x, y, n, [](auto d, auto v) HWY_ATTR { return name##_vector(d, v); }); \
  }
CHAINRULE_MAP(exp, float)
CHAINRULE_MAP(exp, double)
CHAINRULE_MAP(tanh, float)
CHAINRULE_MAP(tanh, double)
CHAINRULE_MAP(sigmoid, float)
CHAINRULE_MAP(sigmoid, double)
#undef CHAINRULE_MAP

}  // namespace chainrule::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace chainrule::kernels {

#define CHAINRULE_MAP(name, T)                 \
  HWY_EXPORT(name##_##T);                      \
  template <>                                  \
  void name<T>(const T* x, T* y, Index n) {    \
    HWY_DYNAMIC_DISPATCH(name##_##T)(x, y, n); \
  }
CHAINRULE_MAP(exp, float)
CHAINRULE_MAP(exp, double)
CHAINRULE_MAP(tanh, float)
CHAINRULE_MAP(tanh, double)
CHAINRULE_MAP(sigmoid, float)
CHAINRULE_MAP(sigmoid, double)
#undef CHAINRULE_MAP

}  // namespace chainrule::kernels
#endif  // HWY_ONCE
