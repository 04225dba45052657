#include "cli/row_weights.h"

#include <algorithm>
#include <charconv>

#include "chainrule/data/csv.h"
#include "chainrule/train/scores.h"
#include "cli/args.h"

namespace chainrule::cli {
namespace {

/// A number behind a flag.
double number_of(const char* flag, const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    throw UsageError(cat(flag, " expects a number, not '", text, "'"));
  return value;
}

/// "balanced", or "yes=2,no=1"; a class that is not named weighs 1.
std::vector<double> class_weights(const std::string& text, const Dataset& data) {
  if (text == "balanced") return data::balanced_weights(data);
  std::vector<double> weights(data.class_names.size(), 1.0);
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    begin = end + 1;
    const std::size_t equals = part.rfind('=');
    if (equals == std::string::npos)
      throw UsageError(
          cat("--class-weight expects balanced, or weights such as yes=2,no=1, not '", text, "'"));
    const std::string name = part.substr(0, equals);
    const auto found = std::ranges::find(data.class_names, name);
    if (found == data.class_names.end())
      throw UsageError(cat("--class-weight: there is no class '", name, "'",
                           did_you_mean(name, data.class_names)));
    double& weight = weights[static_cast<std::size_t>(found - data.class_names.begin())];
    weight = number_of("--class-weight", part.substr(equals + 1));
    if (!(weight >= 0)) throw UsageError(cat("--class-weight cannot be ", weight));
  }
  return weights;
}

}  // namespace

void weigh_classes(Splits& splits, const std::string& text) {
  if (text.empty()) return;
  if (!splits.train.has_classes())
    throw UsageError("--class-weight needs classes; here numbers are learnt");
  data::weigh_classes(splits.train, class_weights(text, splits.train));
}

void set_threshold(Splits& splits, const std::string& text) {
  if (text.empty()) return;
  const bool two = splits.train.class_count() == 2;
  if (!two && splits.schema.task != Task::multilabel)
    throw UsageError("--threshold is for two classes, or for several labels at once");
  if (text == "auto") {
    if (splits.validation.rows() == 0 || !two)
      throw UsageError(
          "--threshold auto chooses on validation rows of two classes: --validation 0.2");
    return;
  }
  splits.schema.threshold = number_of("--threshold", text);
  if (!(splits.schema.threshold > 0 && splits.schema.threshold < 1))
    throw UsageError(cat("--threshold expects a probability, or auto, not ", text));
}

double best_threshold_of(const Tensor<float>& probabilities,
                         const std::vector<std::int32_t>& classes) {
  std::vector<double> yes;
  for (Index i = 0; i < probabilities.rows(); ++i)
    yes.push_back(static_cast<double>(probabilities(i, probabilities.cols() - 1)));
  const std::vector<std::uint8_t> truth(classes.begin(), classes.end());
  return best_threshold(yes, truth);
}

}  // namespace chainrule::cli
