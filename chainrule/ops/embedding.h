#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// Row indices[i] of the table for each i: indices [B] or [B, T] (a class_input), table [V, D] ->
/// [B, D] or [B, T, D]. Throws ShapeError when the table has fewer rows than there are classes.
Var embedding(Var indices, Var table, Location at = Location::current());

}  // namespace chainrule
