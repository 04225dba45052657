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
  EXPECT_LT(o.err.find("learning rate too high"), o.err.find("--lr")) << o.err;
  EXPECT_LT(o.err.find("did not learn"), o.err.find("learning rate too high")) << o.err;
  EXPECT_EQ(o.text("learned"), "false");
  EXPECT_NE(read_file(folder / "run/rates.svg").find("this run: 10"), std::string::npos);
}

TEST(DoctorProgram, AHealthyRunIsCalledHealthy) {
  TemporaryFolder folder;
  const Outcome o = run({"doctor", "blobs", "--out", folder.str("run")});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_NE(o.out.find("healthy"), std::string::npos) << o.out;
  EXPECT_EQ(o.out.find("serious"), std::string::npos) << o.out;
}

TEST(DoctorProgram, AStraightLineOnCirclesIsFixed) {
  TemporaryFolder folder;
  const Outcome o = run(
      {"doctor", "circles", "--model", "linear 1", "--fix", "--json", "--out", folder.str("d")});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(o.text("learned"), "false");
  EXPECT_LT(o.err.find("It did not learn"), o.err.find("no activation between layers")) << o.err;
  EXPECT_NE(o.last_line().find("\"fix\": [\"--model\", \"linear 8, tanh, linear 1\"]"),
            std::string::npos)
      << o.last_line();
  const std::size_t fixed = o.last_line().find("\"fixed\": ");
  ASSERT_NE(fixed, std::string::npos);
  EXPECT_NE(o.last_line().find("\"learned\": true", fixed), std::string::npos) << o.last_line();
}

TEST(DoctorProgram, TheFolderOfARun) {
  TemporaryFolder folder;
  ASSERT_EQ(run({"train", "circles", "--model", "linear 1", "--epochs", "3", "--quiet", "--out",
                 folder.str("run")})
                .exit_code,
            0);
  const Outcome o = run({"doctor", folder.str("run"), "--json"});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_NE(o.err.find("linear 1"), std::string::npos) << o.err;
  EXPECT_NE(o.err.find("75 steps"), std::string::npos) << o.err;  // 3 epochs of 25
  EXPECT_EQ(o.text("learned"), "false");
  std::filesystem::remove(folder / "run/recipe.json");
  EXPECT_EQ(run({"doctor", folder.str("run")}).exit_code, 3);
}

}  // namespace
}  // namespace chainrule::testing
