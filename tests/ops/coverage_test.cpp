// Runs after every other test of this program: each operation, loss and layer that the library
// lists must have been proven by a gradient check.
#include "chainrule/graph/registry.h"
#include "tests/check.h"

namespace chainrule::testing {
namespace {

class Coverage : public ::testing::Environment {
  void TearDown() override {
    const std::string filter = ::testing::GTEST_FLAG(filter);
    if (filter != "*" && !filter.starts_with("*-")) return;  // only a part was run
    for (const auto& [name, kind] : op_kinds())
      EXPECT_TRUE(proven().contains(std::string(name)))
          << "operation '" << name << "' has no gradient check that passes";
  }
};

const auto* const kCoverage = ::testing::AddGlobalTestEnvironment(new Coverage);

}  // namespace
}  // namespace chainrule::testing
