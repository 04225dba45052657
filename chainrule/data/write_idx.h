// Pictures written in MNIST's format, for programs that read it.
#pragma once

#include <filesystem>

#include "chainrule/data/dataset.h"

namespace chainrule::data {

/// Writes the training and the test part as the four files of MNIST, each compressed with gzip, in
/// a folder that exists; data::mnist() reads them back. Throws DataError when the rows are no
/// pictures of bytes with classes below 256, or a file cannot be written.
void write_mnist(const std::filesystem::path& folder, const Splits& splits);

}  // namespace chainrule::data
