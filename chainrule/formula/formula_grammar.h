// The grammar of formulas.
#pragma once

#include "chainrule/formula/formula_recorder.h"

namespace chainrule::detail {

/// Reads the text of the recorder's formula and records it. Throws Error, marked in the text.
void read_formula(FormulaRecorder& recorder);

}  // namespace chainrule::detail
