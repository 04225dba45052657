// Networks with rows and targets of random numbers.
#pragma once

#include <cstdint>
#include <string>

#include "chainrule/core/random.h"
#include "tests/compare/plain_net.h"

namespace chainrule::testing {

struct Problem {
  Model model;
  Dataset batch;
  Matrix<double> x, t;
};

/// Rows of random numbers, targets to match the loss, weights that are not tiny.
inline Problem problem(const std::string& text, const std::string& loss, Index features,
                       Index outputs, Index rows, std::uint64_t seed, ModelOptions options = {}) {
  options.loss = loss, options.seed = seed;
  Problem p{Model(text, Shape{features}, options), {}, {}, {}};
  Random random(seed, 99);
  for (float& w : p.model.params().trainable()) w += static_cast<float>(0.3 * random.normal());
  const auto n = static_cast<std::size_t>(rows), f = static_cast<std::size_t>(features),
             o = static_cast<std::size_t>(outputs);
  p.batch.features = {features};
  p.x = Matrix<double>(n, f), p.t = Matrix<double>(n, o);
  for (double& v : p.x.data) {
    p.batch.floats.push_back(static_cast<float>(random.normal()));
    v = p.batch.floats.back();
  }
  const bool classes = loss.find("categorical") != loss.npos || loss.find("softmax") != loss.npos;
  for (std::size_t r = 0; r < n; ++r) {
    if (classes) {
      const auto y = random.below(static_cast<std::uint32_t>(outputs));
      p.batch.classes.push_back(static_cast<std::int32_t>(y));
      p.t(r, y) = 1;
      continue;
    }
    for (std::size_t c = 0; c < o; ++c) {
      const double y = loss.starts_with("binary") ? random.below(2) : random.normal();
      p.batch.targets.push_back(static_cast<float>(y));
      p.t(r, c) = p.batch.targets.back();
    }
  }
  for (Index c = 0; c < outputs; ++c)
    (classes ? p.batch.class_names : p.batch.target_names).push_back(std::to_string(c));
  return p;
}

inline Problem network(char which) {
  switch (which) {
    case 'A':
      return problem("linear 8, relu, linear 8, relu, linear 3", "softmax_cross_entropy", 6, 3, 20,
                     1);
    case 'B':
      return problem("linear 6, sigmoid, linear 4, tanh, linear 1", "binary_cross_entropy_logits",
                     5, 1, 12, 2);
    case 'C':
      return problem("linear 12, relu, dropout 0.5, linear 4, softmax", "categorical_cross_entropy",
                     7, 4, 16, 3);
    default:
      return problem("linear 5, tanh, linear 5, sigmoid, linear 2", "squared_error", 4, 2, 10, 4,
                     {.l1 = {{"fc1.weight", 0.01}}, .l2 = {{"*.weight", 0.02}}});
  }
}

}  // namespace chainrule::testing
