// What a network of two inputs has learnt, as a picture.
#pragma once

#include <string_view>

#include "chainrule/data/dataset.h"
#include "chainrule/model/model.h"
#include "chainrule/picture/svg.h"

namespace chainrule {

/// The plane of the two inputs, coloured by the class that the model sees there, paler where it is
/// less sure, with the rows of `data` as dots in the colour of their class. Throws Error unless the
/// model has two inputs and the data have classes.
svg::Picture border_picture(const Model& model, const Dataset& data, std::string_view title = "");

}  // namespace chainrule
