// XOR needs a hidden layer: no straight line keeps (0, 1) and (1, 0) apart from the rest.
#include <iostream>

#include <chainrule/chainrule.h>

using namespace chainrule;

int main() {
  const Splits gate = data::xor_gate();

  Model line("linear 2", gate.features(), {.seed = 1});
  fit(line, gate, {.optimizer = Adam{.lr = 0.05}, .epochs = 500, .batch = 4});
  std::cout << "a line:               " << evaluate(line, gate.train).accuracy << " right\n";

  Model network("linear 4, tanh, linear 2", gate.features(), {.seed = 1});
  fit(network, gate, {.optimizer = Adam{.lr = 0.05}, .epochs = 500, .batch = 4});
  std::cout << "with a hidden layer:  " << evaluate(network, gate.train).accuracy << " right\n";

  const Predictions answers = predict(network, gate.train);
  for (Index row = 0; row < 4; ++row)
    std::cout << row / 2 << " XOR " << row % 2 << " = " << answers.classes[std::size_t(row)]
              << "  (probability of 1: " << answers.values(row, 1) << ")\n";

  const bool learnt = evaluate(network, gate.train).accuracy == 1;
  const bool line_failed = evaluate(line, gate.train).accuracy < 1;
  return learnt && line_failed ? 0 : 1;
}
