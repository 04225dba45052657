// Residual blocks with layer norm, by text and by hand: the same graph, the same first weights.
#include <algorithm>
#include <iostream>

#include <chainrule/chainrule.h>

using namespace chainrule;

int main() {
  const Splits spiral = data::spiral({.seed = 1});
  Model by_text("linear 32, 3 * residual(layer_norm, linear 32, relu, linear 32), linear 3",
                spiral.features(), {.seed = 1});

  Graph g;
  const Var x = g.input("x", {2});
  Var h = Linear{.out = 32, .init = init::he_normal()}(x, "fc1");
  for (int block = 0; block < 3; ++block) {
    const std::string first = "fc" + std::to_string(2 * block + 2);
    const std::string second = "fc" + std::to_string(2 * block + 3);
    const Var n = LayerNorm{}(h, "ln" + std::to_string(block + 1));
    h = h + Linear{.out = 32}(relu(Linear{.out = 32, .init = init::he_normal()}(n, first)), second);
  }
  const Var logits = Linear{.out = 3}(h, "fc8");
  Model by_hand(g, {.outputs = {logits},
                    .losses = {softmax_cross_entropy(logits, g.class_input("y", 3))},
                    .seed = 1});
  std::cout << by_text.params().trainable_count() << " and " << by_hand.params().trainable_count()
            << " parameters\n";

  for (Model* model : {&by_text, &by_hand})
    fit(*model, spiral, {.optimizer = Adam{.lr = 0.003}, .epochs = 60, .batch = 32, .seed = 1});
  const double text = evaluate(by_text, spiral.test).accuracy;
  const double hand = evaluate(by_hand, spiral.test).accuracy;
  std::cout << text << " of the test rows right by text, " << hand << " by hand\n";
  by_hand.save("residual.safetensors");
  return text > 0.9 && hand > 0.9 ? 0 : 1;
}
