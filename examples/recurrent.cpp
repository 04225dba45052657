// A recurrent network: one set of weights at every step of a sequence. It learns whether the first
// and the last number of a sequence have the same sign.
#include <chainrule/chainrule.h>
#include <iostream>

using namespace chainrule;

/// h = tanh(x_t w_ih + b_ih + h w_hh + b_hh) for each t, from h = 0: [B, T, I] -> [B, T, H].
Var recurrent(Var x, Index hidden) {
  Graph& g = x.graph();
  const ParamOptions start{.init = init::orthogonal()};
  const Var w_ih = g.param("weight_ih", {x.shape()[1], hidden}, start);
  const Var w_hh = g.param("weight_hh", {hidden, hidden}, start);
  const Var b_ih = g.param("bias_ih", {hidden}), b_hh = g.param("bias_hh", {hidden});
  std::vector<Var> h = {g.constant({hidden}, std::vector<double>(std::size_t(hidden), 0.0))};
  for (Index t = 0; t < x.shape()[0]; ++t)
    h.push_back(tanh(affine(select(x, 0, t), w_ih, b_ih) + affine(h.back(), w_hh, b_hh)));
  return stack(std::span(h).subspan(1));
}

int main() {
  Graph g;
  const Var x = g.input("x", {6, 1}), same = g.class_input("same", 2);
  const Var answer = Linear{.out = 2}(select(recurrent(x, 16), 0, 5), "answer");
  const Var loss = softmax_cross_entropy(answer, same);
  Params<float> params(g, 1);
  Tape<float> tape(params, {.rows = 64});
  const Optimizer adam = Adam{.lr = 0.01};
  auto state = adam.start<float>(Index(params.trainable().size()));
  Random random(1);
  for (int step = 0; step < 500; ++step) {
    const View<float> rows = tape.input(x);
    for (float& v : rows) v = float(random.normal());
    for (Index r = 0; r < 64; ++r) tape.class_input(same)[r] = rows(r, 0) * rows(r, 5) > 0;
    tape.forward(), tape.backward(loss);
    adam.step<float>(state, params.trainable(), tape.param_grads(), adam.lr(), tape.pool());
  }
  std::cout << "loss " << tape.value(loss)[0] << ", by chance 0.69\n";
  return tape.value(loss)[0] < 0.25 ? 0 : 1;
}
