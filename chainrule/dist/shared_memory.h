// Memory that one rank makes and all ranks of its node reach.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "chainrule/core/exchange.h"

namespace chainrule::dist {

class Job;

/// So many bytes of each rank of a node, mapped by all of them. No call of MPI makes it, so any
/// thread may; nor has it a name in the file system that could be left over, or a limit there.
class SharedMemory {
 public:
  /// Zeros. All ranks of the job call this alike, and `exchange` tells them of each other; null on
  /// all when one of them cannot share.
  static std::shared_ptr<SharedMemory> make(const Job& job, Index bytes, Exchange& exchange);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  Index bytes() const { return bytes_; }
  /// Of the rank at this place in the node; at the beginning of a page.
  std::byte* of(int place) const { return parts_[static_cast<std::size_t>(place)]; }

 private:
  explicit SharedMemory(Index bytes) : bytes_(bytes) {}

  Index bytes_;
  std::vector<std::byte*> parts_;  // null where mapping failed
};

}  // namespace chainrule::dist
