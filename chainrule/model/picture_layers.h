// The layers of a model's text that see pictures and series.
#pragma once

#include <vector>

#include "chainrule/model/layer_table.h"

namespace chainrule {

/// conv, conv1d, maxpool, avgpool and global_avgpool.
std::vector<LayerKind> picture_layers();

}  // namespace chainrule
