// chainrule inspect MODEL --graph: the nodes of the recorded graph.
#include <algorithm>

#include "chainrule/graph/registry.h"
#include "cli/format.h"
#include "cli/inspect.h"

namespace chainrule::cli {
namespace {

std::string_view kind_word(const Node& n) {
  switch (n.kind) {
    case NodeKind::input:
      return "input";
    case NodeKind::class_input:
      return "classes";
    case NodeKind::param:
      return n.param_options.trainable ? "parameter" : "state";
    case NodeKind::constant:
      return "constant";
    case NodeKind::op:
      break;
  }
  return n.op->doc().name;
}

bool is_usual(const OpKind* kind, const Setting& setting) {
  return kind != nullptr && std::ranges::any_of(kind->settings, [&](const SettingInfo& i) {
           return i.name == setting.name && !i.required && str(i.fallback) == str(setting.value);
         });
}

/// "slope=0.2": those that are not as usual; of a constant its number.
std::string special_settings(const Node& n) {
  if (n.kind == NodeKind::constant && n.constant.size() == 1)
    return cat("value=", compact(n.constant[0]));
  if (n.kind != NodeKind::op) return "";
  const OpKind* const kind = find_op_kind(n.op->doc().name);
  std::string text;
  for (const Setting& s : n.op->settings())
    if (!is_usual(kind, s)) text += cat(text.empty() ? "" : " ", s.name, "=", str(s.value));
  return text;
}

/// "[B, 28, 28]": B is the batch.
std::string shape_text(const Shape& shape) {
  std::string text = shape.batched() ? "B" : "";
  for (const Index d : shape.dims()) text += cat(text.empty() ? "" : ", ", d);
  return "[" + text + "]";
}

}  // namespace

void show_graph(const Model& model, Sheet& sheet) {
  const Graph& g = model.graph();
  std::vector<std::vector<std::string>> rows;
  std::vector<JsonObject> nodes;
  for (int id = 0; id < g.size(); ++id) {
    const Node& n = g.node(id);
    JsonObject json, settings;
    if (n.kind == NodeKind::op)
      for (const Setting& s : n.op->settings())
        std::visit([&](const auto& value) { settings.add(s.name, value); }, s.value);
    if (n.kind == NodeKind::constant) settings.add("value", n.constant);
    std::vector<std::string> inputs;
    std::string of;
    for (const int from : n.inputs) inputs.push_back(g.node(from).name);
    for (const std::string& name : inputs) of += (of.empty() ? "" : ", ") + name;
    rows.push_back({printable(n.name, 24), std::string(kind_word(n)),
                    printable(special_settings(n), 28), shape_text(n.shape), of});
    nodes.push_back(
        json.add("name", n.name)
            .add("operation", kind_word(n))
            .add("settings", settings)
            .add("inputs", inputs)
            .add("batched", n.shape.batched())
            .add("shape", std::vector<Index>(n.shape.dims().begin(), n.shape.dims().end())));
  }
  sheet.json.add("nodes", nodes);
  // The last column takes what is left of the line.
  constexpr std::size_t kColumns = 5;
  const std::vector<std::string> titles = {"node", "operation", "settings", "shape", "of"};
  int left = sheet.width();
  for (std::size_t c = 0; c + 1 < kColumns; ++c) {
    int widest = display_width(titles[c]);
    for (const auto& row : rows) widest = std::max(widest, display_width(row[c]));
    left -= widest + 2;
  }
  std::vector<ColumnStyle> styles;
  for (const std::string& title : titles) styles.push_back({title, true});
  for (auto& row : rows)
    row.back() = printable(row.back(), sheet.all() ? 1 << 20 : std::max(left, 16));
  sheet.table(styles, rows, rows.size());
}

}  // namespace chainrule::cli
