// Answers of a model against what is known, by the task.
#pragma once

#include "chainrule/core/tensor.h"
#include "chainrule/data/dataset.h"
#include "chainrule/model/model.h"
#include "chainrule/train/evaluate.h"

namespace chainrule {

// `outputs` is [rows, outputs], as the network gives them.
void measure_classes(const Model& model, const Dataset& data, const Tensor<float>& outputs,
                     Index top_k, Evaluation& e);
void measure_labels(const Model& model, const Dataset& data, const Tensor<float>& outputs,
                    Evaluation& e);
void measure_numbers(const Model& model, const Dataset& data, const Tensor<float>& outputs,
                     Evaluation& e);

}  // namespace chainrule
