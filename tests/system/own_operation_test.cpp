// An operation, an initialiser and nothing else in a file of a user: everything knows them by name.
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

#include "chainrule/check/gradcheck.h"
#include "chainrule/explain/explanation.h"
#include "chainrule/formula/formula.h"
#include "chainrule/graph/registry.h"
#include "chainrule/io/c_code.h"
#include "chainrule/io/onnx_export.h"
#include "chainrule/layers/init.h"
#include "chainrule/model/model.h"
#include "chainrule/ops/elementwise.h"
#include "chainrule/train/evaluate.h"

namespace chainrule::testing {
namespace {

/// y = x / (1 + |x|), times a factor: ONNX calls it Softsign where the factor is 1.
struct Squash {
  inline static const OpDoc doc{
      "squash", {"x"}, "y = scale * x / (1 + |x|)", {"dx = dy * scale / (1 + |x|)^2"}};
  static constexpr OpTraits traits{.low = -1,
                                   .high = 1,
                                   .init = "glorot_uniform",
                                   .onnx = {"Softsign"},
                                   .c = "scale * x / (1.0f + fabsf(x))"};
  double scale = 1;
  static void settings(auto& self, auto&& f) { f("scale", self.scale, kAboveZero); }
  template <class T>
  T value(T x) const {
    return static_cast<T>(scale) * x / (1 + std::abs(x));
  }
  template <class T>
  T derivative(T x, T) const {
    return static_cast<T>(scale) / ((1 + std::abs(x)) * (1 + std::abs(x)));
  }
};
Var squash(Var x, Location at = Location::current()) {
  return elementwise<detail::kCheap>(Squash{}, x, at);
}

TEST(OwnOperation, IsCheckedLikeAnyOther) {
  const auto result = gradcheck([](Var x) { return squash(x); }, {{4, 7}});
  EXPECT_TRUE(result) << result.failure;
}

TEST(OwnOperation, IsALayerAFormulaAndAFile) {
  const Model model("linear 4, squash, linear 2", {3}, {.seed = 1});
  EXPECT_EQ(model.text(), "linear 4, squash, linear 2");
  EXPECT_EQ(model.graph().node(model.graph().find("squash1")).op->doc().name, "squash");
  EXPECT_EQ(Model("squash 0.5, linear 2", {3}).text(), "squash 0.5, linear 2");

  FormulaValues values;
  add_formula_value("x=[1, -3]", values);
  const Formula formula("squash(x) + squash(x, 2)", values);
  const auto tape = formula.run();
  EXPECT_NEAR(tape->value(formula.result())[0], 1.5, 1e-12);
  EXPECT_NEAR(tape->value(formula.result())[1], -2.25, 1e-12);

  const auto path = std::filesystem::temp_directory_path() /
                    ("chainrule_own_" + std::to_string(::getpid()) + ".safetensors");
  model.save(path);
  const Model back = Model::load(path);
  std::filesystem::remove(path);
  const std::vector<float> row = {0.5F, -1.0F, 2.0F};
  EXPECT_EQ(predict(model, row).values(0, 0), predict(back, row).values(0, 0));
}

TEST(OwnOperation, LeavesTheBuilding) {
  const Model model("linear 4, squash, linear 2", {3}, {.seed = 1});
  EXPECT_NE(c_code(model).text.find("scale * x / (1.0f + fabsf(x))"), std::string::npos);
  const onnx::File file = to_onnx(model);
  EXPECT_TRUE(
      std::ranges::any_of(file.nodes, [](const onnx::Node& n) { return n.op == "Softsign"; }));
}

TEST(OwnInitialiser, IsKnownByName) {
  register_initializer({"halves", 0, 0, "halves", [](std::span<const double>) {
                          return Initializer([](std::span<double> v, const Shape&, Random&) {
                            std::ranges::fill(v, 0.5);
                          });
                        }});
  const Model model("linear 4 init=halves", {3}, {.loss = "squared_error"});
  EXPECT_EQ(model.params()["fc1.weight"][5], 0.5F);
  EXPECT_EQ(model.fresh(9).params()["fc1.weight"][5], 0.5F);
  EXPECT_THROW(register_initializer({"halves", 0, 0, "halves", nullptr}), Error);
}

}  // namespace
}  // namespace chainrule::testing
