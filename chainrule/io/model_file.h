// A model as one safetensors file: parameters under PyTorch's names and layout, everything else in
// the metadata.
#pragma once

#include "chainrule/io/safetensors.h"
#include "chainrule/model/model.h"

namespace chainrule {

/// The parameters, named like their nodes ("fc1.weight"); a linear layer's weight as [O, I].
SafeTensors to_safetensors(const Model& model);

/// Copies tensors into the parameters of the same names. Throws DataError when one is missing,
/// has another shape, is not of floating point, is not finite, or belongs to no parameter.
void set_parameters(Model& model, const SafeTensors& content, const std::string& file);

}  // namespace chainrule
