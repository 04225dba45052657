// chainrule export --to onnx
#include <algorithm>
#include <vector>

#include "chainrule/core/plain_text.h"
#include "chainrule/files/atomic_file.h"
#include "chainrule/io/onnx_export.h"
#include "cli/export.h"
#include "cli/format.h"

namespace chainrule::cli {
namespace {

/// "x [batch, 28, 28]   FLOAT"
std::string describe_port(const onnx::Port& port) {
  std::string text = without_controls(port.name) + " [";
  for (std::size_t i = 0; i < port.axes.size(); ++i)
    text += cat(i > 0 ? ", " : "",
                port.axes[i].symbol.empty() ? cat(port.axes[i].size) : port.axes[i].symbol);
  return text + "]   " + onnx::type_name(port.type);
}

}  // namespace

void export_onnx_file(const Model& model, const std::filesystem::path& path,
                      const ExportFlags& flags, const Terminal& out, JsonObject& json) {
  const onnx::File file = flags.features ? to_onnx(model) : to_onnx_of_rows(model);
  write_file(path, onnx::encode(file));
  const auto names_of = [](const std::vector<onnx::Port>& ports) {
    std::vector<std::string> names;
    for (const onnx::Port& port : ports) names.push_back(port.name);
    return names;
  };
  json.add("input", file.inputs[0].name)
      .add("output", file.outputs[0].name)
      .add("inputs", names_of(file.inputs))
      .add("outputs", names_of(file.outputs))
      .add("opset", file.opset);
  constexpr std::size_t kShown = 12;
  for (std::size_t i = 0; i < std::min(file.inputs.size(), kShown); ++i)
    out.labelled(i == 0 ? "input" : "", describe_port(file.inputs[i]));
  if (file.inputs.size() > kShown)
    out.labelled("", cat("and ", file.inputs.size() - kShown, " more"));
  for (const onnx::Port& port : file.outputs)
    out.labelled(&port == &file.outputs[0] ? "output" : "", describe_port(port));
  out.labelled("wrote", shell_word(path.string()) + cat("   operator set ", file.opset));
}

}  // namespace chainrule::cli
