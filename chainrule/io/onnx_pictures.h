// Pictures on their way to ONNX, which has the channels on the second axis; here they are on the
// last.
#pragma once

#include <string>
#include <vector>

#include "chainrule/io/onnx_step.h"

namespace chainrule::onnx {

/// The names in the file of the values of each node, in both orders of the axes. A value is
/// transposed where somebody first needs it in the other order.
class PictureNames {
 public:
  explicit PictureNames(Builder& out) : out_(out) {
    const auto size = static_cast<std::size_t>(out.graph().size());
    last_.resize(size), second_.resize(size);
  }

  /// Channels last: the order of the graph.
  const std::string& last(int id);
  /// Channels on the second axis; the node must be pictures [B, H, W, C].
  const std::string& second(int id);
  void set_last(int id, std::string name) { last_[static_cast<std::size_t>(id)] = std::move(name); }
  void set_second(int id, std::string name) {
    second_[static_cast<std::size_t>(id)] = std::move(name);
  }
  /// Is the value so far known with its channels on the second axis alone?
  bool only_second(int id) const {
    return last_[static_cast<std::size_t>(id)].empty() &&
           !second_[static_cast<std::size_t>(id)].empty();
  }
  /// After a name has changed.
  void rename(const std::string& from, const std::string& to);

 private:
  Builder& out_;
  Names last_, second_;
};

/// Writes an operation on pictures, whose first input and, if it is pictures, result have their
/// channels on the second axis, filters as [O, I, KH, KW]; null for any other operation.
using PictureWriter = std::string (*)(Step&);
PictureWriter picture_writer(const Graph& graph, const chainrule::Node& node);

/// The operations that only ever run on pictures.
std::vector<std::string_view> picture_operations();

/// Does the operation treat all elements alike, so that the order of the axes does not matter?
bool keeps_axes(const Graph& graph, const chainrule::Node& node);

/// Is the parameter read as filters alone, so that the file can hold [O, I, KH, KW]?
bool is_filters(const Graph& graph, int id, const std::vector<bool>& needed);

}  // namespace chainrule::onnx
