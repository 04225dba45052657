// Windows that move over pictures, as ONNX describes those of Conv, MaxPool and AveragePool.
#pragma once

#include <cstdint>
#include <vector>

#include "chainrule/core/shape.h"
#include "chainrule/io/onnx_format.h"

namespace chainrule::onnx {

/// Pairs are vertical, horizontal.
struct Window {
  std::vector<Index> size, stride, before, after, dilation;
};

/// Of a node whose input is pictures [B, H, W, C]; `size` when it stands in the weights, else
/// empty: an attribute. Throws Error that says which attribute cannot be read.
Window read_window(const Node& node, const Shape& pictures, std::vector<Index> size);

}  // namespace chainrule::onnx
