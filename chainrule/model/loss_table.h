// The losses that a model may be trained with.
#pragma once

#include <span>
#include <string_view>

#include "chainrule/model/model.h"

namespace chainrule {

struct LossKind {
  std::string_view name;
  std::string_view help;
  /// Does the target hold class indices, for an output of that width?
  bool (*class_target)(Index outputs);
  /// What the output means, for an output of that width.
  OutputKind (*output)(Index outputs);
  /// The loss of each row [B].
  Var (*build)(Var output, Var target, const ModelOptions& options, Location at);
  bool smooths = false;  ///< it has label_smoothing
};

std::span<const LossKind> loss_kinds();
/// Throws Error, naming the nearest name, for an unknown one.
const LossKind& loss_kind(std::string_view name);

}  // namespace chainrule
