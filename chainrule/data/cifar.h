// CIFAR-10 in its binary version (https://www.cs.toronto.edu/~kriz/cifar.html).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "chainrule/data/dataset.h"

namespace chainrule::data {

/// Reads cifar-10-binary.tar.gz of `folder`, else data_batch_1.bin to data_batch_5.bin and
/// test_batch.bin there or in its folder cifar-10-batches-bin. A row has 3,072 bytes, a picture of
/// {32, 32, 3}: the colours of a pixel side by side, which the files keep in three planes. There is
/// no validation part. Throws DataError with one sentence for anything else; at most 256 MiB are
/// unpacked.
Splits cifar10(const std::filesystem::path& folder);
/// The archive in memory, unpacked to a tar archive; `name` begins every error message.
Splits parse_cifar10(std::span<const std::uint8_t> tar, const std::string& name);

}  // namespace chainrule::data
