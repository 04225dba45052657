// Arrays in numpy's file format (https://numpy.org/doc/stable/reference/generated/
// numpy.lib.format.html): a magic string, a version, a Python dictionary that says type, order and
// shape, and the elements.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/data/dataset.h"
#include "chainrule/data/file.h"

namespace chainrule::data {

/// An array as it was stored, but in C order and in this machine's byte order.
struct NpyArray {
  char kind = 'f';  ///< 'b' bool, 'u' unsigned, 'i' signed, 'f' floating point
  int item_size = 4;
  std::vector<Index> shape;
  Bytes bytes;  ///< elements, item_size each

  Index size() const { return static_cast<Index>(bytes.size()) / item_size; }
  /// All elements converted: T is float, double or std::int64_t.
  template <class T>
  std::vector<T> as() const;
};

/// Reads versions 1 and 2, bool, integers of 1 to 8 bytes and floats of 2, 4 or 8, little-
/// and big-endian, C and Fortran order. The file may be gzip. Throws DataError with one sentence.
NpyArray read_npy(const std::filesystem::path& path);
/// The same from memory; `name` begins every error message.
NpyArray parse_npy(std::span<const std::uint8_t> file, std::string_view name);

/// A file of version 1 in C order, little-endian. T is float, double, std::int32_t or
/// std::int64_t. Throws Error when the shape does not have as many elements.
template <class T>
Bytes format_npy(std::span<const T> elements, std::span<const Index> shape);
template <class T>
void write_npy(const std::filesystem::path& path, std::span<const T> elements,
               std::span<const Index> shape);

/// A shape as Python writes it: "(3, 4)", "(3,)", "()".
std::string shape_text(std::span<const Index> shape);

/// Features from one array [N, ...] and targets from another. Unless the task is told, integers [N]
/// are classes, from 0; rows [N, K] with one 1 among 0s are classes, too; other floats [N] or
/// [N, K], and 0 and 1 in [N, K], are numbers to predict, see task_of(). Features of unsigned bytes
/// stay bytes, so they count 1/255 each; features [N, H, W] of bytes are pictures and become {H *
/// W}. Without a second file there are no targets. Throws DataError with one sentence.
Dataset npy(const std::filesystem::path& x, const std::filesystem::path& y = {},
            Task task = Task::automatic);
/// The same of arrays in memory; `y` may be null, the names begin the error messages.
Dataset npy_dataset(NpyArray x, const std::string& x_name, const NpyArray* y,
                    const std::string& y_name, Task task = Task::automatic);

/// What the targets of an array ask for: 0 and 1 in several columns are labels that may all be
/// true.
Task task_of(const Dataset& data);

}  // namespace chainrule::data
