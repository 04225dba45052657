// The ranks that a test program runs as.
#pragma once

#include <memory>

#include "chainrule/core/exchange.h"

namespace chainrule::testing {

Exchange& exchange();

}  // namespace chainrule::testing
