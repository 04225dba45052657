// Parameters that another program trained, as a Model.
#pragma once

#include <string>
#include <string_view>

#include "chainrule/io/safetensors.h"
#include "chainrule/model/model.h"

namespace chainrule {

/// A model of this text with the tensors of a file that says nothing else, such as a state_dict of
/// PyTorch. Names are those of the model ("fc1.weight"), or else of modules in the order of their
/// names ("0.weight", "2.weight", "10.weight": numbers count as numbers), which are then taken for
/// the layers with parameters in their order. PyTorch's num_batches_tracked is passed over. Without
/// `features` their number is read off the first layer. `loss` "": softmax_cross_entropy for
/// several outputs, else squared_error. Throws Error for a wrong text, DataError for tensors that
/// do not fit it; `file` is for errors.
Model model_from_tensors(const SafeTensors& content, std::string_view text, const std::string& file,
                         const Shape& features = {}, const std::string& loss = "");

/// The same model with another loss, "" for its own.
Model with_loss(Model model, const std::string& loss);

/// Rows of two axes, or of one channel and two axes, are pictures, unless the model knows better.
void note_picture(Model& model);

/// Gives numbers as names to classes that have none.
void name_classes(Model& model);

}  // namespace chainrule
