// From a network's outputs to answers in the user's terms.
#pragma once

#include <cstdint>
#include <span>

#include "chainrule/data/schema.h"

namespace chainrule {

/// Turns one row of outputs, in place, into what a person is told: probabilities of the classes (of
/// two classes with one output, and of each of several labels, that of yes), numbers in the unit of
/// the target, or scores as they are where the loss gives them no other meaning.
void finish_outputs(const Schema& schema, std::span<float> row);

/// Can the outputs, once finished, be called probabilities?
bool gives_probabilities(const Schema& schema);

/// The class that a row of outputs, before or after finish_outputs(), names: the greatest of
/// several (the first, if they are equal); of a single one, and of two once another threshold than
/// a half was chosen, the second when it exceeds the threshold. `finished` tells which they are.
std::int32_t decide(const Schema& schema, std::span<const float> row, bool finished);

/// The output above which a single output means yes, before finish_outputs().
float decision_boundary(const Schema& schema);

}  // namespace chainrule
