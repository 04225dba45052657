// This file is compiled once for every instruction set that Highway knows on this architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "chainrule/kernels/random_bits.cpp"
#include "chainrule/kernels/random_bits.h"

#include <algorithm>

#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"

#include "chainrule/core/random.h"

HWY_BEFORE_NAMESPACE();
namespace chainrule::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void fill_bits(std::uint64_t key, std::uint64_t stream, std::uint64_t first, Index blocks,
               std::uint32_t* out) {
  Index i = 0;
#if HWY_TARGET != HWY_SCALAR
  // One block in each 64-bit lane; of a word only the low half counts, because that is what MulEven
  // multiplies, and the high half may hold anything.
  const hn::ScalableTag<std::uint64_t> d;
  const hn::Repartition<std::uint32_t, decltype(d)> d32;
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  const auto factor0 = hn::Set(d, 0xD2511F53), factor1 = hn::Set(d, 0xCD9E8D57);
  const auto low_half = hn::Set(d, 0xFFFFFFFF);
  const auto times = [&](auto x, auto factor) HWY_ATTR {
    return hn::MulEven(hn::BitCast(d32, x), hn::BitCast(d32, factor));
  };
  auto counter = hn::Add(hn::Set(d, first), hn::Iota(d, 0));
  for (; i + lanes <= blocks; i += lanes) {
    auto c0 = counter, c1 = hn::ShiftRight<32>(counter);
    auto c2 = hn::Set(d, stream), c3 = hn::Set(d, stream >> 32);
    std::uint32_t k0 = static_cast<std::uint32_t>(key);
    std::uint32_t k1 = static_cast<std::uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
      const auto p0 = times(c0, factor0), p1 = times(c2, factor1);
      c0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p1), c1), hn::Set(d, k0));
      c2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p0), c3), hn::Set(d, k1));
      c1 = p1;
      c3 = p0;
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    const auto pair = [&](auto low, auto high) HWY_ATTR {
      return hn::Or(hn::And(low, low_half), hn::ShiftLeft<32>(high));
    };
    hn::StoreInterleaved2(pair(c0, c1), pair(c2, c3), d,
                          reinterpret_cast<std::uint64_t*>(out + 4 * i));
    counter = hn::Add(counter, hn::Set(d, static_cast<std::uint64_t>(lanes)));
  }
#endif
  for (; i < blocks; ++i)
    std::ranges::copy(philox(key, stream, first + static_cast<std::uint64_t>(i)), out + 4 * i);
}

}  // namespace chainrule::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace chainrule::kernels {

HWY_EXPORT(fill_bits);

void random_bits(std::uint64_t key, std::uint64_t stream, std::uint64_t first, Index blocks,
                 std::uint32_t* out) {
  HWY_DYNAMIC_DISPATCH(fill_bits)(key, stream, first, blocks, out);
}

}  // namespace chainrule::kernels
#endif  // HWY_ONCE
