// OR by hand: the graph, the loop and the update, without Model and fit.
#include <cmath>
#include <iostream>

#include <chainrule/chainrule.h>

using namespace chainrule;

int main() {
  Graph g;
  Var x = g.input("x", {2});
  Var target = g.input("target", {1});
  Var y = sigmoid(Linear{.out = 1}(x, "neuron"));
  Var loss = half_squared_error(y, target);

  Params<double> params(g, 1);
  Tape<double> tape(params, {.rows = 4});
  tape.set(x, {0, 0, 0, 1, 1, 0, 1, 1});
  tape.set(target, {0, 1, 1, 1});

  for (int step = 0; step < 2000; ++step) {
    tape.forward();
    tape.backward(loss);
    const auto w = params.trainable();
    const auto dw = tape.param_grads();
    for (std::size_t i = 0; i < w.size(); ++i) w[i] -= 5 * dw[i];
    if (step % 400 == 0) std::cout << "step " << step << ": loss " << tape.value(loss) << '\n';
  }

  bool learnt = true;
  const double expected[] = {0, 1, 1, 1};
  for (Index row = 0; row < 4; ++row) {
    const double answer = tape.value(y)[row];
    std::cout << row / 2 << " OR " << row % 2 << " = " << answer << '\n';
    learnt = learnt && std::abs(answer - expected[row]) < 0.1;
  }
  return learnt ? 0 : 1;
}
