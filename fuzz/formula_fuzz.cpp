// libFuzzer: any bytes are a formula or an error with a sentence.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "chainrule/core/error.h"
#include "chainrule/explain/formula.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  chainrule::FormulaValues values;
  try {
    chainrule::add_formula_value("x=[1, 2]", values);
    chainrule::add_formula_value("w=[[1, 2], [3, 4]]", values);
    // What follows a NUL is the value of v.
    const std::size_t nul = text.find('\0');
    if (nul != text.npos) values["v"] = chainrule::parse_formula_value(text.substr(nul + 1));
    chainrule::Formula(text.substr(0, nul), values).run();
  } catch (const chainrule::Error&) {
  }
  return 0;
}
