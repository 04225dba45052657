#include "chainrule/ops/clip.h"

#include <algorithm>

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Clip {
  inline static const OpDoc doc{
      "clip", {"x"}, "y = min(max(x, low), high)", {"dx = dy * (low <= x <= high)"}};
  static constexpr OpTraits traits{.mask = true, .c = "x < low ? low : x > high ? high : x"};
  double low = kRequired, high = kRequired;

  static void settings(auto& self, auto&& f) {
    f("low", self.low, kAnyNumber);
    f("high", self.high, kAnyNumber);
  }
  template <class T>
  T value(T x) const {
    return std::clamp(x, static_cast<T>(low), static_cast<T>(high));
  }
  template <class T>
  T derivative(T x, T) const {
    return x >= static_cast<T>(low) && x <= static_cast<T>(high) ? T{1} : T{0};
  }
};

}  // namespace

Var clip(Var x, double low, double high, Location at) {
  if (!(low <= high))
    throw Error(
        cat("[clip] low is ", low, " and high ", high, ", expected low <= high ", describe(at)));
  return elementwise<detail::kCheap>(Clip{low, high}, x, at);
}

}  // namespace chainrule
