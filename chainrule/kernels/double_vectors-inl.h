// Vectors of double for WebAssembly, where Highway 1.0 has only those of float and of integers: the
// functions of hwy/highway.h that the kernels use, by the same names. Included once for each
// instruction set, inside of what Highway's foreach_target repeats.
#if defined(CHAINRULE_KERNELS_DOUBLE_VECTORS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CHAINRULE_KERNELS_DOUBLE_VECTORS_INL_H
#undef CHAINRULE_KERNELS_DOUBLE_VECTORS_INL_H
#else
#define CHAINRULE_KERNELS_DOUBLE_VECTORS_INL_H
#endif

#include "hwy/highway.h"

#if HWY_TARGET == HWY_WASM && !HWY_HAVE_FLOAT64

HWY_BEFORE_NAMESPACE();
namespace hwy::HWY_NAMESPACE {

using DoubleTag = Simd<double, 2, 0>;
using Doubles = Vec128<double, 2>;
using DoubleMask = Mask128<double, 2>;

HWY_API Doubles Set(DoubleTag, double x) { return {wasm_f64x2_splat(x)}; }
HWY_API Doubles operator+(Doubles a, Doubles b) { return {wasm_f64x2_add(a.raw, b.raw)}; }
HWY_API Doubles operator-(Doubles a, Doubles b) { return {wasm_f64x2_sub(a.raw, b.raw)}; }
HWY_API Doubles operator*(Doubles a, Doubles b) { return {wasm_f64x2_mul(a.raw, b.raw)}; }
HWY_API Doubles operator/(Doubles a, Doubles b) { return {wasm_f64x2_div(a.raw, b.raw)}; }
HWY_API Doubles MulAdd(Doubles a, Doubles b, Doubles c) { return a * b + c; }
HWY_API Doubles NegMulAdd(Doubles a, Doubles b, Doubles c) { return c - a * b; }
HWY_API Doubles MulSub(Doubles a, Doubles b, Doubles c) { return a * b - c; }
HWY_API Doubles Min(Doubles a, Doubles b) { return {wasm_f64x2_pmin(a.raw, b.raw)}; }
HWY_API Doubles Max(Doubles a, Doubles b) { return {wasm_f64x2_pmax(a.raw, b.raw)}; }
HWY_API Doubles Round(Doubles v) { return {wasm_f64x2_nearest(v.raw)}; }
HWY_API Doubles Floor(Doubles v) { return {wasm_f64x2_floor(v.raw)}; }
HWY_API Doubles Sqrt(Doubles v) { return {wasm_f64x2_sqrt(v.raw)}; }
HWY_API Doubles Abs(Doubles v) { return {wasm_f64x2_abs(v.raw)}; }
HWY_API Doubles Neg(Doubles v) { return {wasm_f64x2_neg(v.raw)}; }
HWY_API DoubleMask operator==(Doubles a, Doubles b) { return {wasm_f64x2_eq(a.raw, b.raw)}; }
HWY_API DoubleMask operator<(Doubles a, Doubles b) { return {wasm_f64x2_lt(a.raw, b.raw)}; }
HWY_API DoubleMask IsNaN(Doubles v) { return {wasm_f64x2_ne(v.raw, v.raw)}; }
/// Whole numbers in the range of the other type; the processor has no instruction for them.
HWY_API Vec128<int64_t, 2> ConvertTo(Simd<int64_t, 2, 0>, Doubles v) {
  return {wasm_i64x2_make(static_cast<int64_t>(wasm_f64x2_extract_lane(v.raw, 0)),
                          static_cast<int64_t>(wasm_f64x2_extract_lane(v.raw, 1)))};
}
HWY_API Doubles PromoteTo(DoubleTag, Vec128<float, 2> v) {
  return {wasm_f64x2_promote_low_f32x4(v.raw)};
}
HWY_API Vec128<float, 2> DemoteTo(Simd<float, 2, 0>, Doubles v) {
  return {wasm_f32x4_demote_f64x2_zero(v.raw)};
}

}  // namespace hwy::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
#endif  // include guard, per target
