// The folder of a run: made and tried before anything takes time.
#pragma once

#include <filesystem>

namespace chainrule::cli {

/// Makes the folder, and proves by a small file that it can be written. Throws DataError naming
/// the folder and the reason.
void prepare_output_folder(const std::filesystem::path& folder);

}  // namespace chainrule::cli
