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

/// A weight [I, O] as it lies in C, [O, I].
std::vector<float> output_rows(std::span<const float> weight, Index outputs);

/// A C file in the making. What it defines for itself bears the prefix, too, so that two files can
/// be included in one.
class CWriter {
 public:
  CWriter(const Model& model, std::string prefix) : model_(model), prefix_(std::move(prefix)) {}

  /// The name of a C array for a node's: "fc1.weight" becomes "PREFIX_fc1_weight".
  std::string array(std::string_view name) const;

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
  std::string functions() const { return prefixed(functions_); }
  const std::string& data() const { return data_; }
  std::string body() const { return prefixed(body_); }
  Index flash() const { return flash_; }  ///< bytes of constants

 private:
  std::string prefixed(std::string text) const;

  const Model& model_;
  std::string prefix_;
  std::set<std::string, std::less<>> known_;   ///< functions, by name
  std::set<std::string, std::less<>> arrays_;  ///< of constants, by name
  std::string functions_, data_, body_;
  Index flash_ = 0;
};

}  // namespace chainrule
