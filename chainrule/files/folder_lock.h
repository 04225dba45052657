// One process at a time works in a folder.
#pragma once

#include <filesystem>

namespace chainrule {

/// Holds the folder from construction to destruction, by a lock on the file ".lock" in it. The
/// kernel releases the lock when the process ends, however it ends.
class FolderLock {
 public:
  /// Throws DataError naming the other process when the folder is held, and when ".lock" is a
  /// symbolic link. What another wrote to a file of that name is neither changed nor removed. A
  /// file system without locks is used without.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  std::filesystem::path file_;
  int fd_ = -1;
  bool own_ = false;  ///< the file is there for this lock alone
};

}  // namespace chainrule
