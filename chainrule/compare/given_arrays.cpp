#include "chainrule/compare/given_arrays.h"

#include <algorithm>
#include <cmath>

#include "chainrule/compare/mistakes.h"
#include "chainrule/core/error.h"
#include "chainrule/core/plain_text.h"
#include "chainrule/graph/op.h"

namespace chainrule::detail {
namespace {

constexpr std::string_view kMask = ".mask";

std::vector<Index> without_ones(std::vector<Index> shape) {
  std::erase(shape, Index{1});
  return shape;
}

int find_node(const Graph& graph, int input, int loss, const std::string& name) {
  std::vector<std::string_view> names;
  for (int id = loss; id >= 0; --id) {
    const Node& node = graph.node(id);
    const bool is_gradient = node.kind == NodeKind::op || id == input ||
                             (node.kind == NodeKind::param && node.param_options.trainable);
    if (is_gradient && node.name == name) return id;
    if (node.kind == NodeKind::param && node.param_options.trainable) names.push_back(node.name);
  }
  throw DataError(cat("array '", without_controls(name.substr(0, 60)),
                      "' has the name of no parameter, no operation and not of the input",
                      did_you_mean(name, names)));
}

GivenArray read_gradient(const Graph& graph, int id, Index rows, const data::NpzArray& from) {
  const Node& node = graph.node(id);
  const std::vector<Index>& got = from.array.shape;
  std::vector<Index> memory(node.shape.dims().begin(), node.shape.dims().end());
  if (node.shape.batched()) memory.insert(memory.begin(), rows);
  std::vector<Index> file = memory;
  const bool turned =
      node.kind == NodeKind::param && node.param_options.file_layout == FileLayout::transposed;
  if (turned) std::swap(file[0], file[1]);

  GivenArray given{.name = from.name, .node = id, .values = from.array.as<double>()};
  const std::string shapes =
      cat("it is ", data::shape_text(got), ", expected ", data::shape_text(file));
  if (!std::ranges::all_of(given.values, [](double x) { return std::isfinite(x); })) {
    given.values.clear();
    given.kind = "not finite", given.note = "it holds NaN or infinity";
  } else if (got == file || without_ones(got) == without_ones(file)) {
    if (turned) given.values = transposed(given.values, file[0], file[1]);
  } else if (node.kind == NodeKind::input && got.size() > 1 && got[0] == rows &&
             static_cast<Index>(given.values.size()) == rows * node.shape.size()) {
    // Pictures with their height and width.
  } else if (got == memory) {
    given.kind = "transposed";
    given.note = cat(shapes, ": in files a weight lies as [outputs, inputs], as in PyTorch");
  } else if (got.size() > file.size() && got[0] == rows &&
             static_cast<Index>(given.values.size()) == rows * node.shape.size()) {
    const auto width = given.values.size() / static_cast<std::size_t>(rows);
    for (std::size_t i = width; i < given.values.size(); ++i)
      given.values[i % width] += given.values[i];
    given.values.resize(width);
    if (turned && got[1] == file[0]) given.values = transposed(given.values, file[0], file[1]);
    given.kind = "not summed over the rows";
    given.note = cat(shapes, ": it still has a row per sample, add them up");
  } else if (node.kind == NodeKind::param && without_ones(got) == std::vector<Index>{rows}) {
    given.values.clear();
    given.kind = "summed over the wrong axis";
    given.note = cat(shapes,
                     ": it has a number per row of the batch; add up the rows, not the "
                     "features");
  } else if (given.values.size() == 1) {
    given.values.clear();
    given.kind = "summed over the wrong axis";
    given.note = cat(shapes, ": everything was added up to one number");
  } else {
    throw DataError(cat("array '", from.name, "' has shape ", data::shape_text(got), ", expected ",
                        data::shape_text(file)));
  }
  return given;
}

/// Dropped elements are 0; all others have the one factor that forward multiplied them by.
std::vector<double> read_mask(const Node& node, Index rows, const data::NpzArray& from) {
  std::vector<double> mask = from.array.as<double>();
  const std::string name = cat("mask '", from.name, "'");
  if (static_cast<Index>(mask.size()) != rows * node.shape.size())
    throw DataError(cat(name, " has shape ", data::shape_text(from.array.shape), ", expected ",
                        rows, " rows of ", node.shape.size()));
  const double kept = 1 / (1 - node.op->setting("rate"));
  for (double& m : mask) {
    if (m != 0 && m != 1 && std::abs(m - kept) > 1e-5 * kept)
      throw DataError(cat(name, " holds ", m, ", expected 0 for dropped and 1 or ", kept,
                          " for kept elements"));
    if (m != 0) m = kept;
  }
  return mask;
}

}  // namespace

GivenArrays read_given(const Graph& graph, int input, int loss, Index rows,
                       std::span<const data::NpzArray> arrays) {
  GivenArrays given;
  for (const data::NpzArray& a : arrays) {
    if (!a.name.ends_with(kMask)) {
      given.gradients.push_back(
          read_gradient(graph, find_node(graph, input, loss, a.name), rows, a));
      continue;
    }
    const std::string owner = a.name.substr(0, a.name.size() - kMask.size());
    const int id = find_node(graph, input, loss, owner);
    if (graph.node(id).op == nullptr || graph.node(id).op->doc().name != "dropout")
      throw DataError(cat("'", owner, "' is no dropout, so it has no mask"));
    given.masks[id] = read_mask(graph.node(id), rows, a);
  }
  if (given.gradients.empty()) throw DataError("there is no gradient among the arrays");
  std::ranges::sort(given.gradients, std::ranges::greater(), &GivenArray::node);
  return given;
}

}  // namespace chainrule::detail
