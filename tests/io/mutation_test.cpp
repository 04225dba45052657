// Models from files that were changed at random.
#include <gtest/gtest.h>

#include "chainrule/io/onnx_export.h"
#include "fuzz/readers/model_file.h"
#include "fuzz/readers/onnx.h"
#include "fuzz/readers/safetensors.h"
#include "tests/mutations.h"

namespace chainrule::testing {
namespace {

Model mutation_model(const char* text) {
  Model model(text, {4}, {.loss = "squared_error", .l2 = {{"*.weight", 0.25}}});
  model.schema.inputs = {
      {.name = "age", .offset = 40.5, .scale = 12.25},
      {.name = "city", .kind = InputKind::category, .categories = {"Rome", "Oslo", "Lima"}}};
  model.schema.targets = {{.name = "answer"}, {.name = "another"}};
  return model;
}

TEST(Mutations, Safetensors) {
  survive_mutations<DataError>(fuzz::read_safetensors, {}, "safetensors", 5000);
}
TEST(Mutations, ModelFile) {
  survive_mutations<DataError>(fuzz::read_model_file, {}, "model_file", 1000);
}
TEST(Mutations, Onnx) {
  if (!onnx::available()) GTEST_SKIP() << "built without protozero";
  const std::string bytes =
      onnx::encode(to_onnx(mutation_model("linear 3, batch_norm, gelu, dropout 0.5, linear 2")));
  survive_mutations<DataError>(fuzz::read_onnx, {{bytes.begin(), bytes.end()}}, "onnx", 3000);
}

}  // namespace
}  // namespace chainrule::testing
