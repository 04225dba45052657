// What can be shown of a model as pictures.
#pragma once

#include <string>
#include <vector>

#include "chainrule/data/dataset.h"
#include "chainrule/model/model.h"
#include "chainrule/train/fit.h"

namespace chainrule {

struct PictureFile {
  std::string name;     ///< "fc1.weight.png"
  std::string content;  ///< bytes
};

struct PictureOptions {
  Index samples = 16;  ///< whose input gradients are shown
  FitOptions run;      ///< of training from a fresh start, for the gradient flow; steps 0: none
};

/// Pictures of a model on the rows `batch` of the data:
///   NAME.png            each weight matrix, a row for each output; of a layer on pictures a
///                       picture for each unit. Blue is negative, white zero, red positive.
///   input-gradient.png  of a model on pictures: samples, and below each d loss / d pixel.
///   gradient-flow.svg    what reaches each layer during a run with `options.run`.
///   border.svg          of a model with two inputs.
/// Throws DataError when the data do not fit the model.
std::vector<PictureFile> model_pictures(const Model& model, const Dataset& data,
                                        const std::vector<std::int32_t>& batch,
                                        const PictureOptions& options);

}  // namespace chainrule
