// Two inputs, two outputs and two losses: does a point lie in the circle of that radius, and by how
// much? The class comes from one head, the distance from another.
#include <cmath>
#include <iostream>

#include <chainrule/chainrule.h>

using namespace chainrule;

int main() {
  Splits data;
  NamedArray point{"point", {2}, {}, {}}, radius{"radius", {1}, {}, {}};
  NamedArray inside{"inside", {}, {}, {}}, distance{"distance", {1}, {}, {}};
  Random random(1);
  for (int row = 0; row < 600; ++row) {
    const double x = random.uniform(-1, 1), y = random.uniform(-1, 1), r = random.uniform(0.2, 1);
    point.numbers.push_back(float(x)), point.numbers.push_back(float(y));
    radius.numbers.push_back(float(r));
    distance.numbers.push_back(float(std::hypot(x, y) - r));
    inside.indices.push_back(std::hypot(x, y) < r);
  }
  data.train.arrays = {point, radius, inside, distance};

  Graph g;
  const Var p = g.input("point", {2}), r = g.input("radius", {1});
  const Var h = Sequence("linear 32, tanh, linear 32, tanh")(concat({p, r}));
  const Var logits = Linear{.out = 2}(h, "class"), metres = Linear{.out = 1}(h, "metres");
  const Var class_loss = softmax_cross_entropy(logits, g.class_input("inside", 2));
  const Var metre_loss = squared_error(metres, g.input("distance", {1}));
  Model model(g, {.outputs = {logits, metres}, .losses = {class_loss, {metre_loss, 5}}, .seed = 1});

  const double before = evaluate(model, data.train).loss;
  fit(model, data, {.optimizer = Adam{.lr = 0.01}, .epochs = 60, .batch = 50});
  const double after = evaluate(model, data.train).loss;
  std::cout << "loss " << before << " before, " << after << " after training\n";
  model.save("two_inputs.safetensors");
  return after < 0.15 * before ? 0 : 1;
}
