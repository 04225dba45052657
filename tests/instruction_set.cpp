// CHAINRULE_TEST_TARGET=SSE4 runs a test program as on a machine that has nothing newer, see
// scripts/test_targets.sh. Linked into every test program.
#include <cstdint>
#include <cstdlib>
#include <hwy/targets.h>
#include <iostream>
#include <string>

namespace {

// Before main(), so that no kernel has been chosen yet.
const bool limited = [] {
  const char* const wanted = std::getenv("CHAINRULE_TEST_TARGET");
  if (wanted == nullptr) return false;
  std::string known;
  for (std::int64_t left = hwy::SupportedTargets() & HWY_TARGETS; left != 0; left &= left - 1) {
    const std::int64_t target = left & -left;
    const std::string name = hwy::TargetName(target);
    if (name == wanted) {
      hwy::DisableTargets(~target);
      std::cout << "instruction set: " << name << '\n';
      return true;
    }
    known += ' ' + name;
  }
  std::cerr << "CHAINRULE_TEST_TARGET is '" << wanted << "', this machine has:" << known << '\n';
  std::exit(2);
}();

}  // namespace
