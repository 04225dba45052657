// Bytes as the text of a model, which is built when it is small.
#pragma once

#include <string_view>

#include "chainrule/model/layer_table.h"
#include "chainrule/model/model.h"

namespace chainrule::fuzz {

inline void read_model_text(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const LayerSpecs layers = parse_model(text);
  for (const LayerSpec* layer : flat(layers))
    if (layer->kind->parameters && !layer->values.empty() && layer->number(0) > 100) return;
  Model(text, {5});
}

}  // namespace chainrule::fuzz
