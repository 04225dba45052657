// Names of single numbers: fc1.weight[37,12].
#include <charconv>

#include "chainrule/core/file_order.h"
#include "chainrule/explain/element.h"

namespace chainrule {
namespace {

bool is_transposed(const Node& node) {
  return node.kind == NodeKind::param && node.param_options.file_layout == FileLayout::transposed;
}

/// The axes of one row as users count them.
std::vector<Index> axes(const Node& node, const Shape& image, std::size_t given) {
  std::vector<Index> dims(node.shape.dims().begin(), node.shape.dims().end());
  if (is_transposed(node)) return FileOrder(node.shape).dims;
  const bool picture = node.kind == NodeKind::input && dims.size() == 1 && image.rank() == 2 &&
                       image.size() == dims[0] && given == 3;
  if (picture) dims = {image[0], image[1]};
  return dims;
}

std::vector<Index> read_indices(std::string_view text, std::string_view list) {
  std::vector<Index> indices;
  while (true) {
    while (list.starts_with(' ')) list.remove_prefix(1);
    Index value = 0;
    const auto [end, error] = std::from_chars(list.data(), list.data() + list.size(), value);
    if (error != std::errc{})
      throw Error(cat("'", text.substr(0, 60), "' is no element, expected for example ",
                      "'fc1.weight[37,12]' or 'fc1.bias[3]'"));
    indices.push_back(value);
    list.remove_prefix(static_cast<std::size_t>(end - list.data()));
    while (list.starts_with(' ')) list.remove_prefix(1);
    if (list.empty()) return indices;
    if (!list.starts_with(','))
      throw Error(cat("'", text.substr(0, 60), "': expected ',' or ']' after ", value));
    list.remove_prefix(1);
  }
}

}  // namespace

Element find_element(const Graph& graph, std::string_view text, Index rows, const Shape& image) {
  const std::size_t bracket = text.find('[');
  const std::string_view name = text.substr(0, bracket);
  const Var v = graph.find(name);
  const Node& node = graph.node(v);
  if (node.kind == NodeKind::class_input || node.kind == NodeKind::constant)
    throw Error(cat("'", name, "' has no gradient: nothing depends on it smoothly"));
  std::vector<Index> given;
  if (bracket != text.npos) {
    if (!text.ends_with(']')) throw Error(cat("'", text.substr(0, 60), "' does not end with ']'"));
    given = read_indices(text, text.substr(bracket + 1, text.size() - bracket - 2));
  }
  std::vector<Index> dims = axes(node, image, given.size());
  const bool batched = node.shape.batched();
  if (batched) dims.insert(dims.begin(), rows);
  std::string shape;
  for (const Index d : dims) shape += cat(shape.empty() ? "" : ", ", d);
  if (given.size() != dims.size())
    throw Error(cat("'", name, "' has ", dims.size(), dims.size() == 1 ? " axis [" : " axes [",
                    shape, "]", batched ? ", the first one the row of the batch" : "", "; '",
                    text.substr(0, 60), "' names ", given.size()));
  Index offset = 0, row = 0;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (given[i] < 0 || given[i] >= dims[i])
      throw Error(cat("index ", given[i], " of '", text.substr(0, 60), "' is out of range: ", name,
                      " is [", shape, "], counted from 0"));
    if (batched && i == 0)
      row = given[i];
    else
      offset = offset * dims[i] + given[i];
  }
  if (is_transposed(node)) offset = FileOrder(node.shape).in_memory(offset);
  return {v, row, offset, std::string(text)};
}

std::string element_name(Var v, Index row, Index offset) {
  const Node& node = v.graph().node(v);
  std::vector<Index> indices;
  if (node.shape.batched() && row >= 0) indices.push_back(row);
  const std::size_t first = indices.size();
  std::vector<Index> dims(node.shape.dims().begin(), node.shape.dims().end());
  if (is_transposed(node)) {
    const FileOrder order(node.shape);
    dims = order.dims, offset = order.in_file(offset);
  }
  for (std::size_t axis = dims.size(); axis-- > 0; offset /= dims[axis])
    indices.insert(indices.begin() + static_cast<std::ptrdiff_t>(first), offset % dims[axis]);
  std::string text = node.name;
  for (std::size_t i = 0; i < indices.size(); ++i) text += cat(i == 0 ? "[" : ",", indices[i]);
  return indices.empty() ? text : text + "]";
}

}  // namespace chainrule
