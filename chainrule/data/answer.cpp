#include "chainrule/data/answer.h"

#include <algorithm>
#include <cmath>

namespace chainrule {
namespace {

double sigmoid(float x) { return 1 / (1 + std::exp(-static_cast<double>(x))); }

}  // namespace

void finish_outputs(const Schema& s, std::span<float> row) {
  switch (s.output) {
    case OutputKind::logits: {
      const double top = static_cast<double>(*std::max_element(row.begin(), row.end()));
      double sum = 0;
      for (const float x : row) sum += std::exp(static_cast<double>(x) - top);
      for (float& x : row) x = static_cast<float>(std::exp(static_cast<double>(x) - top) / sum);
      return;
    }
    case OutputKind::binary_logit:
      for (float& x : row) x = static_cast<float>(sigmoid(x));
      return;
    case OutputKind::probabilities:
    case OutputKind::binary_probability:
      return;
    case OutputKind::values:
      if (s.task != Task::regression) return;
      for (std::size_t i = 0; i < std::min(row.size(), s.targets.size()); ++i)
        row[i] = static_cast<float>(static_cast<double>(row[i]) * s.targets[i].scale +
                                    s.targets[i].offset);
  }
}

bool gives_probabilities(const Schema& s) { return s.output != OutputKind::values; }

float decision_boundary(const Schema& s) {
  if (s.output != OutputKind::binary_logit) return static_cast<float>(s.threshold);
  return static_cast<float>(std::log(s.threshold / (1 - s.threshold)));
}

std::int32_t decide(const Schema& s, std::span<const float> row, bool finished) {
  if (row.size() == 1) {
    const float boundary = finished ? static_cast<float>(s.threshold) : decision_boundary(s);
    return row[0] > boundary ? 1 : 0;
  }
  if (row.size() == 2 && s.threshold != 0.5 && gives_probabilities(s)) {
    const bool logits = s.output == OutputKind::logits && !finished;
    const double p = logits ? sigmoid(row[1] - row[0]) : static_cast<double>(row[1]);
    return p > s.threshold ? 1 : 0;
  }
  return static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

}  // namespace chainrule
