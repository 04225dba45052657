#include "chainrule/optim/schedule.h"

#include <gtest/gtest.h>
#include <string>

#include "chainrule/core/error.h"

namespace chainrule {
namespace {

TEST(Schedule, Constant) {
  EXPECT_EQ(Schedule().factor(0, 100, 0), 1);
  EXPECT_EQ(Schedule().factor(99, 100, 9), 1);
}

TEST(Schedule, Step) {
  const Schedule s = Schedule::step(5, 0.5);
  EXPECT_EQ(s.factor(0, 100, 0), 1);
  EXPECT_EQ(s.factor(49, 100, 4), 1);
  EXPECT_EQ(s.factor(50, 100, 5), 0.5);
  EXPECT_EQ(s.factor(99, 100, 9), 0.5);
  EXPECT_EQ(s.factor(100, 200, 10), 0.25);
}

TEST(Schedule, Exponential) {
  const Schedule s = Schedule::exponential(0.9);
  EXPECT_EQ(s.factor(0, 100, 0), 1);
  EXPECT_NEAR(s.factor(20, 100, 2), 0.81, 1e-15);
}

TEST(Schedule, Cosine) {
  const Schedule s = Schedule::cosine(0.2);
  EXPECT_EQ(s.factor(0, 120, 0), 1);
  EXPECT_NEAR(s.factor(40, 120, 0), 0.2 + 0.8 * 0.75, 1e-15);  // cos(pi / 3) = 1 / 2
  EXPECT_NEAR(s.factor(60, 120, 0), 0.6, 1e-15);
  EXPECT_NEAR(s.factor(120, 120, 0), 0.2, 1e-15);
  EXPECT_NEAR(Schedule::cosine().factor(60, 120, 0), 0.5, 1e-15);
}

TEST(Schedule, WarmUp) {
  const Schedule s = Schedule::cosine().warmup(20);
  EXPECT_EQ(s.factor(0, 120, 0), 0.05);
  EXPECT_EQ(s.factor(9, 120, 0), 0.5);
  EXPECT_EQ(s.factor(19, 120, 0), 1);
  EXPECT_EQ(s.factor(20, 120, 0), 1);
  EXPECT_NEAR(s.factor(70, 120, 0), 0.5, 1e-15);
  EXPECT_EQ(Schedule::step(1, 0.5).warmup(4).factor(1, 10, 1), 0.25);
  // A warm-up as long as the run leaves nothing for the cosine.
  EXPECT_EQ(Schedule::cosine().warmup(10).factor(9, 10, 0), 1);
}

TEST(Schedule, Custom) {
  const Schedule s = Schedule::custom([](Index epoch) { return 1.0 / (1.0 + double(epoch)); });
  EXPECT_EQ(s.factor(17, 100, 0), 1);
  EXPECT_EQ(s.factor(17, 100, 3), 0.25);
  EXPECT_EQ(s.warmup(4).factor(1, 100, 1), 0.25);
  EXPECT_EQ(s.str(), "custom");
}

TEST(Schedule, Plateau) {
  const Schedule s = Schedule::plateau(0.5, 1);
  ScheduleState state;
  const auto after = [&](double loss) {
    s.end_epoch(state, loss);
    return s.factor(0, 100, 0, state);
  };
  EXPECT_EQ(after(1.0), 1);
  EXPECT_EQ(after(0.9), 1);
  EXPECT_EQ(after(0.95), 1);       // one bad epoch
  EXPECT_EQ(after(0.89999), 0.5);  // lower, but by too little: two in a row
  EXPECT_EQ(after(0.95), 0.5);     // counted anew
  EXPECT_EQ(after(0.8), 0.5);
  EXPECT_EQ(after(0.9), 0.5);
  EXPECT_EQ(after(0.9), 0.25);

  ScheduleState untouched;
  Schedule().end_epoch(untouched, 1);
  EXPECT_EQ(untouched.bad_epochs, 0);
}

TEST(Schedule, Text) {
  for (const std::string text :
       {"constant", "step:5:0.5", "exponential:0.95", "cosine", "cosine:0.01", "plateau:0.5:3",
        "warmup:500, cosine", "warmup:2, constant", "exponential:0.123456789"})
    EXPECT_EQ(Schedule::parse(text).str(), text);
  EXPECT_EQ(Schedule::parse(" cosine ,warmup : 500").str(), "warmup:500, cosine");
  EXPECT_EQ(Schedule::parse("warmup:3").str(), "warmup:3, constant");
}

TEST(Schedule, RefusesWhatIsNone) {
  const auto message = [](const char* text) -> std::string {
    try {
      Schedule::parse(text);
    } catch (const Error& e) {
      return e.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message("cosin"), "unknown schedule 'cosin' (did you mean 'cosine'?)");
  EXPECT_EQ(
      message(""),
      "unknown schedule '', expected one of constant, step, exponential, cosine, plateau, warmup");
  EXPECT_EQ(message("step:5"), "[schedule] 'step:5' is not of the form step:EPOCHS:FACTOR");
  EXPECT_EQ(message("step:x:0.5"), "[schedule] 'x' in 'step:x:0.5' is not a number");
  EXPECT_EQ(message("step:1.5:0.5"),
            "[schedule] the number of epochs of step is 1.5, expected a whole number from 1");
  EXPECT_EQ(message("step:1e300:0.5"),
            "[schedule] the number of epochs of step is 1e+300, expected a whole number from 1");
  EXPECT_EQ(message("exponential:1.5"),
            "[schedule] the factor of exponential is 1.5, expected a number from 0 to 1");
  EXPECT_EQ(message("exponential:nan"),
            "[schedule] the factor of exponential is nan, expected a number from 0 to 1");
  EXPECT_EQ(message("cosine, constant"),
            "[schedule] 'cosine, constant' names more than one rule, expected one and at most one "
            "warm-up");
  EXPECT_EQ(message("warmup:1, warmup:2"),
            "[schedule] 'warmup:1, warmup:2' names more than one warm-up");
}

}  // namespace
}  // namespace chainrule
