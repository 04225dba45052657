// A model as one safetensors file: parameters under PyTorch's names and layout, everything else in
// the metadata.
#pragma once

#include <map>
#include <span>
#include <string>

#include "chainrule/io/safetensors.h"
#include "chainrule/model/model.h"

namespace chainrule {

/// The parameters, named like their nodes ("fc1.weight"); a linear layer's weight as [O, I].
SafeTensors to_safetensors(const Model& model);

/// Copies tensors into the parameters of the same names. Throws DataError when one is missing,
/// has another shape, is not of floating point, is not finite, or belongs to no parameter.
void set_parameters(Model& model, const SafeTensors& content, const std::string& file);

/// The same for any values that lie as Params::all() or Params::trainable() does, their names after
/// `prefix`: of a parameter that is not among them, nothing is added or read.
void add_parameters(SafeTensors& content, const Model& model, std::span<const float> values,
                    const std::string& prefix);
/// `finite`: NaN and infinity are refused.
void read_parameters(std::span<float> values, const Model& model, const SafeTensors& content,
                     const std::string& prefix, bool finite, const std::string& file);

/// Does what the schema says of rows and answers suit the network? Throws DataError that names
/// `file`.
void check_schema_of(const Model& model, const std::string& file);

/// All that a file says of a model beside its parameters.
std::map<std::string, std::string> model_metadata(const Model& model);
/// The model that a file describes, with its parameters. Tensors whose names begin with "run/"
/// belong to a checkpoint's run and are passed over. Throws DataError.
Model read_model(const SafeTensors& content, const std::string& file);
/// The same with the parameters of a new model, whatever the tensors are.
Model read_network(const SafeTensors& content, const std::string& file);

}  // namespace chainrule
