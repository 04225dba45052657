#include "chainrule/formula/formula_values.h"

#include <algorithm>

#include "chainrule/core/error.h"
#include "chainrule/formula/mark.h"

namespace chainrule {
namespace {

constexpr std::size_t kMaxValueCharacters = 200'000;
constexpr std::size_t kMaxElements = 4'096;  // of one value

}  // namespace

FormulaValue detail::read_matrix(Scanner& s, const std::function<double()>& element) {
  FormulaValue value;
  const auto numbers = [&] {  // after '['
    Index count = 0;
    do {
      if (value.values.size() == kMaxElements)
        s.fail(s.token(), cat("a value has more than ", grouped(kMaxElements), " numbers"));
      value.values.push_back(element());
      ++count;
    } while (s.take(","));
    if (!s.take("]")) s.unexpected("',' or ']'");
    return count;
  };
  s.next();
  if (s.at("]")) s.fail(s.token(), "a vector has no numbers, expected at least one");
  if (!s.at("[")) {
    value.shape = Shape{numbers()};
    return value;
  }
  Index rows = 0, columns = 0;
  do {
    const std::size_t begin = s.token().begin;
    if (!s.take("[")) s.unexpected("another row of the matrix");
    const Index count = numbers();
    if (rows++ == 0) columns = count;
    if (count != columns)
      s.fail(begin, s.last_end(),
             cat("this row has ", count, " numbers, the rows before it have ", columns));
  } while (s.take(","));
  if (!s.take("]")) s.unexpected("',' or ']'");
  value.shape = Shape{rows, columns};
  return value;
}

FormulaValue parse_formula_value(std::string_view text) {
  detail::Scanner s(text, kMaxValueCharacters, "a value");
  FormulaValue value;
  if (s.at("["))
    value = read_matrix(s, [&] { return s.signed_number(); });
  else
    value.values = {s.signed_number()};
  if (!s.at_end()) s.unexpected("the end of the value");
  return value;
}

void add_formula_value(std::string_view text, FormulaValues& values) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos)
    throw Error(
        cat(detail::quoted(text), " is no value; values look like x=3 or w='[[1, 2], [3, 4]]'"));
  const auto trim = [](std::string_view s) {
    while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
    while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
    return s;
  };
  const std::string_view name = trim(text.substr(0, equals));
  if (!detail::is_name(name))
    throw Error(detail::marked(
        cat(detail::quoted(name), " is not a name; names have letters, digits and _"), text, 0,
        std::max<std::size_t>(equals, 1)));
  FormulaValue value;
  try {
    value = parse_formula_value(text.substr(equals + 1));
  } catch (const Error& e) {
    throw Error(cat("the value of ", detail::quoted(name), ": ", e.what()));
  }
  if (!values.emplace(name, std::move(value)).second)
    throw Error(cat(detail::quoted(name), " is given twice"));
}

}  // namespace chainrule
