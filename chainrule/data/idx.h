// IDX files: the format of MNIST (http://yann.lecun.com/exdb/mnist/), Fashion-MNIST and KMNIST.
// A magic number (0, 0, element type, number of axes), one length per axis, the elements; all
// big-endian.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "chainrule/data/dataset.h"
#include "chainrule/data/file.h"

namespace chainrule::data {

/// One file alone, of bytes: pictures [N, height, width] or labels [N].
struct IdxArray {
  std::vector<Index> shape;
  Bytes bytes;
};
/// `name` begins every error message.
IdxArray parse_idx(Bytes file, const std::string& name);

/// Pictures [N, height, width] with their labels [N], both of bytes, plain or gzip. Classes are
/// named "0" to `classes` - 1. Features are {height * width}. Throws DataError with one sentence
/// for any file that is not exactly that.
Dataset idx(const std::filesystem::path& images, const std::filesystem::path& labels,
            int classes = 10);
/// The same from memory, not packed; `images_name` and `labels_name` begin the error messages.
Dataset parse_idx(Bytes images, Bytes labels, const std::string& images_name,
                  const std::string& labels_name, int classes = 10);

/// The four files of MNIST in `folder`: train-images, train-labels, t10k-images and t10k-labels,
/// each ending in -idx3-ubyte or .idx3-ubyte (labels: idx1), with or without .gz. `name` is what
/// the data are called in tables. There is no validation part; see split().
Splits mnist(const std::filesystem::path& folder, const std::string& name = "mnist");

}  // namespace chainrule::data
