// Bytes as the recipe of a run.
#pragma once

#include "chainrule/train/run_recipe.h"

namespace chainrule::fuzz {

inline void read_recipe_file(std::span<const std::uint8_t> bytes) {
  parse_recipe(std::as_bytes(bytes), "recipe.json");
}

}  // namespace chainrule::fuzz
