#include "chainrule/io/c_self_test.h"

#include <cmath>

#include "chainrule/core/random.h"
#include "chainrule/io/c_text.h"

namespace chainrule {
namespace {

std::string floats(std::string_view name, std::span<const float> values, Index row) {
  std::vector<std::string> items;
  for (const float v : values) items.push_back(c_text::number(v, name));
  return c_text::array("float", name, items, row);
}

/// Pictures are shorter as bytes.
std::string rows_as_bytes(std::span<const float> rows, Index width) {
  std::vector<std::string> items;
  for (const float v : rows) {
    const float byte = std::round(v * 255);
    if (!(byte >= 0 && byte <= 255) || byte / 255 != v) return "";
    items.push_back(std::to_string(static_cast<int>(byte)));
  }
  return c_text::array("unsigned char", "inputs", items, width);
}

}  // namespace

std::vector<float> made_up_rows(const Model& model) {
  const Index width = model.input().shape().size();
  if (width == 1) return {0, 1};
  if (width == 2) return {0, 0, 0, 1, 1, 0, 1, 1};
  const bool picture = model.schema.picture().rank() > 0;
  std::vector<float> rows(static_cast<std::size_t>(width * (width > 64 ? 2 : 4)));
  Random random(1, 0);
  for (float& x : rows) {
    const double u = random.uniform();
    x = picture ? (u < 0.75 ? 0 : static_cast<float>(std::floor(u * 256)) / 255)
                : static_cast<float>(std::floor(u * 33) - 16) / 8;
  }
  return rows;
}

std::string c_self_test(const std::string& prefix, std::span<const float> rows,
                        const Tensor<float>& outputs, float tolerance) {
  const Index count = outputs.rows(), n = outputs.cols();
  const Index width = static_cast<Index>(rows.size()) / count;
  const std::string bytes = width > 64 ? rows_as_bytes(rows, width) : "";
  const std::string input =
      bytes.empty() ? cat("    ", prefix, "_predict(inputs + r * ", width, ", output);\n")
                    : cat("    for (int i = 0; i < ", width, "; ++i) input[i] = (float)inputs[r * ",
                          width, " + i] / 255.0f;\n    ", prefix, "_predict(input, output);\n");
  return cat("\n#ifdef CHAINRULE_SELF_TEST\n#include <stdio.h>\n",
             bytes.empty() ? floats("inputs", rows, width) : bytes,
             floats("outputs", outputs.span(), n), "\nint main(void)\n{\n",
             bytes.empty() ? std::string() : cat("  static float input[", width, "];\n"),
             "  float output[", n, "], worst = 0.0f;\n  for (int r = 0; r < ", count, "; ++r) {\n",
             input, "    for (int o = 0; o < ", n, "; ++o) {\n      const float y = outputs[r * ",
             n,
             " + o], d = fabsf(output[o] - y) / (1.0f + fabsf(y));\n"
             "      if (!(d <= worst)) worst = d;\n    }\n  }\n"
             "  printf(\"",
             prefix, ": ", count,
             " rows, largest difference %.1e\\n\", (double)worst);\n"
             "  return worst <= ",
             c_text::number(tolerance, "tolerance"), " ? 0 : 1;\n}\n#endif\n");
}

}  // namespace chainrule
