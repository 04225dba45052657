// JSON for the commands: see chainrule/core/json.h.
#pragma once

#include "chainrule/core/json.h"  // IWYU pragma: export
