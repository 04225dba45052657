#include "chainrule/kernels/instruction_set.h"

#include "hwy/targets.h"

namespace chainrule::kernels {

std::string_view instruction_set() {
  // The best one is the lowest bit of those that are compiled and that this processor has.
  const auto here = hwy::SupportedTargets() & HWY_TARGETS;
  return hwy::TargetName(here & -here);
}

}  // namespace chainrule::kernels
