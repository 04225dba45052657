#include "chainrule/core/scratch.h"

#include <algorithm>
#include <memory>
#include <new>

#include "chainrule/core/tensor.h"

namespace chainrule {
namespace {

/// Not set to zero: pages that no kernel needs are never touched.
class ScratchArea {
 public:
  void* grow(std::size_t bytes) {
    if (size_ < bytes) {
      data_.reset();
      data_.reset(::operator new (bytes, std::align_val_t{kAlignment}));
      size_ = bytes;
    }
    return data_.get();
  }

 private:
  struct Free {
    void operator()(void* p) const { ::operator delete (p, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<void, Free> data_;
  std::size_t size_ = 0;
};

thread_local std::array<ScratchArea, kScratchAreas> areas;

}  // namespace

void* scratch_area(int area, std::size_t bytes) {
  return areas[static_cast<std::size_t>(area)].grow(bytes);
}

void reserve_scratch() {
  for (int i = 0; i < kScratchAreas; ++i)
    scratch_area(i, kScratchBytes[static_cast<std::size_t>(i)]);
}

}  // namespace chainrule
