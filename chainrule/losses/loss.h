// What all losses share: one number per row, then a reduction over the batch.
#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

enum class Reduction {
  mean,  ///< over the rows; with weights sum(w * loss) / sum(w)
  sum,   ///< of loss, or of w * loss
  none,  ///< [B]: loss, or w * loss
};

/// Options that every loss has; a loss with more has a struct of its own that begins like this.
struct LossOptions {
  Var weights;  ///< [B], one weight per row; none: every row counts the same
  Reduction reduction = Reduction::mean;
};

}  // namespace chainrule
