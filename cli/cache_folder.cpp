#include "cli/cache_folder.h"

#include <cstdlib>

namespace chainrule::cli {

std::filesystem::path cache_folder(const std::string& set) {
  // The convention tells programs to ignore a path that is not absolute.
  const auto absolute = [](const char* variable) -> std::filesystem::path {
    const char* value = std::getenv(variable);
    if (value == nullptr || value[0] != '/') return {};
    return value;
  };
  if (const auto cache = absolute("XDG_CACHE_HOME"); !cache.empty())
    return cache / "chainrule" / set;
  if (const auto home = absolute("HOME"); !home.empty()) return home / ".cache" / "chainrule" / set;
  return {};
}

}  // namespace chainrule::cli
