#include "cli/run_folder.h"

#include <system_error>

#include "chainrule/files/atomic_file.h"
#include "chainrule/train/run_recipe.h"
#include "cli/checkpoints.h"
#include "cli/format.h"
#include "cli/output_folder.h"

namespace chainrule::cli {
namespace {

namespace fs = std::filesystem;

bool holds_a_run(const fs::path& folder) {
  std::error_code unknown;
  return fs::exists(folder / "model.safetensors", unknown) ||
         fs::exists(recipe_file(folder), unknown) || fs::exists(checkpoint_folder(folder), unknown);
}

RunFolder next_free() {
  constexpr int kMost = 100'000;
  for (int n = 1; n < kMost; ++n) {
    const fs::path folder = n == 1 ? std::string("run") : cat("run-", n);
    std::error_code unknown;
    if (holds_a_run(folder) || (fs::exists(folder, unknown) && !fs::is_directory(folder, unknown)))
      continue;
    prepare_output_folder(folder);
    try {
      RunFolder made{folder, std::make_unique<FolderLock>(folder)};
      if (!holds_a_run(folder)) return made;  // another process may have been faster
    } catch (const DataError&) {              // which runs there at the moment
    }
  }
  throw DataError(cat("there are ", grouped(kMost), " runs here; --out DIR names another folder"));
}

}  // namespace

RunFolder make_run_folder(const std::string& asked, bool overwrite) {
  if (asked.empty()) return next_free();
  prepare_output_folder(asked);
  RunFolder made{asked, std::make_unique<FolderLock>(asked)};
  remove_leftovers(asked);
  if (!overwrite) {
    refuse_unfinished(asked);
    if (holds_a_run(asked))
      throw UsageError(cat("'", asked,
                           "' holds a run; --overwrite takes its place, or use another folder with "
                           "--out"));
  }
  remove_checkpoints(checkpoint_folder(asked));
  return made;
}

}  // namespace chainrule::cli
