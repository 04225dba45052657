#include "chainrule/files/atomic_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "chainrule/core/error.h"

namespace chainrule {
namespace {

// ".model.safetensors.chainrule-x7Qp2c"
constexpr std::string_view kMark = ".chainrule-", kRandom = "XXXXXX";

/// The new file until it gets its name; removed when something fails before.
class Temporary {
 public:
  explicit Temporary(const std::filesystem::path& target)
      : target_(target),
        name_((target.parent_path() / cat(".", target.filename().string(), kMark, kRandom))
                  .string()) {
    // A device or a pipe (/dev/stdout) is written to; a file in its place would not be it.
    std::error_code unknown;
    const auto there = std::filesystem::status(target, unknown);
    done_ = std::filesystem::exists(there) && !std::filesystem::is_regular_file(there);
    fd_ =
        done_ ? ::open(target.c_str(), O_WRONLY | O_CLOEXEC) : ::mkostemp(name_.data(), O_CLOEXEC);
    if (fd_ < 0) fail();
  }
  ~Temporary() {
    if (fd_ >= 0) ::close(fd_);
    if (!done_) ::unlink(name_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail();
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
  }

  void publish() {
    if (done_) {
      if (::close(std::exchange(fd_, -1)) != 0) fail();
      return;
    }
    // mkstemp makes a private file; give it the permissions that a plain open would have.
    const mode_t mask = ::umask(0);
    ::umask(mask);
    if (::fchmod(fd_, 0666 & ~mask) != 0 || ::fsync(fd_) != 0) fail();
    const int fd = std::exchange(fd_, -1);
    if (::close(fd) != 0) fail();
    if (::rename(name_.c_str(), target_.c_str()) != 0) fail();
    done_ = true;
    const std::filesystem::path folder = target_.parent_path();
    const int dir =
        ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir >= 0) {
      ::fsync(dir);
      ::close(dir);
    }
  }

 private:
  [[noreturn]] void fail() const {
    throw DataError(cat("cannot write '", target_.string(), "': ", std::strerror(errno)));
  }

  std::filesystem::path target_;
  std::string name_;
  int fd_ = -1;
  bool done_ = false;  // the file with that name needs no removing
};

}  // namespace

void write_file(const std::filesystem::path& path,
                std::initializer_list<std::span<const std::byte>> parts) {
  Temporary file(path);
  for (const auto part : parts) file.write(part);
  file.publish();
}

void remove_leftovers(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    const std::size_t tail = kMark.size() + kRandom.size();
    if (name[0] == '.' && name.size() > tail + 1 && entry.is_regular_file(ignored) &&
        std::string_view(name).substr(name.size() - tail).starts_with(kMark))
      std::filesystem::remove(entry.path(), ignored);
  }
}

void write_file(const std::filesystem::path& path, std::string_view text) {
  write_file(path, {std::as_bytes(std::span(text.data(), text.size()))});
}

}  // namespace chainrule
