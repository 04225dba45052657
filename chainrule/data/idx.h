// IDX files: the format of MNIST (http://yann.lecun.com/exdb/mnist/), Fashion-MNIST, KMNIST, EMNIST
// and QMNIST. A magic number (0, 0, element type, number of axes), one length per axis, the
// elements; all big-endian.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "chainrule/data/dataset.h"
#include "chainrule/data/file.h"
#include "chainrule/data/npy.h"

namespace chainrule::data {

/// One file alone: bytes, integers of 1, 2 or 4 bytes or floats of 4 or 8, of 1 to 8 axes. `name`
/// begins every error message. Throws DataError for any file that is not exactly that.
NpyArray parse_idx(Bytes file, const std::string& name);

/// Does a file begin as pictures do (two axes or more), or as labels? Looks at the name, too, where
/// labels have several numbers each.
enum class IdxContent { none, pictures, labels };
IdxContent idx_content(const std::filesystem::path& path);

/// EMNIST has its pictures column by column. automatic: when a file's name has "emnist" in it.
enum class Transposed { automatic, no, yes };

/// Pictures [N, height, width] or rows [N, I] with their labels [N], or [N, K] of which the first
/// number counts (QMNIST); plain or gzip. Classes are named after the labels, from 0 or the least
/// to the greatest; where less than half of these occur, only those. Features are {height * width}
/// and bytes stay bytes. Throws DataError with one sentence.
Dataset idx(const std::filesystem::path& images, const std::filesystem::path& labels,
            Transposed transposed = Transposed::automatic);
/// The same from memory, not packed; `images_name` and `labels_name` begin the error messages.
Dataset parse_idx(Bytes images, Bytes labels, const std::string& images_name,
                  const std::string& labels_name, Transposed transposed = Transposed::automatic);

/// The IDX files of a folder under any names: pictures and labels are told by what they hold, the
/// training and the test part by "train", "test" or "t10k" in their names (one pair alone is for
/// training), also "val". `folder` may end in the beginning of names, "emnist/emnist-letters",
/// where one folder has several sets. Classes are those of all parts; with MNIST's own names of
/// files there are at least the ten digits. A file "...mapping.txt" names them ("1 65 97": label 1
/// is A). `name` is what the data are called in tables.
Splits mnist(const std::filesystem::path& folder, const std::string& name = "mnist",
             Transposed transposed = Transposed::automatic);

/// What idx() and mnist() share: parts with their labels, whose classes are named together.
struct LabelledPart {
  Dataset data;  ///< without classes
  std::vector<std::int64_t> labels;
  std::string labels_name;
};
LabelledPart labelled_part(NpyArray images, const NpyArray& labels, const std::string& images_name,
                           const std::string& labels_name, Transposed transposed);
void name_classes(std::vector<LabelledPart*> parts, std::int64_t at_least = 0);

}  // namespace chainrule::data
