// Bytes as a model of ours, which is then given a row when it is small.
#pragma once

#include <vector>

#include "chainrule/io/model_file.h"
#include "chainrule/train/evaluate.h"

namespace chainrule::fuzz {

inline void read_model_file(std::span<const std::uint8_t> bytes) {
  const Model model =
      read_model(parse_safetensors(std::as_bytes(bytes), "m.safetensors"), "m.safetensors");
  constexpr Index kSmall = 4096;
  if (model.features().size() > kSmall || model.graph().size() > 100) return;
  const std::vector<float> row(static_cast<std::size_t>(model.features().size()), 0.5F);
  predict(model, row, {.threads = 1});
}

}  // namespace chainrule::fuzz
