// Layers as a value.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "chainrule/graph/graph.h"

namespace chainrule {

/// The layers of a model's text, `linear 16, relu`. Called twice, it uses the same parameters
/// twice: a siamese network, the steps of a recurrent one, a tied decoder. Copies mean the same
/// layers.
class Sequence {
 public:
  /// `init`: initialiser of weights; "" lets each layer choose. Throws Error with the text and a
  /// mark below what is wrong.
  explicit Sequence(std::string_view text, std::string_view init = "");

  /// Adds the layers to the graph of x. Parameters are called by kind and number, "fc1.weight", the
  /// first number that is free. Throws Error when they do not fit x.
  Var operator()(const Var& x, Location at = Location::current()) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace chainrule
