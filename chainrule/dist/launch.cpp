#include "chainrule/dist/launch.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace chainrule::dist {
namespace {

const char* variable(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const char* value = std::getenv(name)) return value;
  return nullptr;
}

int number(const char* text, int otherwise) {
  if (text == nullptr) return otherwise;
  int value = otherwise;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

}  // namespace

bool launched() {
  return variable({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "MV2_COMM_WORLD_SIZE"}) !=
         nullptr;
}

int launched_rank() {
  return number(variable({"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "MV2_COMM_WORLD_RANK"}),
                0);
}

int launched_size() {
  return number(variable({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"}), 1);
}

int ranks_per_node() { return number(variable({"CHAINRULE_RANKS_PER_NODE"}), 0); }

}  // namespace chainrule::dist
