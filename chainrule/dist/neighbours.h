// The other processes of a job on the same machine: noticed the moment that they die.
#pragma once

#include <cstdint>
#include <vector>

namespace chainrule::dist {

/// Watches processes through Linux' pidfd_open; where that is missing it sees nothing.
class Neighbours {
 public:
  Neighbours() = default;
  ~Neighbours();
  Neighbours(const Neighbours&) = delete;
  Neighbours& operator=(const Neighbours&) = delete;

  void watch(int rank, std::int64_t pid);
  /// The first of those watched that has ended, -1 when none has.
  int ended() const;

 private:
  struct Watched {
    int rank, file;
  };
  std::vector<Watched> watched_;  // by rank
};

}  // namespace chainrule::dist
