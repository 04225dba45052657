// A trained model applied to data: measured against what is known, or to predict what is not.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "chainrule/core/exchange.h"
#include "chainrule/core/tensor.h"
#include "chainrule/data/dataset.h"
#include "chainrule/model/model.h"
#include "chainrule/train/metrics.h"

namespace chainrule {

struct EvaluateOptions {
  Index batch = 256;  ///< rows at a time
  Index top_k = 5;
  int threads = 0;  ///< 0: all that there are
  /// Each rank runs a part of the rows, and all get the whole result.
  Exchange* exchange = nullptr;
};

/// Sample weights count in `loss` alone; everything else counts rows.
struct Evaluation {
  Index rows = 0;
  double loss = std::numeric_limits<double>::quiet_NaN();  ///< weighted mean, without penalties

  // Classes; NaN and empty for numbers.
  double accuracy = std::numeric_limits<double>::quiet_NaN();
  double top_k_accuracy = std::numeric_limits<double>::quiet_NaN();
  Index top_k = 0;  ///< as asked for, at most the number of classes
  Confusion confusion;

  // Numbers, in the units of the data before scaling; NaN for classes.
  double mse = std::numeric_limits<double>::quiet_NaN();
  double mae = std::numeric_limits<double>::quiet_NaN();
  double r2 = std::numeric_limits<double>::quiet_NaN();
};

/// Throws DataError when the data do not fit the model or have no rows.
Evaluation evaluate(const Model& model, const Dataset& data, const EvaluateOptions& options = {});

/// What a model says about rows.
struct Predictions {
  /// [rows, outputs]. Probabilities of the classes; of a model with one output for two classes,
  /// the probability of the second; numbers, in the units of the data before scaling; scores as
  /// they are where a loss gives them no other meaning (hinge, squared error on classes).
  Tensor<float> values;
  std::vector<std::int32_t> classes;  ///< the class of each row; empty for numbers
};

/// Rows of features, one after another, scaled as the model expects them.
Predictions predict(const Model& model, std::span<const float> features,
                    const EvaluateOptions& options = {});
/// Targets are not looked at.
Predictions predict(const Model& model, const Dataset& data, const EvaluateOptions& options = {});

}  // namespace chainrule
