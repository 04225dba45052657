// What every fuzz target demands of a reader: any bytes are read, or refused with the error that is
// documented, in a sentence.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <type_traits>

#include "chainrule/core/error.h"
#include "fuzz/sentence.h"

namespace chainrule::fuzz {

using Bytes = std::span<const std::uint8_t>;

/// E is the documented error: DataError of a file, Error of a text that somebody typed. Any other
/// exception leaves, which libFuzzer reports as a crash.
template <class E>
int one_input(void (*read)(Bytes), Bytes bytes) {
  try {
    read(bytes);
  } catch (const E& error) {
    constexpr bool kTyped = std::is_same_v<E, Error>;
    if (is_sentence(error.what(), kTyped)) return 0;
    std::fprintf(stderr, "not a sentence: %s\n", error.what());
    std::abort();
  }
  return 0;
}

}  // namespace chainrule::fuzz
