// A trained model applied to data: measured against what is known, or to predict what is not.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "chainrule/core/exchange.h"
#include "chainrule/core/tensor.h"
#include "chainrule/data/dataset.h"
#include "chainrule/model/model.h"
#include "chainrule/train/metrics.h"
#include "chainrule/train/scores.h"

namespace chainrule {

inline constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

struct EvaluateOptions {
  Index batch = 256;  ///< rows at a time
  Index top_k = 5;
  int threads = 0;  ///< 0: all that there are
  /// Each rank runs a part of the rows, and all get the whole result.
  Exchange* exchange = nullptr;
};

/// How well one number, or one of several labels, is found.
struct TargetScore {
  std::string name;
  // A number, in the unit of the data:
  double rmse = kNotMeasured, mae = kNotMeasured, r2 = kNotMeasured;
  // A label:
  double accuracy = kNotMeasured, auc = kNotMeasured, precision = kNotMeasured;
  double recall = kNotMeasured, f1 = kNotMeasured;
  Index yes = 0;  ///< rows that have it
};

/// Sample weights count in `loss` alone; everything else counts rows. NaN and empty is what the
/// task does not have, or the rows do not tell.
struct Evaluation {
  Index rows = 0;
  double loss = kNotMeasured;  ///< weighted mean, without penalties

  // Classes. Areas are those of the second of two classes, or the mean over each class against the
  // rest.
  double accuracy = kNotMeasured;  ///< of several labels: rows all of whose labels are right
  double top_k_accuracy = kNotMeasured;
  Index top_k = 0;  ///< as asked for, at most the number of classes
  Confusion confusion;
  double balanced_accuracy = kNotMeasured;  ///< mean recall of the classes that have rows
  double matthews = kNotMeasured;
  double auc = kNotMeasured;                ///< of the ROC curve; several labels: their mean
  double average_precision = kNotMeasured;  ///< two classes: area under precision over recall
  double log_loss = kNotMeasured;           ///< of the probabilities, whatever the loss
  std::vector<CalibrationBin> calibration;  ///< two classes

  // Several labels.
  double hamming_loss = kNotMeasured;  ///< part of all labels that are wrong
  double micro_f1 = kNotMeasured, macro_f1 = kNotMeasured;

  // Numbers, in the units of the data before scaling; of several the mean over them.
  double mse = kNotMeasured, rmse = kNotMeasured;
  double mae = kNotMeasured;
  double r2 = kNotMeasured;
  /// |error| below which half and nine tenths of all lie.
  double median_error = kNotMeasured, error_90 = kNotMeasured;

  std::vector<TargetScore> targets;  ///< of several numbers or labels, each
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
/// Targets are not looked at. Of several labels `classes` is empty: yes is what exceeds
/// model.schema.threshold.
Predictions predict(const Model& model, const Dataset& data, const EvaluateOptions& options = {});

}  // namespace chainrule
