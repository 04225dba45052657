// Rows to predict, of whatever files hold them.
#pragma once

#include <string>
#include <vector>

#include "chainrule/model/model.h"
#include "cli/load_data.h"
#include "cli/terminal.h"

namespace chainrule::cli {

/// A row that was asked for; `error` says why there is no answer.
struct AskedRow {
  std::string source;
  Index number;  ///< of the row in its file, from 1; 0 for a picture
  std::string error = {};
};

struct AskedRows {
  std::vector<AskedRow> rows;
  std::vector<float> features;      ///< of the rows without an error, one after another
  std::vector<std::string> notes;   ///< what is surprising
  std::vector<std::string> errors;  ///< of files that cannot be read at all
};

/// Pictures, tables, arrays or lines of plain numbers, told apart by their first bytes; "-" is
/// standard input. What cannot be read is noted, and the rest goes on. `show`: print what the model
/// sees of a picture. `missing`: of cells of tables; a row that is not to be filled has no answer.
AskedRows read_asked_rows(const Model& model, const std::vector<std::string>& files,
                          const TableFlags& table, data::Missing missing, bool show,
                          const Terminal& out);

}  // namespace chainrule::cli
