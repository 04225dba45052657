// One file from one of several servers, none of which is trusted.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace chainrule::cli {

struct RemoteFile {
  std::string name;
  std::uint64_t bytes = 0;
  std::string sha256;
};

struct DownloadOptions {
  std::vector<std::string> mirrors;  ///< the file's name is appended to each
  double timeout = 30;               ///< seconds without 1 KiB more: the server has stalled
  int rounds = 2;                    ///< how often the list of mirrors is gone through
  std::function<void(std::uint64_t have)> progress = [](std::uint64_t) {};
  std::function<void(const std::string&)> note = [](const std::string&) {};  ///< what went wrong
  const std::atomic<bool>* interrupted = nullptr;  ///< ends the transfer, keeps what there is
};

enum class Download { already_there, fetched, interrupted };

/// Puts `file` into a folder that exists. It grows as NAME.part, is continued after a broken line
/// and by the next call (HTTP Range, If-Range), and gets its name only when its length and its
/// SHA-256 are right; until then a file of that name stays as it is. Follows at most five
/// redirections, to http and https only. Throws DataError when no mirror sent the file, or it
/// cannot be written, or another process is fetching it.
Download download(const RemoteFile& file, const std::filesystem::path& folder,
                  const DownloadOptions& options);

/// False when the program was built without libcurl's headers, or the library is not installed.
bool can_download();

}  // namespace chainrule::cli
