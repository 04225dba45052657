// Bytes as a file of settings for a command with a flag of each kind.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include "cli/args.h"

namespace chainrule::fuzz {

/// A file in memory, for a reader that wants a path.
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::uint8_t> bytes) : fd_(::memfd_create("input", 0)) {
    if (fd_ < 0 || ::write(fd_, bytes.data(), bytes.size()) != std::ssize(bytes))
      throw std::runtime_error("no file in memory");
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

inline void read_config(std::span<const std::uint8_t> bytes) {
  bool quiet = false;
  std::int64_t epochs = 10;
  double lr = 0.1;
  std::optional<double> clip;
  std::string model;
  std::vector<std::string> ignore;
  cli::Args args;
  args.flag("--quiet", "", &quiet, "");
  args.flag("--epochs", "N", &epochs, "");
  args.flag("--lr", "RATE", &lr, "");
  args.flag("--clip", "X", &clip, "");
  args.flag("--model", "TEXT", &model, "");
  args.flag("--ignore", "COLUMN", &ignore, "");
  args.config_file();
  const MemoryFile file(bytes);
  args.parse("train", {"--config", file.path()});
}

}  // namespace chainrule::fuzz
