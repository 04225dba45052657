// Counter-based random numbers: any element of any stream can be computed by itself, so the
// result never depends on who computes it or in which order.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace chainrule {

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
/// SC11): four 32-bit numbers for a 64-bit key and a 128-bit counter.
std::array<std::uint32_t, 4> philox(std::uint64_t key, std::uint64_t counter_high,
                                    std::uint64_t counter_low);

/// A sequence of random numbers that is fixed by (seed, stream). Streams with different numbers
/// are independent. The whole state is (seed, stream, position), which is what a checkpoint keeps.
class Random {
 public:
  explicit Random(std::uint64_t seed = 0, std::uint64_t stream = 0)
      : seed_(seed), stream_(stream) {}

  std::uint32_t bits();
  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform();
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Standard normal, by Box and Muller's transform.
  double normal();
  /// Uniform integer in [0, n), without bias (Lemire, "Fast random integer generation in an
  /// interval", 2019). n must be at least 1.
  std::uint32_t below(std::uint32_t n);
  /// Puts the elements in random order (Fisher and Yates).
  void shuffle(std::span<std::int32_t> items);

  std::uint64_t seed() const { return seed_; }
  std::uint64_t stream() const { return stream_; }

 private:
  std::uint64_t seed_, stream_;
  std::uint64_t counter_ = 0;
  std::array<std::uint32_t, 4> block_{};
  int left_ = 0;
};

}  // namespace chainrule
