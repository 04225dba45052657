#include "cli/output_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <system_error>
#include <unistd.h>

#include "chainrule/core/error.h"

namespace chainrule::cli {

void prepare_output_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error || !std::filesystem::is_directory(folder))
    throw DataError(cat("the output folder '", folder.string(), "' cannot be made: ",
                        error ? error.message() : "there is a file of that name"));
  // The name is one that remove_leftovers() knows.
  std::string trial = (folder / ".trial.chainrule-XXXXXX").string();
  const int fd = ::mkostemp(trial.data(), O_CLOEXEC);
  ssize_t count = -1;
  while (fd >= 0 && (count = ::write(fd, "\n", 1)) < 0 && errno == EINTR) {
  }
  const bool written = count == 1;
  const int reason = errno;
  if (fd >= 0) {
    ::close(fd);
    ::unlink(trial.c_str());
  }
  if (!written)
    throw DataError(cat("the output folder '", folder.string(),
                        "' cannot be written: ", std::strerror(reason)));
}

}  // namespace chainrule::cli
