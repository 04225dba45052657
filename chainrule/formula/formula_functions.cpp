#include "chainrule/formula/formula_functions.h"

#include <algorithm>
#include <iterator>

#include "chainrule/ops/abs.h"
#include "chainrule/ops/exp.h"
#include "chainrule/ops/log.h"
#include "chainrule/ops/reduce.h"
#include "chainrule/ops/relu.h"
#include "chainrule/ops/sigmoid.h"
#include "chainrule/ops/softmax.h"
#include "chainrule/ops/sqrt.h"
#include "chainrule/ops/tanh.h"
#include "chainrule/ops/transpose.h"

namespace chainrule::detail {
namespace {

template <Var (*function)(Var, Location)>
Var call(Var x) {
  return function(x, Location::current());
}

constexpr FormulaFunction kFunctions[] = {
    {"max", nullptr},
    {"min", nullptr},
    {"cross_entropy", nullptr},
    {"softmax_cross_entropy", nullptr},
    {"relu", call<relu>},
    {"sigmoid", call<sigmoid>},
    {"tanh", call<tanh>},
    {"exp", call<exp>},
    {"log", call<log>},
    {"sqrt", call<sqrt>},
    {"abs", call<abs>},
    {"sum", call<sum>},
    {"mean", call<mean>},
    {"softmax", call<softmax>},
    {"transpose", call<transpose>},
};

}  // namespace

const FormulaFunction* find_function(std::string_view name) {
  const auto* const found = std::ranges::find(kFunctions, name, &FormulaFunction::name);
  return found == std::end(kFunctions) ? nullptr : found;
}

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names;
  for (const FormulaFunction& f : kFunctions) names.push_back(f.name);
  return names;
}

}  // namespace chainrule::detail
