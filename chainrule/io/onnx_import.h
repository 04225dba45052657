// A network from an ONNX file as a Model, to evaluate, explain and train further.
#pragma once

#include <filesystem>
#include <string>

#include "chainrule/io/onnx_format.h"
#include "chainrule/model/model.h"

namespace chainrule {

struct OnnxImportOptions {
  /// Of the model, for training and evaluating it; "": what suits the last layer.
  std::string loss;
};

/// Finds the layers of a file that is one chain of them: operators that are layers, and the small
/// graphs into which exporters take layers apart (gelu, silu, layer norm, flatten). Throws
/// DataError that names the operator and the node of anything else. A file that was exported here
/// comes back with its preprocessing, classes, options and dropout. `name` is for errors.
Model from_onnx(onnx::File file, const std::string& name, const OnnxImportOptions& options = {});
Model import_onnx(const std::filesystem::path& path, const OnnxImportOptions& options = {});

}  // namespace chainrule
