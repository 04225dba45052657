// Plain gradient descent for tests of small systems.
#pragma once

#include "chainrule/graph/tape.h"

namespace chainrule {

/// `steps` steps of full-batch gradient descent: values -= lr * gradients. Returns the loss before
/// the last step.
inline double descend(Params<double>& params, Tape<double>& tape, Var loss, double lr, int steps) {
  for (int step = 0; step < steps; ++step) {
    tape.forward({.training = true, .step = static_cast<std::uint64_t>(step)});
    tape.backward(loss);
    for (std::size_t i = 0; i < params.trainable().size(); ++i)
      params.trainable()[i] -= lr * tape.param_grads()[i];
  }
  return tape.value(loss);
}

}  // namespace chainrule
