#include "cli/train_result.h"

#include <cmath>

#include "cli/format.h"

namespace chainrule::cli {

std::string describe_result(const Evaluation& e, const Schema& schema) {
  std::string text = "loss " + loss_text(e.loss);
  if (schema.task == Task::multilabel)
    return cat("F1 ", percent(e.micro_f1), ", ", text, ", ", percent(e.accuracy),
               " of the rows all right");
  if (e.confusion.classes() > 0) {
    text = "accuracy " + percent(e.accuracy) + ", " + text;
    return std::isnan(e.auc) ? text : text + ", AUC " + fixed(e.auc, 4);
  }
  const bool one = schema.targets.size() == 1 && !schema.targets[0].unit.empty();
  text += ", mean absolute error " + compact(e.mae) + (one ? " " + schema.targets[0].unit : "");
  return std::isnan(e.r2) ? text : text + ", R² " + fixed(e.r2, 4);
}

void remember(Model& model, const char* part, const Evaluation& e) {
  const std::string prefix = std::string(part) + "_";
  model.metrics[prefix + "loss"] = e.loss;
  if (e.confusion.classes() > 0 || !std::isnan(e.hamming_loss))
    model.metrics[prefix + "accuracy"] = e.accuracy;
  else
    model.metrics[prefix + "mse"] = e.mse;
}

void add_result(JsonObject& json, const std::string& part, const Evaluation& e, Task task) {
  json.add(part + "_loss", e.loss);
  if (task == Task::classification)
    json.add(part + "_accuracy", e.accuracy)
        .add(part + "_balanced_accuracy", e.balanced_accuracy)
        .add(part + "_auc", e.auc);
  else if (task == Task::multilabel)
    json.add(part + "_accuracy", e.accuracy).add(part + "_f1", e.micro_f1);
  else
    json.add(part + "_mse", e.mse)
        .add(part + "_rmse", e.rmse)
        .add(part + "_mae", e.mae)
        .add(part + "_r2", e.r2);
}

}  // namespace chainrule::cli
