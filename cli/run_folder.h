// The folder of a run, which takes the place of no other run unnoticed.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "chainrule/files/folder_lock.h"

namespace chainrule::cli {

struct RunFolder {
  std::filesystem::path path;
  std::unique_ptr<FolderLock> lock;
};

/// Makes, tries and locks the folder `asked`, or when none is asked for the first of run, run-2,
/// run-3, ... that holds no run. Throws UsageError when `asked` holds one, over or not, and
/// `overwrite` is not set; when it is, its checkpoints are removed.
RunFolder make_run_folder(const std::string& asked, bool overwrite);

}  // namespace chainrule::cli
