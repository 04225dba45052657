#include <iostream>

#include <chainrule/chainrule.h>

int main() {
  using namespace chainrule;
  Graph g;
  Var x = g.input("x", {3});
  Var y = relu(x);
  Tape<double> tape(g);
  tape.set(x, {-1, 2, 3});
  tape.forward(), tape.backward(y);
  std::cout << tape.value(y)[1] << ' ' << tape.grad(x)[0] << ' ' << tape.grad(x)[2] << '\n';
}
