// Bytes as a formula; what follows a NUL is the value of v.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "chainrule/formula/formula.h"

namespace chainrule::fuzz {

inline void read_formula(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  FormulaValues values;
  add_formula_value("x=[1, 2]", values);
  add_formula_value("w=[[1, 2], [3, 4]]", values);
  const std::size_t nul = text.find('\0');
  if (nul != text.npos) values["v"] = parse_formula_value(text.substr(nul + 1));
  Formula(text.substr(0, nul), values).run();
}

}  // namespace chainrule::fuzz
