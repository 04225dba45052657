// Tables of Weka: https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/
#pragma once

#include <string>
#include <string_view>

#include "chainrule/data/table.h"

namespace chainrule::data {

/// "@attribute" lines name the columns and say whether they hold numbers or categories; rows follow
/// "@data", dense or sparse ("{2 x, 5 1.5}": what is left out is 0, or the first category). Of
/// `options` only `missing` counts. `text` is UTF-8, `name` begins every error message. Throws
/// DataError with one sentence for anything else, for relational attributes, and for a sparse table
/// that would be much larger than its text.
Table parse_arff(std::string_view text, std::string name, const TableOptions& options = {});

}  // namespace chainrule::data
