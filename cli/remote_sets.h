// The public sets that can be fetched: their original files, and where these lie.
#pragma once

#include <string>
#include <vector>

#include "cli/download.h"

namespace chainrule::cli {

struct RemoteSet {
  std::string name, content;
  std::string page;  ///< whose data they are
  std::vector<RemoteFile> files;
  std::vector<std::string> mirrors;  ///< in the order in which they are tried
};

const std::vector<RemoteSet>& remote_sets();
/// Null when there is none of that name.
const RemoteSet* find_remote_set(const std::string& name);

}  // namespace chainrule::cli
