// This file is compiled once for every instruction set that Highway knows on this architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "chainrule/kernels/update.cpp"
#include "chainrule/kernels/update.h"

#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"

#include "chainrule/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace chainrule::kernels::HWY_NAMESPACE {

/// A whole vector of memory, or only the first lanes of one.
template <class T>
struct Whole {
  HWY_INLINE hn::Vec<Tag<T>> load(const T* from) const { return hn::LoadU(Tag<T>(), from); }
  HWY_INLINE void store(hn::Vec<Tag<T>> v, T* to) const { hn::StoreU(v, Tag<T>(), to); }
};
template <class T>
struct First {
  Index count;
  HWY_INLINE hn::Vec<Tag<T>> load(const T* from) const { return load_first(Tag<T>(), count, from); }
  HWY_INLINE void store(hn::Vec<Tag<T>> v, T* to) const { store_first(v, Tag<T>(), count, to); }
};

/// f(i, memory) for each vector of n elements, which begins at i.
template <class T, class F>
HWY_INLINE void each(Index n, F f) {
  const Index lanes = lanes_of<T>();
  Index i = 0;
  for (; i + lanes <= n; i += lanes) f(i, Whole<T>());
  if (i < n) f(i, First<T>{n - i});
}

template <class T>
HWY_INLINE hn::Vec<Tag<T>> all(double x) {
  return hn::Set(Tag<T>(), static_cast<T>(x));
}

template <class T>
bool finite(const T* x, Index n) {
  // 0 * x is 0 or -0 unless x is infinite or NaN; four sums, so that none waits for another.
  const Tag<T> d;
  hn::Vec<Tag<T>> sum0 = hn::Zero(d), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  const auto zero = hn::Zero(d);
  const Index lanes = lanes_of<T>();
  Index i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    sum0 = hn::MulAdd(hn::LoadU(d, x + i), zero, sum0);
    sum1 = hn::MulAdd(hn::LoadU(d, x + i + lanes), zero, sum1);
    sum2 = hn::MulAdd(hn::LoadU(d, x + i + 2 * lanes), zero, sum2);
    sum3 = hn::MulAdd(hn::LoadU(d, x + i + 3 * lanes), zero, sum3);
  }
  each<T>(n - i, [&](Index j, auto memory)
                     HWY_ATTR { sum0 = hn::MulAdd(memory.load(x + i + j), zero, sum0); });
  const auto sum = hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3));
  return hn::AllTrue(d, hn::Eq(sum, zero));
}

template <class T>
void sgd(T* w, const T* dw, Index n, double rate, double decay) {
  const auto r = all<T>(rate), l = all<T>(decay);
  each<T>(n, [&](Index i, auto memory) HWY_ATTR {
    const auto x = memory.load(w + i);
    memory.store(hn::NegMulAdd(r, hn::MulAdd(l, x, memory.load(dw + i)), x), w + i);
  });
}

template <class T>
void momentum(T* w, const T* dw, T* b, Index n, double rate, double decay, double mu,
              bool nesterov) {
  const auto r = all<T>(rate), l = all<T>(decay), keep = all<T>(mu);
  // b + 0 * g and g + mu * b in one loop: nesterov decides the two factors.
  const auto own = all<T>(nesterov ? 1 : 0), kept = all<T>(nesterov ? mu : 1);
  each<T>(n, [&](Index i, auto memory) HWY_ATTR {
    const auto x = memory.load(w + i);
    const auto g = hn::MulAdd(l, x, memory.load(dw + i));
    const auto velocity = hn::MulAdd(keep, memory.load(b + i), g);
    memory.store(velocity, b + i);
    memory.store(hn::NegMulAdd(r, hn::MulAdd(own, g, hn::Mul(kept, velocity)), x), w + i);
  });
}

template <class T>
void adam_step(T* w, const T* dw, T* m, T* v, Index n, const AdamStep& s) {
  const auto rate = all<T>(s.rate), scale = all<T>(s.scale), epsilon = all<T>(s.epsilon);
  const auto beta1 = all<T>(s.beta1), rest1 = all<T>(1 - s.beta1);
  const auto beta2 = all<T>(s.beta2), rest2 = all<T>(1 - s.beta2);
  const auto decay = all<T>(s.decay), keep = all<T>(s.keep);
  each<T>(n, [&](Index i, auto memory) HWY_ATTR {
    const auto x = memory.load(w + i);
    const auto g = hn::MulAdd(decay, x, memory.load(dw + i));
    const auto mean = hn::MulAdd(beta1, memory.load(m + i), hn::Mul(rest1, g));
    const auto square = hn::MulAdd(beta2, memory.load(v + i), hn::Mul(rest2, hn::Mul(g, g)));
    memory.store(mean, m + i);
    memory.store(square, v + i);
    const auto step = hn::Div(hn::Mul(rate, mean), hn::MulAdd(hn::Sqrt(square), scale, epsilon));
    memory.store(hn::MulSub(keep, x, step), w + i);
  });
}

#define CHAINRULE_UPDATE(T)                                                                 \
  bool finite_##T(const T* x, Index n) { return finite(x, n); }                             \
  void sgd_##T(T* w, const T* dw, Index n, double rate, double decay) {                     \
    sgd(w, dw, n, rate, decay);                                                             \
  }                                                                                         \
  void momentum_##T(T* w, const T* dw, T* b, Index n, double rate, double decay, double mu, \
                    bool nesterov) {                                                        \
    momentum(w, dw, b, n, rate, decay, mu, nesterov);                                       \
  }                                                                                         \
  void adam_##T(T* w, const T* dw, T* m, T* v, Index n, const AdamStep& s) {                \
    adam_step(w, dw, m, v, n, s);                                                           \
  }
CHAINRULE_UPDATE(float)
CHAINRULE_UPDATE(double)
#undef CHAINRULE_UPDATE

}  // namespace chainrule::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace chainrule::kernels {

#define CHAINRULE_UPDATE(T)                                                             \
  HWY_EXPORT(finite_##T);                                                               \
  HWY_EXPORT(sgd_##T);                                                                  \
  HWY_EXPORT(momentum_##T);                                                             \
  HWY_EXPORT(adam_##T);                                                                 \
  template <>                                                                           \
  bool all_finite(const T* x, Index n) {                                                \
    return HWY_DYNAMIC_DISPATCH(finite_##T)(x, n);                                      \
  }                                                                                     \
  template <>                                                                           \
  void sgd(T* w, const T* dw, Index n, double rate, double decay) {                     \
    HWY_DYNAMIC_DISPATCH(sgd_##T)(w, dw, n, rate, decay);                               \
  }                                                                                     \
  template <>                                                                           \
  void momentum(T* w, const T* dw, T* b, Index n, double rate, double decay, double mu, \
                bool nesterov) {                                                        \
    HWY_DYNAMIC_DISPATCH(momentum_##T)(w, dw, b, n, rate, decay, mu, nesterov);         \
  }                                                                                     \
  template <>                                                                           \
  void adam(T* w, const T* dw, T* m, T* v, Index n, const AdamStep& s) {                \
    HWY_DYNAMIC_DISPATCH(adam_##T)(w, dw, m, v, n, s);                                  \
  }
CHAINRULE_UPDATE(float)
CHAINRULE_UPDATE(double)
#undef CHAINRULE_UPDATE

}  // namespace chainrule::kernels
#endif  // HWY_ONCE
