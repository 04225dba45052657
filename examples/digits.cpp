#include <iostream>

#include <chainrule/chainrule.h>

using namespace chainrule;

int main() {
  auto digits = data::digits({.seed = 1});  // or data::mnist("folder")
  Model model("linear 128, relu, linear 10", digits.features());
  auto history = fit(model, digits, {.optimizer = Adam{}, .epochs = 3, .batch = 128});
  const double accuracy = evaluate(model, digits.test).accuracy;
  std::cout << history.steps << " steps, test accuracy " << accuracy << '\n';
  model.save("digits.safetensors");
  return accuracy > 0.97 ? 0 : 1;
}
