// A language model of characters: three letters through an embedding say which one follows.
#include <cmath>
#include <iostream>

#include <chainrule/chainrule.h>

using namespace chainrule;

int main() {
  const std::string text = "the chain rule says how a change of the input changes the output. ";
  Splits data;
  NamedArray x{"letters", {3}, {}, {}}, y{"next", {}, {}, {}};
  const auto index = [](char c) { return c == ' ' ? 0 : c == '.' ? 27 : c - 'a' + 1; };
  for (std::size_t i = 0; i + 3 < text.size(); ++i) {
    for (std::size_t k = 0; k < 3; ++k) x.indices.push_back(index(text[i + k]));
    y.indices.push_back(index(text[i + 3]));
  }
  data.train.arrays = {x, y};

  Graph g;
  const Var letters = g.class_input("letters", 28, {3});
  const Var vectors = Embedding{.dim = 8}(letters, "letter");
  const Var logits = Sequence("linear 64, tanh, linear 28")(flatten(vectors));
  const Var loss = softmax_cross_entropy(logits, g.class_input("next", 28));
  Model model(g, {.outputs = {logits}, .losses = {loss}, .seed = 1});
  fit(model, data, {.optimizer = Adam{.lr = 0.01}, .epochs = 200, .batch = 16});
  const double nats = evaluate(model, data.train).loss;
  std::cout << nats << " nats a letter, by guessing " << std::log(28.0) << '\n';
  model.save("characters.safetensors");
  return nats < 0.2 ? 0 : 1;
}
