// ONNX files: graph, operators, initializers, and whether import would take them.
#include <algorithm>
#include <map>

#include "chainrule/core/error.h"
#include "chainrule/io/onnx_format.h"
#include "chainrule/io/onnx_import.h"
#include "cli/format.h"
#include "cli/inspect.h"
#include "cli/inspect_numbers.h"

namespace chainrule::cli {
namespace {

std::string axes_text(const onnx::Port& port) {
  std::string text;
  for (const onnx::Axis& axis : port.axes) {
    const std::string length = !axis.symbol.empty() ? printable(axis.symbol, 24)
                               : axis.size > 0      ? grouped(axis.size)
                                                    : "?";
    text += (text.empty() ? "" : " × ") + length;
  }
  return text.empty() ? "one number" : text;
}

void show_ports(const std::string& label, const std::vector<onnx::Port>& ports, Sheet& sheet) {
  constexpr std::size_t kMostPorts = 4;
  std::vector<JsonObject> objects;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const onnx::Port& p = ports[i];
    if (i < kMostPorts || sheet.all())
      sheet.say(i == 0 ? label : "",
                cat(p.name, ": ", axes_text(p), " of ", onnx::type_name(p.type)));
    objects.push_back(JsonObject()
                          .add("name", p.name)
                          .add("shape", axes_text(p))
                          .add("type", onnx::type_name(p.type)));
  }
  if (ports.size() > kMostPorts && !sheet.all())
    sheet.say("", cat("… and ", ports.size() - kMostPorts, " more (--all)"));
  sheet.json.add(label + "s", objects);
}

/// "Gemm 3, Relu 2", the most frequent first.
void show_operators(const onnx::File& file, Sheet& sheet) {
  std::map<std::string, std::int64_t> counts;
  for (const onnx::Node& node : file.nodes)
    ++counts[(node.domain.empty() ? "" : node.domain + ".") + node.op];
  std::vector<std::pair<std::string, std::int64_t>> sorted(counts.begin(), counts.end());
  std::ranges::stable_sort(sorted,
                           [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> words;
  for (const auto& [op, count] : sorted) words.push_back(cat(op, " ", grouped(count)));
  sheet.say("nodes", cat(grouped(static_cast<Index>(file.nodes.size())), words.empty() ? "" : ": ",
                         sheet.few(words)));
  sheet.json.add("operators", counts);
}

/// What import says, and the text of the model that it would make.
void show_import(const onnx::File& content, const std::string& file, Sheet& sheet) {
  std::string text, problem;
  try {
    text = from_onnx(content, file).text();
  } catch (const DataError& e) {
    problem = e.what();
  }
  if (problem.empty())
    sheet.say("import", "takes it as " + text);
  else
    sheet.say("import", "refuses it: " + problem);
  sheet.json.add("importable", problem.empty()).add("model", text).add("problem", problem);
}

ArrayLine initializer_summary(const onnx::Tensor& tensor) {
  ArrayLine line{tensor.name,
                 onnx::type_name(static_cast<std::int64_t>(tensor.type)),
                 tensor.dims,
                 tensor.size(),
                 {}};
  line.numbers.add(tensor.values());
  return line;
}

}  // namespace

void inspect_onnx(const InspectedFile& file, Sheet& sheet) {
  const onnx::File content = onnx::decode(std::as_bytes(std::span(file.bytes)), file.path);
  sheet.kind("onnx", "an ONNX network", file);
  sheet.say("format", cat("ir ", content.ir, ", operator set ", content.opset,
                          content.producer.empty() ? "" : ", by " + content.producer,
                          content.producer_version.empty() ? "" : " " + content.producer_version));
  if (!content.graph_name.empty()) sheet.say("graph", content.graph_name);
  sheet.json.add("ir", content.ir)
      .add("opset", content.opset)
      .add("producer", content.producer)
      .add("graph", content.graph_name);
  show_ports("input", content.inputs, sheet);
  show_ports("output", content.outputs, sheet);
  show_operators(content, sheet);
  std::vector<ArrayLine> lines;
  std::int64_t count = 0;
  for (const onnx::Tensor& tensor : content.tensors) {
    lines.push_back(initializer_summary(tensor));
    count += lines.back().count;
  }
  sheet.say("tensors", cat(counted(count, "number"), " in ",
                           counted(static_cast<Index>(lines.size()), "initializer"), ", ",
                           finite_text(lines)));
  show_import(content, file.path, sheet);
  show_arrays(sheet, "initializer", "initializers", lines);
}

}  // namespace chainrule::cli
