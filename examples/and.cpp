// One neuron learns AND: a straight line is enough to keep (1, 1) apart from the rest.
#include <iostream>

#include <chainrule/chainrule.h>

using namespace chainrule;

int main() {
  const Splits gate = data::and_gate();
  Model model("linear 1", gate.features(), {.loss = "binary_cross_entropy_logits", .seed = 1});
  fit(model, gate, {.optimizer = Sgd{.lr = 1}, .epochs = 500, .batch = 4});

  const Predictions answers = predict(model, gate.train);
  for (Index row = 0; row < 4; ++row)
    std::cout << row / 2 << " AND " << row % 2 << " = " << answers.values(row, 0) << '\n';
  const auto w = model.params()["fc1.weight"];
  const auto b = model.params()["fc1.bias"];
  std::cout << "the line: " << w[0] << " x1 + " << w[1] << " x2 + " << b[0] << " = 0\n";
  return evaluate(model, gate.train).accuracy == 1 ? 0 : 1;
}
