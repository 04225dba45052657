#include "chainrule/model/sequence.h"

#include "chainrule/model/layer_table.h"

namespace chainrule {

struct Sequence::State {
  State(std::string_view given, std::string_view init)
      : text(given), layers(parse_model(text)), builder(text, layers, init) {}
  std::string text;
  LayerSpecs layers;
  LayerBuilder builder;
};

Sequence::Sequence(std::string_view text, std::string_view init)
    : state_(std::make_shared<State>(text, init)) {}

Var Sequence::operator()(const Var& x, Location at) const { return state_->builder(x, at); }

}  // namespace chainrule
