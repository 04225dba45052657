// Initialisers: how the elements of a parameter start.
#pragma once

#include <string_view>
#include <vector>

#include "chainrule/graph/graph.h"

namespace chainrule {
namespace init {

// Fan-in is the product of all axes but the last, fan-out the last: weights are [I, O]. A uniform
// distribution over [-a, a) has the standard deviation a / sqrt(3), which is how the uniform
// variants follow from the normal ones.

Initializer zeros();
Initializer constant(double value);
Initializer normal(double std);
/// From [low, high).
Initializer uniform(double low, double high);

/// Variance 2 / (fan-in + fan-out), uniform bound sqrt(6 / (fan-in + fan-out)): for tanh, sigmoid,
/// softmax. Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
/// networks", 2010.
Initializer glorot_uniform();
Initializer glorot_normal();

/// Variance 2 / fan-in, uniform bound sqrt(6 / fan-in): for ReLU and its kin. He et al., "Delving
/// deep into rectifiers", 2015.
Initializer he_uniform();
Initializer he_normal();

/// Variance 1 / fan-in, uniform bound sqrt(3 / fan-in): for selu. LeCun et al., "Efficient
/// backprop", 1998.
Initializer lecun_uniform();
Initializer lecun_normal();

/// A random matrix [fan-in, fan-out] whose columns (or rows, when they are fewer) are orthogonal
/// and have the length `gain`. Saxe et al., "Exact solutions to the nonlinear dynamics of learning
/// in deep linear neural networks", 2013.
Initializer orthogonal(double gain = 1);

}  // namespace init

/// From text: "he_normal", "normal:0.01", "uniform:-0.1:0.1", "orthogonal" or "orthogonal:2", ...
/// Throws Error with one sentence that says what was meant or is missing.
Initializer initializer(std::string_view text);

/// An initialiser by name, with `least` to `most` numbers after it: "normal:0.01".
struct InitializerKind {
  std::string name;
  std::size_t least = 0, most = 0;
  std::string usage;  ///< "normal:STD"
  Initializer (*make)(std::span<const double> numbers);
};

/// Makes it known to initializer(), and so to models, files and command lines. Throws Error when
/// there is one of that name.
void register_initializer(InitializerKind kind);

/// What initializer() understands, as help shows it: "he_normal", "normal:STD", ...
std::vector<std::string_view> initializer_names();

}  // namespace chainrule
