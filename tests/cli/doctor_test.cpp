// chainrule doctor as a user runs it.
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

TEST(DoctorProgram, NamesTheCauseAndDrawsTheRates) {
  TemporaryFolder folder;
  const Outcome o = run({"doctor", "digits", "--limit", "600", "--model",
                         "linear 16, relu, linear 10", "--optimizer", "sgd", "--lr", "10",
                         "--steps", "60", "--out", folder.str("run"), "--json"});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_GE(o.number("findings"), 1);
  EXPECT_GT(o.number("first_loss"), 2);
  EXPECT_LT(o.number("suggested_rate"), 5);
  for (const char* key : {"cause", "severity", "evidence", "advice"})
    EXPECT_NE(o.last_line().find(std::string("\"") + key + "\": "), std::string::npos) << key;
  EXPECT_LT(o.err.find("learning rate too high"), o.err.find("try: --lr")) << o.err;
  EXPECT_NE(read_file(folder / "run/rates.svg").find("this run: 10"), std::string::npos);
}

TEST(DoctorProgram, AHealthyRunIsCalledHealthy) {
  TemporaryFolder folder;
  const Outcome o = run({"doctor", "blobs", "--out", folder.str("run")});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_NE(o.out.find("healthy"), std::string::npos) << o.out;
  EXPECT_EQ(o.out.find("serious"), std::string::npos) << o.out;
}

}  // namespace
}  // namespace chainrule::testing
