// chainrule export --to onnx
#include <vector>

#include "chainrule/core/atomic_file.h"
#include "chainrule/io/onnx_export.h"
#include "cli/export.h"
#include "cli/format.h"

namespace chainrule::cli {
namespace {

/// "x [batch, 28, 28]"
std::string describe_port(const onnx::Port& port) {
  std::string text = port.name + " [";
  for (std::size_t i = 0; i < port.axes.size(); ++i)
    text += cat(i > 0 ? ", " : "",
                port.axes[i].symbol.empty() ? cat(port.axes[i].size) : port.axes[i].symbol);
  return text + "]";
}

}  // namespace

void export_onnx_file(const Model& model, const std::filesystem::path& path, const ExportFlags&,
                      const Terminal& out, JsonObject& json) {
  const onnx::File file = to_onnx(model);
  write_file(path, onnx::encode(file));
  json.add("input", file.inputs[0].name)
      .add("output", file.outputs[0].name)
      .add("opset", file.opset);
  out.labelled("input", describe_port(file.inputs[0]));
  out.labelled("output", describe_port(file.outputs[0]));
  out.labelled("wrote", shell_word(path.string()) + cat("   operator set ", file.opset));
}

}  // namespace chainrule::cli
