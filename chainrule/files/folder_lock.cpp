#include "chainrule/files/folder_lock.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chainrule/core/error.h"

namespace chainrule {
namespace {

constexpr std::string_view kContent = "chainrule works here, process ";

/// Is the open file still the one of that name? Its holder removes it before it lets go.
bool has_name(int fd, const std::filesystem::path& file) {
  struct stat open {
  }, named{};
  return ::fstat(fd, &open) == 0 && ::lstat(file.c_str(), &named) == 0 &&
         open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

std::string content(int fd) {
  std::array<char, 64> text{};
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  return {text.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

bool is_empty_file(int fd) {
  struct stat s {};
  return ::fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_size == 0 && s.st_nlink == 1;
}

/// " (process 4711)", or nothing while the holder has not said so yet.
std::string holder(int fd) {
  const std::string text = content(fd);
  if (!text.starts_with(kContent)) return "";
  const std::string pid = text.substr(kContent.size());
  return cat(" (process ", pid.substr(0, pid.find_first_not_of("0123456789")), ")");
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder) : file_(folder / ".lock") {
  const auto refuse = [&](const char* why) {
    throw DataError(cat("the folder '", folder.string(), "' cannot be locked: ", why));
  };
  for (;;) {
    constexpr int kFlags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    fd_ = ::open(file_.c_str(), kFlags | O_CREAT | O_EXCL, 0666);
    own_ = fd_ >= 0;
    if (!own_ && errno == EEXIST) {
      fd_ = ::open(file_.c_str(), kFlags);
      if (fd_ < 0 && errno == ENOENT) continue;  // its holder has just removed it
    }
    if (fd_ < 0 && errno == ELOOP) refuse("'.lock' in it is a symbolic link");
    if (fd_ < 0) refuse(std::strerror(errno));
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      const std::string who = holder(fd_);
      ::close(fd_);
      throw DataError(cat("another run", who, " is working in '", folder.string(),
                          "'; wait for its end, or use another folder"));
    }
    if (has_name(fd_, file_)) break;
    ::close(fd_);
  }
  // One that a killed run has left is ours, too, perhaps before it was written to. Whatever else
  // has this name is somebody's: locked, and left as it is.
  own_ = own_ || content(fd_).starts_with(kContent) || is_empty_file(fd_);
  if (!own_) return;
  // Only for the sentence above: a full disk does not matter.
  const std::string text = cat(kContent, static_cast<std::int64_t>(::getpid()), "\n");
  const bool said = ::ftruncate(fd_, 0) == 0 && ::pwrite(fd_, text.data(), text.size(), 0) > 0;
  static_cast<void>(said);
}

FolderLock::~FolderLock() {
  if (own_) ::unlink(file_.c_str());
  ::close(fd_);
}

}  // namespace chainrule
