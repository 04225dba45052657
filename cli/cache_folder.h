// Where data that were fetched are kept.
#pragma once

#include <filesystem>
#include <string>

namespace chainrule::cli {

/// $XDG_CACHE_HOME/chainrule/SET, else ~/.cache/chainrule/SET
/// (https://specifications.freedesktop.org/basedir-spec/latest/). Empty when neither is known.
std::filesystem::path cache_folder(const std::string& set);

}  // namespace chainrule::cli
