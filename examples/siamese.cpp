// A siamese network: one encoder looks at two pictures and says whether they show the same digit.
#include <cmath>
#include <iostream>

#include <chainrule/chainrule.h>

using namespace chainrule;

int main() {
  const Dataset digits = data::digits({.seed = 1, .train = 2000, .test = 1}).train;
  Splits pairs;
  NamedArray a{"a", {784}, {}, {}}, b{"b", {784}, {}, {}}, same{"same", {1}, {}, {}};
  Random random(2);
  for (int pair = 0; pair < 2000; ++pair) {
    std::int32_t row[2] = {std::int32_t(random.below(2000)), std::int32_t(random.below(2000))};
    while (pair % 2 == 0 &&
           digits.classes[std::size_t(row[0])] != digits.classes[std::size_t(row[1])])
      row[1] = std::int32_t(random.below(2000));
    for (int i = 0; i < 2; ++i) {
      std::vector<float>& to = (i == 0 ? a : b).numbers;
      to.resize(to.size() + 784);
      digits.gather(std::span(row + i, 1), std::span(to).last(784));
    }
    same.numbers.push_back(digits.classes[std::size_t(row[0])] ==
                           digits.classes[std::size_t(row[1])]);
  }
  pairs.train.arrays = {a, b, same};

  Graph g;
  const Var x = g.input("a", {784}), y = g.input("b", {784});
  const Sequence encoder("linear 64, relu, linear 16, tanh");  // called twice, shared weights
  const Var logit = Sequence("linear 1")(square(encoder(x) - encoder(y)));
  Model model(g, {.outputs = {logit},
                  .losses = {binary_cross_entropy_logits(logit, g.input("same", {1}))},
                  .seed = 1});
  fit(model, pairs, {.optimizer = Adam{.lr = 0.003}, .epochs = 20, .batch = 50});
  const double loss = evaluate(model, pairs.train).loss;
  std::cout << "loss " << loss << ", by guessing " << std::log(2.0) << '\n';
  model.save("siamese.safetensors");
  return loss < 0.25 ? 0 : 1;
}
