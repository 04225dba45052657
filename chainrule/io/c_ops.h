// The operations of a recorded network in C: one table from an operation to the function that
// computes it.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/io/c_plan.h"
#include "chainrule/model/model.h"

namespace chainrule {

/// Throws Error naming an operation, or an operand of it, that C code cannot hold.
void check_c_operation(const Graph& graph, const Node& node);

/// May an operation write where one of its inputs lies?
bool works_in_place(const Op& op);

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
  /// Adds, once, a constant array of `row` elements a line, and counts its memory.
  void constants(std::string_view name, std::span<const float> values, Index row);
  void constants(std::string_view type, Index bytes, std::string_view name,
                 const std::vector<std::string>& items, Index row);
  /// Adds a line to the body of predict().
  void line(std::string_view text);
  /// Adds the computation of one operation.
  void operation(const CStep& step);

  const Model& model() const { return model_; }
  const std::string& functions() const { return functions_; }
  const std::string& data() const { return data_; }
  const std::string& body() const { return body_; }
  Index flash() const { return flash_; }  ///< bytes of constants

 private:
  const Model& model_;
  std::set<std::string, std::less<>> known_;   ///< functions
  std::set<std::string, std::less<>> arrays_;  ///< of constants, by name
  std::string functions_, data_, body_;
  Index flash_ = 0;
};

}  // namespace chainrule
