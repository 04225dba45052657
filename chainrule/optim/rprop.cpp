#include "chainrule/optim/rprop.h"

#include <algorithm>

namespace chainrule {

template <class T>
void Rprop::update(const UpdateSpan<T>& s, double rate, std::int64_t step) const {
  T* __restrict w = s.value;
  const T* __restrict dw = s.grad;
  T* __restrict last = s.slots[0];
  T* __restrict length = s.slots[1];
  const T minus = static_cast<T>(eta_minus), plus = static_cast<T>(eta_plus);
  const T least = static_cast<T>(smallest), most = static_cast<T>(largest);
  if (step == 1) std::fill_n(length, s.size, static_cast<T>(rate));
  for (Index i = 0; i < s.size; ++i) {
    const T agreement = dw[i] * last[i];
    const T factor = agreement > 0 ? plus : agreement < 0 ? minus : T{1};
    const T d = std::min(std::max(length[i] * factor, least), most);
    const T g = agreement < 0 ? T{0} : dw[i];
    length[i] = d;
    last[i] = g;
    w[i] -= g > 0 ? d : g < 0 ? -d : T{0};
  }
}

template void Rprop::update(const UpdateSpan<float>&, double, std::int64_t) const;
template void Rprop::update(const UpdateSpan<double>&, double, std::int64_t) const;

}  // namespace chainrule
