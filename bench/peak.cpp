// What the machine can do, for the figures beside the table of bench/run.py:
//
//   peak fma THREADS     10^9 float operations (a fused multiply-add is two) per second
//   peak memory THREADS  10^9 bytes per second read from memory, too much for any cache
//
// Answers one line of standard input after another.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "peak.cpp"
#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// `rounds` times twelve independent multiply-adds, enough to hide their latency. Each starts from
/// a value of its own: the compiler would compute equal ones only once. Returns operations.
double multiply_add(long rounds, float* sink) {
  const hn::ScalableTag<float> d;
  const auto a = hn::Set(d, 0.999F), b = hn::Set(d, 0.001F);
  constexpr int kSums = 12;
  hn::Vec<decltype(d)> sums[kSums];
#pragma GCC unroll 12
  for (int s = 0; s < kSums; ++s) sums[s] = hn::Set(d, sink[0] + static_cast<float>(s));
  for (long i = 0; i < rounds; ++i)
#pragma GCC unroll 12
    for (int s = 0; s < kSums; ++s) sums[s] = hn::MulAdd(sums[s], a, b);
#pragma GCC unroll 12
  for (int s = 1; s < kSums; ++s) sums[0] = hn::Add(sums[0], sums[s]);
  sink[0] = hn::GetLane(sums[0]);
  return 2.0 * kSums * static_cast<double>(rounds) * static_cast<double>(hn::Lanes(d));
}

/// Reads `size` floats. Returns bytes.
double read(const float* data, long size, float* sink) {
  const hn::ScalableTag<float> d;
  const long n = static_cast<long>(hn::Lanes(d));
  auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  for (long i = 0; i + 4 * n <= size; i += 4 * n) {
    s0 = hn::Add(s0, hn::LoadU(d, data + i)), s1 = hn::Add(s1, hn::LoadU(d, data + i + n));
    s2 = hn::Add(s2, hn::LoadU(d, data + i + 2 * n));
    s3 = hn::Add(s3, hn::LoadU(d, data + i + 3 * n));
  }
  sink[0] = hn::GetLane(hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)));
  return 4.0 * static_cast<double>(size);
}

const char* target() { return hwy::TargetName(HWY_TARGET); }

}  // namespace bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bench {
HWY_EXPORT(multiply_add);
HWY_EXPORT(read);
HWY_EXPORT(target);

/// Runs `work(thread, sink)` several times on each thread; the sum over threads of the best rate,
/// so that a thread that had to wait for others' programs does not spoil it.
template <class F>
double rate(int threads, int repeats, F work) {
  std::vector<double> best(static_cast<std::size_t>(threads));
  {
    std::vector<std::jthread> pool;
    for (int t = 0; t < threads; ++t)
      pool.emplace_back([&, t] {
        float sink = 0.5F;
        for (int i = 0; i < repeats; ++i) {
          const auto start = std::chrono::steady_clock::now();
          const double amount = work(t, &sink);
          const std::chrono::duration<double, std::nano> time =
              std::chrono::steady_clock::now() - start;
          best[static_cast<std::size_t>(t)] =
              std::max(best[static_cast<std::size_t>(t)], amount / time.count());
        }
        volatile float kept = sink;
        static_cast<void>(kept);
      });
  }
  double sum = 0;
  for (const double b : best) sum += b;
  return sum;
}

}  // namespace bench

int main() {
  using namespace bench;
  constexpr long kRounds = 400'000, kFloats = 64L << 20;  // 256 MB
  std::vector<float> memory;
  std::cout << HWY_DYNAMIC_DISPATCH(target)() << std::endl;
  std::string what;
  for (int threads = 1; std::cin >> what >> threads;) {
    if (what == "fma") {
      std::cout << rate(threads, 40, [&](int, float* sink) {
        return HWY_DYNAMIC_DISPATCH(multiply_add)(kRounds, sink);
      }) << std::endl;
    } else {
      memory.resize(kFloats, 1.0F);
      const long part = kFloats / threads;
      std::cout << rate(threads, 4, [&](int t, float* sink) {
        return HWY_DYNAMIC_DISPATCH(read)(memory.data() + t * part, part, sink);
      }) << std::endl;
    }
  }
}
#endif
