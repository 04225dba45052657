// The gradient check from the command line.
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

TEST(Check, ALinePerParameterAndJson) {
  const std::vector<std::string> words = {
      "check",    "--model", "linear 3, tanh, linear 2", "--loss", "softmax_cross_entropy",
      "--inputs", "4"};
  const Outcome people = run(words);
  EXPECT_EQ(people.exit_code, 0) << people.err;
  for (const char* text :
       {"4 × 3", "3 × 2", "all 12", "all 6", "greatest relative error", "passed"})
    EXPECT_NE(people.out.find(text), std::string::npos) << text << " in:\n" << people.out;

  std::vector<std::string> json = words;
  json.push_back("--json");
  const Outcome o = run(json);
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(o.number("parameters"), 4);
  EXPECT_LT(o.number("max_relative_error"), 1e-6);
  EXPECT_EQ(o.text("ok"), "true");
}

TEST(Check, ATooStrictLimitFailsWithExitCode1) {
  const Outcome o = run({"check", "--model", "linear 3, tanh, linear 2", "--inputs", "4",
                         "--tolerance", "1e-300", "--json"});
  EXPECT_EQ(o.exit_code, 1);
  EXPECT_EQ(o.text("ok"), "false");
  EXPECT_NE(o.err.find("failed"), std::string::npos) << o.err;
}

TEST(Check, ChecksOnData) {
  const Outcome o = run({"check", "digits", "--model", "linear 8, relu, linear 10", "--elements",
                         "20", "--limit", "200"});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_NE(o.out.find("20 of 6,272"), std::string::npos) << o.out;
}

TEST(Check, SaysWhatIsMissing) {
  Outcome o = run({"check"});
  EXPECT_EQ(o.exit_code, 2);
  EXPECT_NE(o.err.find("--model"), std::string::npos) << o.err;
  o = run({"check", "--model", "linear 2"});
  EXPECT_EQ(o.exit_code, 2);
  EXPECT_NE(o.err.find("--inputs"), std::string::npos) << o.err;
}

}  // namespace
}  // namespace chainrule::testing
