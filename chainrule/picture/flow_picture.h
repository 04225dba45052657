// The picture of a gradient flow.
#pragma once

#include <string_view>

#include "chainrule/explain/gradient_flow.h"
#include "chainrule/picture/svg.h"

namespace chainrule {

/// Three panels: the gradient of the weights layer by layer at a few moments, the same over the
/// steps, and how far the outputs of each layer spread.
svg::Picture flow_picture(const GradientFlow& flow, std::string_view title);

}  // namespace chainrule
