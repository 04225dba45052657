// The operations of a recorded network in C: one table from an operation to the function that
// computes it.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/model/model.h"

namespace chainrule {

/// The operations from a model's input to its output, each reading what the one before it computed
/// and parameters. Those that do nothing in inference, dropout and reshape, are left out. Throws
/// Error naming an operation that C code cannot hold.
std::vector<int> c_operations(const Model& model);

/// The name of a C array for a node: "fc1.weight" becomes "fc1_weight".
std::string c_name(const Node& node);

/// A weight [I, O] as it lies in C, [O, I].
std::vector<float> output_rows(std::span<const float> weight, Index outputs);

/// A C file in the making.
class CWriter {
 public:
  explicit CWriter(const Model& model) : model_(model) {}

  /// Adds a function, once.
  void function(std::string_view text);
  /// Adds a constant array of `row` elements a line, and counts its memory.
  void constants(std::string_view name, std::span<const float> values, Index row);
  void constants(std::string_view type, Index bytes, std::string_view name,
                 const std::vector<std::string>& items, Index row);
  /// Adds a line to the body of predict().
  void line(std::string_view text);
  /// Adds the computation of one operation, from `from` to `to`; the same name: in place.
  void operation(const Node& node, std::string_view from, std::string_view to);

  const Model& model() const { return model_; }
  const std::string& functions() const { return functions_; }
  const std::string& data() const { return data_; }
  const std::string& body() const { return body_; }
  Index flash() const { return flash_; }  ///< bytes of constants

 private:
  const Model& model_;
  std::set<std::string, std::less<>> known_;
  std::string functions_, data_, body_;
  Index flash_ = 0;
};

/// Memory for a chain of arrays, of which each is needed only from when it is written until the
/// next one has been: a[0] is read to write a[1], and so on.
struct CScratch {
  std::string declarations;  ///< of a[0] as "NAME<first>"
  Index bytes = 0;           ///< the least that suffices: the largest sum of two neighbours
};
CScratch c_scratch(const std::vector<Index>& sizes, std::string_view type, Index element,
                   std::string_view name, int first);

}  // namespace chainrule
