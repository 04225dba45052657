// The same loss, reckoned in another way: a factor that is no mistake.
#include <algorithm>
#include <cmath>

#include "chainrule/compare/compared.h"
#include "chainrule/core/error.h"
#include "chainrule/model/loss_table.h"

namespace chainrule::detail {
namespace {

struct Part {
  double factor;
  std::string words;
};

/// Every product of one of each, the plainest first.
std::vector<Part> products(const std::vector<Part>& a, const std::vector<Part>& b) {
  std::vector<Part> all;
  for (const Part& y : b)
    for (const Part& x : a)
      all.push_back({x.factor * y.factor, x.words.empty() || y.words.empty()
                                              ? x.words + y.words
                                              : x.words + " and " + y.words});
  return all;
}

/// The loss of `outputs` numbers, twice and `outputs` times as large; what it is by itself does not
/// matter: numbers as targets are squared with and without 1/2, averaged or added.
std::vector<Part> of_outputs(const Model& model) {
  const LossKind& kind = loss_kind(model.options().loss);
  const Index outputs = model.outputs();
  std::vector<Part> parts = {{1, ""}};
  if (model.class_target()) return parts;
  const auto k = static_cast<double>(outputs);
  if (outputs > 1)
    parts = products(parts, {{1, ""},
                             {k, cat("added over the ", outputs, " outputs")},
                             {1 / k, cat("averaged over the ", outputs, " outputs")}});
  if (kind.output(outputs) == OutputKind::values)
    parts = products(parts, {{1, ""}, {0.5, "halved"}, {2, "not halved"}});
  return parts;
}

}  // namespace

std::vector<Convention> conventions_of(const Model& model, int mean, Index rows,
                                       const std::string& reduction) {
  const auto n = static_cast<double>(rows);
  std::vector<Part> of_rows = {{1, ""}};
  if (rows > 1 && reduction.empty()) of_rows.push_back({n, cat("summed over the ", rows, " rows")});
  std::vector<Convention> all;
  for (const Part& part : products(of_rows, of_outputs(model))) {
    const double factor = part.factor;
    if (part.words.empty() || std::abs(factor - 1) < 1e-9) continue;
    const std::string words =
        cat("the loss is ", part.words, ": ", exact(std::stod(cat(factor))), " times ours");
    all.push_back({mean, factor, words});
    if (mean != model.loss().id())
      all.push_back({model.loss().id(), factor, words + ", penalties included"});
  }
  return all;
}

}  // namespace chainrule::detail
