// What kernels share: parts of vectors, copies, transposition. Included once for each instruction
// set, inside of what Highway's foreach_target repeats.
#if defined(CHAINRULE_KERNELS_VECTORS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CHAINRULE_KERNELS_VECTORS_INL_H
#undef CHAINRULE_KERNELS_VECTORS_INL_H
#else
#define CHAINRULE_KERNELS_VECTORS_INL_H
#endif

#include "hwy/highway.h"

#include "chainrule/core/shape.h"
#include "chainrule/kernels/double_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace chainrule::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
HWY_INLINE Index lanes_of() {
  return static_cast<Index>(hn::Lanes(Tag<T>()));
}

/// The first `count` lanes from memory, the others zero. Highway's masked access touches the whole
/// vector (and wants it aligned) where the instruction set has no masks.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_first(D d, Index count, const T* from) {
#if HWY_TARGET <= HWY_AVX2
  return hn::MaskedLoad(hn::FirstN(d, static_cast<size_t>(count)), d, from);
#else
  HWY_ALIGN T lanes[hn::MaxLanes(d)] = {};
  for (Index i = 0; i < count; ++i) lanes[i] = from[i];
  return hn::Load(d, lanes);
#endif
}

/// Stores the first `count` lanes and leaves the memory behind them alone.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store_first(hn::Vec<D> v, D d, Index count, T* to) {
#if HWY_TARGET <= HWY_AVX2
  hn::BlendedStore(v, hn::FirstN(d, static_cast<size_t>(count)), d, to);
#else
  HWY_ALIGN T lanes[hn::MaxLanes(d)];
  hn::Store(v, d, lanes);
  for (Index i = 0; i < count; ++i) to[i] = lanes[i];
#endif
}

/// Copies `count` elements; what follows them up to a whole vector in `to` is overwritten.
template <class T>
HWY_INLINE void copy(const T* from, Index count, T* to) {
  const Tag<T> d;
  const Index lanes = lanes_of<T>();
  Index i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(hn::LoadU(d, from + i), d, to + i);
  if (i < count) hn::StoreU(load_first(d, count - i, from + i), d, to + i);
}

/// to[j * to_row + i] = from[i * from_row + j] for i < rows, j < cols, by 4x4 (float) or 2x2
/// (double) blocks in registers.
template <class T>
HWY_NOINLINE void transpose(Index rows, Index cols, const T* from, Index from_row, T* to,
                            Index to_row) {
  Index i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::CappedTag<T, 16 / sizeof(T)> d;
  constexpr Index kStep = 16 / sizeof(T);
  if (static_cast<Index>(hn::Lanes(d)) == kStep) {
    for (; i + kStep <= rows; i += kStep) {
      const T* row = from + i * from_row;
      T* out = to + i;
      Index j = 0;
      for (; j + kStep <= cols; j += kStep) {
        if constexpr (sizeof(T) == 4) {
          const auto r0 = hn::LoadU(d, row + j), r1 = hn::LoadU(d, row + from_row + j);
          const auto r2 = hn::LoadU(d, row + 2 * from_row + j);
          const auto r3 = hn::LoadU(d, row + 3 * from_row + j);
          const auto l0 = hn::InterleaveLower(d, r0, r2), u0 = hn::InterleaveUpper(d, r0, r2);
          const auto l1 = hn::InterleaveLower(d, r1, r3), u1 = hn::InterleaveUpper(d, r1, r3);
          hn::StoreU(hn::InterleaveLower(d, l0, l1), d, out + j * to_row);
          hn::StoreU(hn::InterleaveUpper(d, l0, l1), d, out + (j + 1) * to_row);
          hn::StoreU(hn::InterleaveLower(d, u0, u1), d, out + (j + 2) * to_row);
          hn::StoreU(hn::InterleaveUpper(d, u0, u1), d, out + (j + 3) * to_row);
        } else {
          const auto r0 = hn::LoadU(d, row + j), r1 = hn::LoadU(d, row + from_row + j);
          hn::StoreU(hn::InterleaveLower(d, r0, r1), d, out + j * to_row);
          hn::StoreU(hn::InterleaveUpper(d, r0, r1), d, out + (j + 1) * to_row);
        }
      }
      for (; j < cols; ++j)
        for (Index r = 0; r < kStep; ++r) out[j * to_row + r] = row[r * from_row + j];
    }
  }
#endif
  for (; i < rows; ++i)
    for (Index j = 0; j < cols; ++j) to[j * to_row + i] = from[i * from_row + j];
}

}  // namespace chainrule::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard, per target
