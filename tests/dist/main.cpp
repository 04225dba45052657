// Runs the tests as one of several ranks; the first alone prints.
#include <cstdlib>
#include <gtest/gtest.h>

#include "chainrule/dist/mpi_exchange.h"
#include "tests/dist/exchange.h"

namespace chainrule::testing {

std::unique_ptr<Exchange> joined;
Exchange& exchange() { return *joined; }

}  // namespace chainrule::testing

int main(int argc, char** argv) {
  using namespace chainrule;
  ::testing::InitGoogleTest(&argc, argv);
  const auto end = [](const std::string& sentence) {
    std::fprintf(stderr, "%s\n", sentence.c_str());
    dist::end_job(1);
  };
  chainrule::testing::joined = dist::join({.timeout = 60, .on_lost = end});
  if (chainrule::testing::joined->rank() > 0) {
    auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
  }
  const int failed = RUN_ALL_TESTS();
  // A failure on any rank ends the job, so that no other waits for it.
  if (failed != 0) dist::end_job(1);
  chainrule::testing::joined.reset();
  return 0;
}
