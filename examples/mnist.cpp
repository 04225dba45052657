// Handwritten digits: MNIST from a folder (the first argument, or CHAINRULE_MNIST), or without one
// the digits that the library draws itself.
#include <cstdlib>
#include <iostream>
#include <string>

#include <chainrule/chainrule.h>

using namespace chainrule;

int main(int argc, char** argv) {
  const char* variable = std::getenv("CHAINRULE_MNIST");
  const std::string folder = argc > 1 ? argv[1] : variable != nullptr ? variable : "";
  const Splits digits = folder.empty() ? data::digits({.seed = 1}) : data::mnist(folder);

  Model model("linear 128, relu, linear 10", digits.features(), {.seed = 1});
  const History history = fit(model, digits, {.optimizer = Adam{}, .epochs = 2, .batch = 128});
  for (const EpochRow& row : history.epochs)
    std::cout << "epoch " << row.epoch << ": loss " << row.train.loss << ", training accuracy "
              << row.train.accuracy << ", test accuracy " << row.test.accuracy << '\n';

  const Evaluation result = evaluate(model, digits.test);
  for (Index c = 0; c < 10; ++c)
    std::cout << "digit " << c << ": " << 100 * result.confusion.score(c).recall << " % found\n";
  return result.accuracy > 0.94 ? 0 : 1;
}
