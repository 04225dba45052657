#include "chainrule/core/scratch.h"

#include <new>
#ifndef CHAINRULE_ONE_THREAD
#include <pthread.h>
#endif

#include "chainrule/core/tensor.h"

namespace chainrule {
namespace {

/// Not set to zero: pages that no kernel needs are never touched.
struct ScratchArea {
  void* data;
  std::size_t size;
};
using ScratchAreas = std::array<ScratchArea, kScratchAreas>;

thread_local ScratchAreas areas = {};

#ifdef CHAINRULE_ONE_THREAD
void free_at_end() {}
#else
void free_areas(void* of_thread) {
  for (ScratchArea& area : *static_cast<ScratchAreas*>(of_thread)) {
    ::operator delete (area.data, std::align_val_t{kAlignment});
    area = {};
  }
}

/// Frees the areas when the thread ends. A destructor of the areas would do that, too, but the C
/// library ends the program when it has no memory to note it down.
void free_at_end() {
  static const pthread_key_t key = [] {
    pthread_key_t made{};
    if (pthread_key_create(&made, free_areas) != 0) throw std::bad_alloc();
    return made;
  }();
  if (pthread_setspecific(key, &areas) != 0) throw std::bad_alloc();
}
#endif

}  // namespace

void* scratch_area(int area, std::size_t bytes) {
  ScratchArea& a = areas[static_cast<std::size_t>(area)];
  if (a.size < bytes) {
    free_at_end();
    void* const grown = ::operator new (bytes, std::align_val_t{kAlignment});
    ::operator delete (a.data, std::align_val_t{kAlignment});
    a = {grown, bytes};
  }
  return a.data;
}

void reserve_scratch() {
  for (int i = 0; i < kScratchAreas; ++i)
    scratch_area(i, kScratchBytes[static_cast<std::size_t>(i)]);
}

}  // namespace chainrule
