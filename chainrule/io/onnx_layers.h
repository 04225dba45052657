// Which layers an ONNX graph consists of; onnx_import.cpp makes a Model of them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "chainrule/io/onnx_format.h"

namespace chainrule::onnx {

/// Values that a layer brings, as a safetensors file keeps them: a weight as [O, I].
struct LayerValues {
  std::string part;  ///< "weight", "bias", "running_mean", "running_var"
  std::vector<Index> dims;
  std::vector<float> values;
};

struct Layer {
  std::string kind;       ///< of a model's text: "linear"; "" for what changes nothing
  std::string arguments;  ///< "50 bias=false"
  std::vector<LayerValues> values = {};
  std::string input = {};                ///< the value that it is applied to
  const Node* node = nullptr;            ///< for errors
  std::int64_t axis = -1;                ///< that it works along, the batch counted as 0
  std::vector<std::int64_t> shape = {};  ///< that a flatten by Reshape asks for
};

/// The layers from `input` to `output`, in the order in which they run. Throws DataError.
std::vector<Layer> find_layers(const File& file, const std::string& name, const std::string& input,
                               const std::string& output);

}  // namespace chainrule::onnx
