#include "chainrule/explain/gradient_flow.h"

#include <gtest/gtest.h>

#include "chainrule/data/toy.h"
#include "chainrule/picture/flow_picture.h"
#include "chainrule/train/fit.h"

namespace chainrule::testing {
namespace {

GradientFlow flow_of(const std::string& text, std::int64_t steps) {
  const Splits data = data::xor_gate();
  Model model(text, Shape{2});
  FlowRecorder recorder(steps, 10);
  fit(model, data, {.steps = steps, .batch = 4, .seed = 1, .observers = {&recorder}});
  return recorder.flow();
}

TEST(GradientFlow, SigmoidsLetLessThroughThanReLUs) {
  const std::string wide = "linear 16";
  const auto deep = [&](const std::string& f) {
    return wide + ", " + f + ", " + wide + ", " + f + ", " + wide + ", " + f + ", linear 2";
  };
  const GradientFlow sigmoid = flow_of(deep("sigmoid"), 40), relu = flow_of(deep("relu"), 40);
  EXPECT_EQ(sigmoid.layers,
            (std::vector<std::string>{"fc1 sigmoid1", "fc2 sigmoid2", "fc3 sigmoid3", "fc4"}));
  const auto ratio = [](const GradientFlow& f) {
    return f.moments[0].layers[0].weight_gradient / f.moments[0].layers[3].weight_gradient;
  };
  EXPECT_LT(ratio(sigmoid), 0.02);
  EXPECT_GT(ratio(relu), 0.1);
  EXPECT_GT(relu.moments[0].layers[0].output_zeros, 0.2);
  EXPECT_EQ(sigmoid.moments[0].layers[0].output_zeros, 0);
}

TEST(GradientFlow, FirstAndLastStepAndNotTooMany) {
  for (const std::int64_t steps : {1, 2, 9, 10, 11, 100, 101}) {
    const GradientFlow flow = flow_of("linear 2", steps);
    EXPECT_EQ(flow.moments.front().step, 1);
    EXPECT_EQ(flow.moments.back().step, steps);
    EXPECT_LE(flow.moments.size(), 12U);
  }
}

TEST(GradientFlow, ThePictureNamesLayersAndSteps) {
  const std::string svg = flow_picture(flow_of("linear 3, tanh, linear 2", 20), "F & G").str();
  for (const char* text : {">F &amp; G<", ">fc1<", ">fc2<", ">tanh1<", ">step 1<", ">step 20<"})
    EXPECT_NE(svg.find(text), svg.npos) << text;
  // Nothing to show is a picture too.
  EXPECT_GT(flow_picture(GradientFlow(), "").str().size(), 1000U);
}

}  // namespace
}  // namespace chainrule::testing
