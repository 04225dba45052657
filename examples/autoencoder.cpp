// An autoencoder: 784 pixels through 24 numbers and back; the input is its own target.
#include <iostream>

#include <chainrule/chainrule.h>

using namespace chainrule;

int main() {
  const Splits digits = data::digits({.seed = 1, .train = 3000, .test = 500});
  Graph g;
  const Var x = g.input("x", {784});
  const Var code = g.rename(Sequence("linear 128, relu, linear 24")(x), "code");
  const Var picture = Sequence("linear 128, relu, linear 784, sigmoid")(code);
  Model model(g, {.outputs = {picture, code}, .losses = {squared_error(picture, x)}, .seed = 1});

  const double before = evaluate(model, digits.test).loss;
  fit(model, digits, {.optimizer = Adam{.lr = 0.002}, .epochs = 10, .batch = 100});
  const double after = evaluate(model, digits.test).loss;
  std::cout << "mean squared error of a pixel " << before << " before, " << after << " after\n";
  model.save("autoencoder.safetensors");
  return after < 0.3 * before ? 0 : 1;
}
