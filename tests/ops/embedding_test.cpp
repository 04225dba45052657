#include "chainrule/ops/embedding.h"

#include "tests/check.h"

namespace chainrule::testing {
namespace {

Argument indices(std::initializer_list<Index> dims, Index classes) {
  Argument a = Argument::classes(1, classes);
  a.dims = dims;
  return a;
}

TEST(Embedding, Gradient) {
  const auto look_up = [](Var i, Var table) { return embedding(i, table); };
  check(look_up, {indices({4}, 3), Argument::param({3, 5})});
  check(look_up, {indices({7}, 1), Argument::param({2, 1})});
  check(look_up, {indices({4, 6}, 5), Argument::param({5, 3})});
}

TEST(Embedding, ByHand) {
  Graph g;
  const Var words = g.class_input("words", 3, {2});
  const Var table = g.param("table", {3, 2}, {.init = [](auto values, const Shape&, Random&) {
                              double next = 0;
                              for (double& v : values) v = next++;
                            }});
  const Var y = embedding(words, table);
  Params<double> params(g);
  Tape<double> tape(params, {.rows = 2});
  tape.set(words, std::span<const std::int32_t>(std::vector<std::int32_t>{2, 0, 2, 1}));
  tape.forward();
  const std::vector<double> upstream = {1, 2, 3, 4, 5, 6, 7, 8};
  tape.backward(y, upstream);
  const auto values = [](View<const double> v) { return std::vector<double>(v.begin(), v.end()); };
  expect_near(values(tape.value(y)), {4, 5, 0, 1, 4, 5, 2, 3});
  expect_near(values(tape.grad(table)), {3, 4, 7, 8, 6, 8});
}

}  // namespace
}  // namespace chainrule::testing
