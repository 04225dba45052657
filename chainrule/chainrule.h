// Everything that a program which trains a network needs.
#pragma once

#include "chainrule/graph/graph.h"
#include "chainrule/graph/params.h"
#include "chainrule/graph/tape.h"
#include "chainrule/ops/relu.h"
