#include "chainrule/layers/embedding.h"

#include "chainrule/layers/init.h"
#include "tests/check.h"

namespace chainrule::testing {
namespace {

TEST(EmbeddingLayer, Gradient) {
  // A single row of the table is used if all indices agree, so the others' gradient is 0.
  const auto layer = [](Var i) { return Embedding{.dim = 2}(i, "embed1"); };
  check(layer, {Argument::classes(6, 4)});
  check([](Var i) { return Embedding{.vocabulary = 7, .dim = 1}(i, "embed1"); },
        {Argument::classes(1, 4)});
}

TEST(EmbeddingLayer, ByHand) {
  Graph g;
  const Var i = g.class_input("i", 3);
  const Var y = Embedding{.dim = 2}(i, "embed1");
  EXPECT_EQ(y.name(), "embed1");
  EXPECT_EQ(g.find("embed1.weight").shape().str(), "[3, 2]");
  Params<double> params(g, 1);
  for (Index k = 0; k < 6; ++k) params["embed1.weight"][k] = static_cast<double>(k);
  Tape<double> tape(params, {.rows = 2});
  tape.set(i, {2, 0});
  tape.forward();
  expect_near({tape.value(y).begin(), tape.value(y).end()}, {4, 5, 0, 1});
}

TEST(EmbeddingLayer, Mistakes) {
  Graph g;
  const Var i = g.class_input("i", 3), x = g.input("x");
  EXPECT_THROW((Embedding{.dim = 0}(i, "a")), ShapeError);
  EXPECT_THROW((Embedding{.dim = 2}(x, "b")), ShapeError);
  EXPECT_THROW((Embedding{.vocabulary = 5, .dim = 2}(x, "c")), ShapeError);
  EXPECT_THROW((Embedding{.vocabulary = 2, .dim = 2}(i, "d")), ShapeError);
}

}  // namespace
}  // namespace chainrule::testing
