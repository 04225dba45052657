// What chainrule inspect shows of a file: one function for each kind, all of which fill a Sheet.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/core/json.h"
#include "chainrule/core/shape.h"
#include "chainrule/data/file.h"
#include "chainrule/model/model.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace chainrule::cli {

/// A file in memory, unpacked when it was gzip.
struct InspectedFile {
  std::string path;
  data::Bytes bytes;
  bool gzip = false;
  std::uint64_t stored = 0;  ///< bytes on the disk

  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

/// Lines for people and fields for programs, collected, so that a file that turns out to be damaged
/// leaves nothing half said. Text comes from files that nobody vouches for: what is not printable
/// is shown as '?'.
class Sheet {
 public:
  /// `all`: long lists are not shortened. `graph`: of a model, also its nodes.
  Sheet(const Terminal& out, bool all, bool graph) : out_(out), all_(all), graph_(graph) {}

  void say(std::string_view label, std::string_view text);
  /// "kind" for programs, and for people the first line.
  void kind(std::string_view word, std::string_view text, const InspectedFile& file);
  /// A line without a label.
  void line(std::string_view text = "");
  /// Titles and rows under an empty line; of more than `most` rows the first ones.
  void table(std::vector<ColumnStyle> columns, const std::vector<std::vector<std::string>>& rows,
             std::size_t most);
  /// "a, b, c … and 7 more": as many names as fit on a line.
  std::string few(const std::vector<std::string>& names) const;
  bool all() const { return all_; }
  /// Asked by whoever has a graph to show.
  bool wants_graph() {
    has_graph_ = true;
    return graph_;
  }
  bool graph_ignored() const { return graph_ && !has_graph_; }
  int width() const { return out_.width(); }

  /// All that was collected; the fields only when they were asked for.
  void print() const;

  JsonObject json;

 private:
  const Terminal& out_;
  bool all_, graph_, has_graph_ = false;
  std::vector<std::string> lines_;
};

/// `text` in at most `width` columns, without what a terminal would obey.
std::string printable(std::string_view text, int width = 1 << 20);
/// "1,234 bytes"
std::string bytes_text(std::uint64_t count);

void inspect_safetensors(const InspectedFile& file, Sheet& sheet);
void inspect_onnx(const InspectedFile& file, Sheet& sheet);
void inspect_idx(const InspectedFile& file, Sheet& sheet);
void inspect_cifar(const InspectedFile& file, Sheet& sheet);
void inspect_picture(const InspectedFile& file, Sheet& sheet);
void inspect_csv(const InspectedFile& file, Sheet& sheet);
void inspect_npy(const InspectedFile& file, Sheet& sheet);
void inspect_npz(const InspectedFile& file, Sheet& sheet);
/// A run, or the files of MNIST or CIFAR-10. Throws DataError for any other folder.
void inspect_folder(const std::filesystem::path& folder, Sheet& sheet);

/// Whether bytes are a batch of CIFAR-10: records of a class below 10 and a picture.
bool is_cifar_batch(std::span<const std::uint8_t> bytes);

/// A row for each node: operation, settings, inputs, shape.
void show_graph(const Model& model, Sheet& sheet);

/// The model that a run's file holds, in a few lines; all but its tensors.
void say_model_file(const std::filesystem::path& file, Sheet& sheet);

}  // namespace chainrule::cli
