// Pictures as people keep them: a folder with one folder per class.
#pragma once

#include <filesystem>

#include "chainrule/data/dataset.h"

namespace chainrule::data {

enum class Colours { automatic, grey, colour };

struct PictureFolderOptions {
  Shape size;  ///< {height, width} that all pictures are scaled to; {}: all have the same
  Colours colours = Colours::automatic;  ///< automatic: colour where some of the first have any
};

/// Has a folder folders with pictures in them, perhaps below "train", "test" and "val"?
bool is_picture_folder(const std::filesystem::path& folder);

/// The pictures (PNG, JPEG, BMP, PGM) of each class in the order of their names; a class is called
/// as its folder. Folders "train" (or "training"), "test" and "val" (or "valid", "validation") are
/// parts, with the classes in them; without these there is a training part alone. Rows are as
/// picture_row() makes them: bytes {height * width}, or {height * width * 3} in colour. Hidden
/// files are left out; other files that are no pictures, too, but they are counted. Throws
/// DataError with one sentence for a picture that cannot be read, for different sizes without
/// `size`, for a class that the training part lacks, and for more than 1,000 classes or 2^30
/// pixels.
Splits picture_folder(const std::filesystem::path& folder,
                      const PictureFolderOptions& options = {});

}  // namespace chainrule::data
