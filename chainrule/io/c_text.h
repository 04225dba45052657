// Pieces of C source: numbers that read back exactly, names, strings and comments that stay such
// whatever a model file holds.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/core/shape.h"

namespace chainrule::c_text {

/// The shortest decimal that reads back as the same float: "0.1f". `where` names what holds it.
/// Throws NumericError for NaN and infinity.
std::string number(float value, std::string_view where);
std::string number(double value, std::string_view where);

/// `text` with quotes; everything but plain ASCII as an octal escape.
std::string quoted(std::string_view text);
/// `text` for use within a comment.
std::string comment(std::string_view text);
/// `text` made a valid identifier: "2 moons.v1" becomes "model_2_moons_v1".
std::string identifier(std::string_view text);
bool is_identifier(std::string_view text);

/// "static const TYPE NAME[...] = {...};" in lines of at most 100 columns; each `row` elements
/// begin a line of their own.
std::string array(std::string_view type, std::string_view name,
                  const std::vector<std::string>& items, Index row);

}  // namespace chainrule::c_text
