#include "cli/output_folder.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>

#include "chainrule/core/error.h"

namespace chainrule::cli {

void prepare_output_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error || !std::filesystem::is_directory(folder))
    throw DataError(cat("the output folder '", folder.string(), "' cannot be made: ",
                        error ? error.message() : "there is a file of that name"));
  const std::filesystem::path trial = folder / ".writable";
  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  errno = 0;
  std::unique_ptr<std::FILE, Close> file(std::fopen(trial.c_str(), "wb"));
  const bool written =
      file && std::fputs("chainrule\n", file.get()) >= 0 && std::fflush(file.get()) == 0;
  const int reason = errno;
  file.reset();
  std::filesystem::remove(trial, error);
  if (!written)
    throw DataError(cat("the output folder '", folder.string(),
                        "' cannot be written: ", std::strerror(reason)));
}

}  // namespace chainrule::cli
