// Attention with several heads learns to find the marked place and to say which number stands there.
#include <chainrule/chainrule.h>
#include <cmath>
#include <iostream>

using namespace chainrule;

/// softmax(q k^T / sqrt(D / heads)) v in each head, the heads side by side: [B, T, D] -> [B, T, D].
Var attention(Var x, Index heads) {
  const Index places = x.shape()[0], width = x.shape()[1], own = width / heads;
  const auto heads_of = [&](const char* name) {  // [B, heads, T, D / heads]
    return permute(reshape(Linear{.out = width}(x, name), {places, heads, own}), {1, 0, 2});
  };
  const Var q = heads_of("q"), k = heads_of("k"), v = heads_of("v");
  const Var weights = softmax(matmul(q, transpose(k)) / std::sqrt(double(own)));
  const Var mixed = permute(matmul(weights, v), {1, 0, 2});
  return Linear{.out = width}(reshape(mixed, {places, width}), "out");
}

int main() {
  Graph g;
  const Var x = g.input("x", {5, 2}), found = g.input("found", {1});  // x: [is it marked, number]
  const Var seen = attention(Linear{.out = 8}(x, "token"), 2);
  const Var loss = squared_error(Linear{.out = 1}(mean(seen, {.axes = {0}}), "answer"), found);
  Params<float> params(g, 1);
  Tape<float> tape(params, {.rows = 64});
  const Optimizer adam = Adam{.lr = 0.01};
  auto state = adam.start<float>(Index(params.trainable().size()));
  Random random(1);
  for (int step = 0; step < 500; ++step) {
    const View<float> rows = tape.input(x);
    for (Index i = 0; i < rows.size(); ++i) rows[i] = i % 2 == 0 ? 0 : float(random.normal());
    for (Index r = 0, at = 0; r < 64; ++r, at = 2 * random.below(5))
      rows(r, at) = 1, tape.input(found)[r] = rows(r, at + 1);
    tape.forward(), tape.backward(loss);
    adam.step<float>(state, params.trainable(), tape.param_grads(), adam.lr(), tape.pool());
  }
  std::cout << "squared error " << tape.value(loss)[0] << ", without looking 1\n";
  return tape.value(loss)[0] < 0.1 ? 0 : 1;
}
