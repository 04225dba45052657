// The schema of a model as text in its file.
#pragma once

#include <string>

#include "chainrule/data/schema.h"

namespace chainrule {

/// One JSON object; what has its default value is left out.
std::string schema_text(const Schema& schema);
/// Reads it back. Throws DataError for text that is no such object.
Schema parse_schema(const std::string& text);

/// The same from what files of the format chainrule-1 say, for a model of so many outputs. The task
/// stays open where neither classes nor a target are named. What stands for a missing number was
/// not kept then: a column's offset, which is its mean where it was standardised.
Schema first_schema(const std::string& preprocess, const std::string& classes, Index outputs);

}  // namespace chainrule
