// REINFORCE (Williams 1992): a policy that is only told its reward learns which of four levers pays
// in which of two rooms; the loss is -reward * log probability of what was done.
#include <iostream>

#include <chainrule/chainrule.h>

using namespace chainrule;

int main() {
  Graph g;
  const Var room = g.input("room", {2}), chosen = g.class_input("chosen", 4);
  const Var reward = g.input("reward"), p = Sequence("linear 16, tanh, linear 4, softmax")(room);
  const Var loss = categorical_cross_entropy(p, chosen, {reward, Reduction::sum});
  Params<float> params(g, 1);
  Tape<float> tape(params, {.rows = 64});
  const Optimizer adam = Adam{.lr = 0.02};
  auto moments = adam.start<float>(Index(params.trainable().size()));
  Random random(3);
  for (Index r = 0; r < 64; ++r) tape.input(room)(r, r % 2) = 1;
  double earned = 0;
  for (int episode = 0; episode < 200; ++episode) {
    tape.forward(), earned = 0;
    for (Index r = 0; r < 64; ++r) {
      double aim = random.uniform();
      std::int32_t lever = 0;
      while (lever < 3 && (aim -= double(tape.value(p)(r, lever))) > 0) ++lever;
      const bool pays = lever == (r % 2 == 0 ? 1 : 3);
      tape.class_input(chosen)[r] = lever, tape.input(reward)[r] = (pays ? 0.75F : -0.25F) / 64;
      earned += pays;
    }
    tape.forward(), tape.backward(loss);
    adam.step(moments, params.trainable(), std::span<const float>(tape.param_grads()), 0.02,
              tape.pool());
  }
  std::cout << earned / 64 << " of the pulls pay in the end, 0.25 by chance\n";
  Model model(g, {.outputs = {p}, .losses = {categorical_cross_entropy(p, chosen)}});
  std::ranges::copy(params.all(), model.params().all().begin());
  model.save("reinforce.safetensors");
  return earned > 0.9 * 64 ? 0 : 1;
}
