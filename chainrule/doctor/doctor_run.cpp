// Findings about the run as a whole.
#include <cmath>

#include "chainrule/core/error.h"
#include "chainrule/doctor/doctor_vitals.h"

namespace chainrule::detail {
namespace {

void look_at_birth(const Vitals& v, std::vector<Finding>& found) {
  if (!v.birth) return;
  const Birth& b = *v.birth;
  Finding f{.cause = "NaN or infinity", .severity = Severity::serious, .at = b.node};
  f.detail =
      cat("it is born in step ", b.step, " in the ", b.in_gradient ? "gradient" : "value", " of '",
          b.node, "'",
          std::isfinite(b.loss_before) ? cat("; the loss before was ", shown(b.loss_before)) : "");
  f.advice = b.step == 1 ? "look at the inputs and the first weights of this node: they are too "
                           "large, or not numbers"
                         : "lower the learning rate, or clip the gradients";
  f.evidence = {{"step", static_cast<double>(b.step)}, {"loss_before", b.loss_before}};
  found.push_back(f);
}

void look_at_gap(const Vitals& v, std::vector<Finding>& found) {
  constexpr Index kLeastRows = 20;
  if (v.test.rows < kLeastRows || v.train.rows < 1) return;
  const bool classes = v.data.train.has_classes();
  const double train = classes ? v.train.accuracy : v.train.r2,
               test = classes ? v.test.accuracy : v.test.r2;
  // What chance alone would make of the fewer test rows; what is not known cannot be by heart.
  const double p = classes ? std::min(0.95, std::max(0.05, test)) : 0.5;
  const double noise = std::sqrt(p * (1 - p) / static_cast<double>(v.test.rows));
  constexpr double kKnown = 0.5;
  if (!(train > kKnown) || !(train - test > std::max(0.1, 2.5 * noise))) return;
  Finding f{.cause = "gap between training and test",
            .severity = train - test > 0.25 ? Severity::serious : Severity::warning};
  const char* what = classes ? "accuracy" : "R^2";
  f.detail = cat(what, " is ", shown(train), " on training rows and ", shown(test),
                 " on test rows: the network "
                 "learns its ",
                 v.data.train.rows(), " rows by heart, or the two differ in kind");
  f.advice = "more data, dropout, l2 or a smaller network; check that both parts were made alike";
  f.evidence = {
      {"train", train}, {"test", test}, {"train_rows", static_cast<double>(v.data.train.rows())}};
  found.push_back(f);
}

}  // namespace

void look_at_run(const Vitals& v, std::vector<Finding>& found) {
  look_at_birth(v, found);
  look_at_gap(v, found);
}

}  // namespace chainrule::detail
