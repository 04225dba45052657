// Sparse rows of numbers, "1 3:0.25 7:1": https://www.csie.ntu.edu.tw/~cjlin/libsvm/
#pragma once

#include <string>
#include <string_view>

#include "chainrule/data/table.h"

namespace chainrule::data {

/// A table with the columns "label", which is what is to be learnt, and "x1", "x2", ... up to the
/// greatest number of the file or of `options.known`; "x0" comes first where the file counts from
/// 0. What a row leaves out is 0. Comments ("# ...") and query numbers ("qid:3") are left out.
/// `text` is UTF-8, `name` begins every error message. Throws DataError with one sentence for
/// anything else, and for a table that would be much larger than its text.
Table parse_libsvm(std::string_view text, std::string name, const TableOptions& options = {});

}  // namespace chainrule::data
