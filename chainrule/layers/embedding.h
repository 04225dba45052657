#pragma once

#include <string_view>

#include "chainrule/graph/graph.h"

namespace chainrule {

/// Replaces each class index by its row of the table "name.weight" [vocabulary, dim]:
/// [B, ...] -> [B, ..., dim]. Throws ShapeError when the input holds no class indices, or more
/// classes than the vocabulary.
struct Embedding {
  Index vocabulary = 0;  ///< 0: as many as the input has classes
  Index dim = 0;
  Initializer init;  ///< none: init::normal(1)

  Var operator()(Var indices, std::string_view name, Location at = Location::current()) const;
};

}  // namespace chainrule
