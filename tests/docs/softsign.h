#pragma once

#include "chainrule/graph/graph.h"

/// y = x / (1 + |x|), any shape: like tanh, but slower to saturate.
chainrule::Var softsign(chainrule::Var x, chainrule::Location at = chainrule::Location::current());
