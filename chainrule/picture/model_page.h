// A page about a model on a batch, with pictures where its inputs are pictures.
#pragma once

#include <cstdint>
#include <string>

#include "chainrule/data/dataset.h"
#include "chainrule/model/model.h"

namespace chainrule {

struct ModelPageOptions {
  Index batch = 100;
  std::uint64_t seed = 1;  ///< of the batch and of the recorded run
  Index steps = 100;       ///< of the recorded run
  Index frames = 20;       ///< moments of it that are kept
  Index units = 16;        ///< whose weights are shown
  Index samples = 8;       ///< whose input gradients are shown
};

/// The graph with statistics of values and gradients. For a model on pictures also the weights of
/// its first layer and the gradients of its inputs as pictures, at moments of a short run of
/// training from a fresh start, and last of the model as it is. Throws DataError when the data do
/// not fit the model.
std::string model_page(const Model& model, const Dataset& data, const ModelPageOptions& options);

}  // namespace chainrule
