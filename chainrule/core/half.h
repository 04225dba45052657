// Numbers of 16 bits as files have them; everything is computed in float.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace chainrule {

/// IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction.
struct Half {
  std::uint16_t bits;
  explicit operator double() const { return static_cast<double>(static_cast<float>(*this)); }
  operator float() const {  // NOLINT: a number like any other
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const float size = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                       : exponent == 31
                           ? (fraction == 0 ? HUGE_VALF : NAN)
                           : std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
    return bits >> 15 ? -size : size;
  }
};

/// bfloat16: the upper half of a float.
struct BFloat {
  std::uint16_t bits;
  explicit operator double() const {
    return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16));
  }
};

}  // namespace chainrule
