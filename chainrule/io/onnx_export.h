// A graph as an ONNX file (operator set 17), for other programs to run.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "chainrule/graph/params.h"
#include "chainrule/io/onnx_format.h"
#include "chainrule/model/model.h"

namespace chainrule {

struct OnnxOutput {
  Var value;
  std::string name;  ///< under which the file gives it; "" for the node's own name
};

/// What inference computes of `outputs`, from the inputs that they need. Batched values have a
/// first axis "batch" of any length; class indices are INT64. Throws Error for an operation that
/// ONNX does not have, naming it.
onnx::File to_onnx(const Params<float>& params, std::span<const OnnxOutput> outputs);

/// A model from its features to its outputs, of which the first is named after what it means:
/// logits, probabilities, values. The file's metadata are those of a safetensors file: text,
/// schema.
onnx::File to_onnx(const Model& model);

/// The same from raw rows to answers, see onnx::add_schema(). A model of several inputs, which have
/// no schema, stays from features to outputs.
onnx::File to_onnx_of_rows(const Model& model);

/// Names of the operations that can be exported.
std::vector<std::string_view> onnx_operations();

}  // namespace chainrule
