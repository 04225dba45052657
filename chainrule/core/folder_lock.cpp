#include "chainrule/core/folder_lock.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chainrule/core/error.h"

namespace chainrule {
namespace {

/// Is the open file still the one of that name? Its holder removes it before it lets go.
bool has_name(int fd, const std::filesystem::path& file) {
  struct stat open {
  }, named{};
  return ::fstat(fd, &open) == 0 && ::stat(file.c_str(), &named) == 0 &&
         open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

/// " (process 4711)", or nothing while the holder has not said so yet.
std::string holder(int fd) {
  std::array<char, 24> text{};
  const ssize_t n = ::pread(fd, text.data(), text.size() - 1, 0);
  const std::string pid(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  const std::size_t digits = pid.find_first_not_of("0123456789");
  return digits == 0 || pid.empty() ? "" : cat(" (process ", pid.substr(0, digits), ")");
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder) : file_(folder / ".lock") {
  for (;;) {
    fd_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd_ < 0)
      throw DataError(
          cat("the folder '", folder.string(), "' cannot be locked: ", std::strerror(errno)));
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      const std::string who = holder(fd_);
      ::close(fd_);
      throw DataError(cat("another run", who, " is working in '", folder.string(),
                          "'; wait for its end, or use another folder"));
    }
    if (has_name(fd_, file_)) break;
    ::close(fd_);
  }
  // Only for the sentence above: a full disk does not matter.
  const std::string pid = std::to_string(::getpid()) + "\n";
  const bool said = ::ftruncate(fd_, 0) == 0 && ::pwrite(fd_, pid.data(), pid.size(), 0) > 0;
  static_cast<void>(said);
}

FolderLock::~FolderLock() {
  ::unlink(file_.c_str());
  ::close(fd_);
}

}  // namespace chainrule
