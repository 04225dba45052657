// Several arrays in one file, as numpy's savez and savez_compressed write them: a ZIP archive
// (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT) with a npy file for each array.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/data/file.h"
#include "chainrule/data/npy.h"

namespace chainrule::data {

struct NpzArray {
  std::string name;  ///< "fc1.weight"; in the archive "fc1.weight.npy"
  NpyArray array;
};

/// Reads stored and deflated entries, in the order of the archive's directory. At most 65,534
/// arrays of 2 GiB together. Throws DataError with one sentence.
std::vector<NpzArray> read_npz(const std::filesystem::path& path);
/// The same from memory; `name` begins every error message.
std::vector<NpzArray> parse_npz(std::span<const std::uint8_t> file, std::string_view name);

/// The arrays of a file as parts of a dataset, each as npy_dataset() makes it: "x" and "y", or
/// "x_train", "y_train", "x_test", "y_test" (also "val"); "images", "labels", "data", "target" and
/// the like, "arr_0" and "arr_1" mean the same. A file of one array holds inputs alone. Parts that
/// are not there have no rows. Throws DataError with one sentence.
Splits npz_dataset(std::vector<NpzArray> arrays, const std::string& name);
Splits npz(const std::filesystem::path& path);

/// An array's name and its npy file, as format_npy() makes it.
struct NpzEntry {
  std::string name;
  Bytes npy;
};
/// An archive of stored entries. Throws Error when it would exceed 2 GiB.
Bytes format_npz(std::span<const NpzEntry> entries);
void write_npz(const std::filesystem::path& path, std::span<const NpzEntry> entries);

}  // namespace chainrule::data
