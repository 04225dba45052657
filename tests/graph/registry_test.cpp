#include "chainrule/graph/registry.h"

#include <gtest/gtest.h>

#include "chainrule/ops/dropout.h"
#include "chainrule/ops/elementwise.h"

namespace chainrule::testing {
namespace {

/// An operation of a user, which nobody has told the library of.
struct Triple {
  inline static const OpDoc doc{"triple", {"x"}, "y = factor * x", {"dx = dy * factor"}};
  double factor = 3;
  Index unused = 0;
  static void settings(auto& self, auto&& f) {
    f("factor", self.factor, kAboveZero);
    f("unused", self.unused, kFromZero);
  }
  template <class T>
  T value(T x) const {
    return static_cast<T>(factor) * x;
  }
  template <class T>
  T derivative(T, T) const {
    return static_cast<T>(factor);
  }
};
Var triple(Var x) { return elementwise<detail::kCheap>(Triple{}, x, Location::current()); }

std::string why(auto f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(Registry, KnowsTheLibraryAndTheProgram) {
  EXPECT_GT(op_kinds().size(), 45U);
  static_cast<void>(triple);
  ASSERT_NE(find_op_kind("triple"), nullptr);
  EXPECT_TRUE(op_kind("triple").unary());
  EXPECT_TRUE(op_kind("triple").traits->elementwise);
  EXPECT_EQ(op_kind("affine").doc->optional, 1);
  EXPECT_EQ(find_op_kind("tripel"), nullptr);
  EXPECT_EQ(why([] { op_kind("tripel"); }),
            "there is no operation 'tripel' (did you mean 'triple'?)");
}

TEST(Registry, MakesOperationsFromSettings) {
  Graph g;
  const Var x = g.input("x", {3});
  const Var y = make_op("triple", {x}, {{"factor", 2.0}, {"unused", 4.0}});
  EXPECT_EQ(g.node(y).op->setting("factor"), 2);
  EXPECT_EQ(str(g.node(y).op->settings()), "factor 2, unused 4");
  EXPECT_EQ(str(g.node(make_op("triple", {x})).op->settings()), "factor 3, unused 0");
  EXPECT_EQ(make_op("reshape", {x}, {{"shape", std::vector<Index>{3, 1}}}).shape(),
            (Shape{3, 1}.with_batch(true)));
}

TEST(Registry, SaysWhatCannotBe) {
  Graph g;
  const Var x = g.input("x", {3});
  const auto made = [&](std::string_view name, const SettingList& settings) {
    return why([&] { make_op(name, {x}, settings); });
  };
  EXPECT_EQ(made("triple", {{"factor", -1.0}}), "[triple] factor is -1, expected a number above 0");
  EXPECT_EQ(made("triple", {{"facto", 1.0}}),
            "[triple] has no setting 'facto' (did you mean 'factor'?)");
  EXPECT_EQ(made("triple", {{"factor", 1.0}, {"factor", 2.0}}), "[triple] factor is given twice");
  EXPECT_EQ(made("triple", {{"unused", 0.5}}), "[triple] unused is 0.5, expected a whole number");
  EXPECT_EQ(made("triple", {{"factor", std::vector<Index>{1}}}),
            "[triple] factor is [1], expected a number");
  EXPECT_EQ(made("dropout", {}),
            "[dropout] rate is not given, expected a number from 0 to less than 1");
  EXPECT_TRUE(made("add", {}).starts_with("[add \"add1\"] has 1 input, expected 2 "));
  EXPECT_TRUE(made("affine", {}).starts_with("[affine \"affine1\"] has 1 input, expected 2 or 3 "));
  EXPECT_TRUE(why([&] {
                dropout(x, 1);
              }).starts_with("[dropout] rate is 1, expected a number from 0 to less than 1 ("));
}

}  // namespace
}  // namespace chainrule::testing
