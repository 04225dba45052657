// Working memory of one thread, for what a loop needs while it runs.
#pragma once

#include <array>
#include <cstddef>

namespace chainrule {

/// Independent areas: what is in one stays until somebody asks for that one again.
inline constexpr int kScratchAreas = 3;
/// Bytes that each area has at least, enough for the kernels: a thread pool reserves them when it
/// starts a thread, so no loop allocates.
inline constexpr std::array<std::size_t, kScratchAreas> kScratchBytes = {1280 << 10, 384 << 10,
                                                                         64 << 10};

/// The area of the calling thread, aligned to a cache line. Grows if it is too small.
void* scratch_area(int area, std::size_t bytes);

/// Allocates all areas of the calling thread.
void reserve_scratch();

}  // namespace chainrule
