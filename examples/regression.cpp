// Regression on a table: what a flat costs, from its size, rooms, distance and district.
// flats.csv is invented: price = 2.4 area + 12 rooms - 7 distance + a constant for each district +
// 0.25 area in the centre + noise of standard deviation 9, in thousands.
#include <iostream>

#include <chainrule/chainrule.h>

using namespace chainrule;

int main(int argc, char** argv) {
  const char* path = argc > 1 ? argv[1] : "examples/flats.csv";
  const Splits flats = data::csv(path, {.targets = {"price"}});
  std::cout << flats.train.rows() << " flats to learn from, " << flats.test.rows()
            << " to test, features:";
  for (const std::string& name : flats.train.feature_names) std::cout << ' ' << name;
  std::cout << '\n';

  Model model("linear 16, tanh, linear 1", flats.features(), {.loss = "squared_error", .seed = 1});
  fit(model, flats, {.optimizer = Adam{.lr = 0.01}, .epochs = 200, .batch = 16});

  // Measured in the units of the table: the scaling is undone.
  const Evaluation result = evaluate(model, flats.test);
  std::cout << "mean error " << result.mae << " thousand, R2 " << result.r2 << '\n';
  return result.r2 > 0.95 ? 0 : 1;
}
