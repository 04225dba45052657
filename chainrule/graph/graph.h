// The recorded network: an append-only list of nodes in topological order.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/core/random.h"
#include "chainrule/core/shape.h"

namespace chainrule {

class Graph;
class Op;

/// A node of a graph: what user code passes around. Copies are cheap and mean the same node.
class Var {
 public:
  Var() = default;
  Var(Graph* graph, int id) : graph_(graph), id_(id) {}

  /// False for a default-constructed Var, which stands for "none" in options.
  explicit operator bool() const { return graph_ != nullptr; }
  Graph& graph() const { return *graph_; }
  int id() const { return id_; }
  const Shape& shape() const;
  const std::string& name() const;
  bool operator==(const Var&) const = default;

 private:
  Graph* graph_ = nullptr;
  int id_ = -1;
};

/// Fills the elements of a parameter. Values are drawn in double for any element type, so float
/// and double networks of one seed start alike.
using Initializer =
    std::function<void(std::span<double> values, const Shape& shape, Random& random)>;

/// How a parameter lies in a file: PyTorch keeps a linear layer's weight as [O, I], we as [I, O].
enum class FileLayout { same, transposed };

struct ParamOptions {
  Initializer init;       ///< none: zeros
  bool trainable = true;  ///< false for running statistics
  FileLayout file_layout = FileLayout::same;
};

enum class NodeKind { input, class_input, constant, param, op };

/// One entry of the recipe. `op` is null unless kind is op.
struct Node {
  NodeKind kind;
  std::string name;
  Shape shape;
  std::vector<int> inputs;
  std::shared_ptr<const Op> op;
  Location at;
  int param = -1;                ///< index among the parameters
  ParamOptions param_options;    ///< kind param only
  std::vector<double> constant;  ///< kind constant only
  Index classes = 0;             ///< kind class_input only: valid indices are [0, classes)
};

/// An append-only recipe: inputs, parameters, constants, operations. Knows no batch size and no
/// values. A node's inputs always have smaller numbers, so one loop forward and one loop backward
/// visit everything in the right order.
class Graph {
 public:
  Graph() = default;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  /// One row of data; the batch axis comes at run time. `shape` {} is one number per row.
  Var input(std::string_view name, const Shape& shape = {}, Location at = Location::current());
  /// One class index (int32, 0 <= index < classes) per row and per element of `shape`.
  Var class_input(std::string_view name, Index classes, const Shape& shape = {},
                  Location at = Location::current());
  /// A value that stays: one number, or as many as `shape` has, row-major.
  Var constant(double value, Location at = Location::current());
  Var constant(const Shape& shape, std::vector<double> values, Location at = Location::current());
  /// A parameter, without batch axis. Names are unique in a graph.
  Var param(std::string_view name, const Shape& shape, ParamOptions options = {},
            Location at = Location::current());

  int size() const { return static_cast<int>(nodes_.size()); }
  const Node& node(int id) const { return nodes_[static_cast<std::size_t>(id)]; }
  const Node& node(Var v) const { return node(v.id()); }
  Var var(int id) { return {this, id}; }
  /// The node of that name. Throws Error, naming the nearest name, when there is none.
  Var find(std::string_view name);
  /// Node numbers of the parameters, in order of creation.
  std::span<const int> params() const { return params_; }
  std::span<const int> inputs() const { return inputs_; }

  /// Renames a node; returns it, so that it can be used in an expression.
  Var rename(Var v, std::string_view name);
  /// `prefix` + the smallest number from 1 that makes it unused: "relu1".
  std::string unused_name(std::string_view prefix);

  /// Appends an operation. Used by add_op().
  Var append(std::shared_ptr<const Op> op, std::span<const Var> inputs, Location at);

 private:
  Var append(Node node);

  std::vector<Node> nodes_;
  std::vector<int> params_, inputs_;
  std::unordered_map<std::string, int> by_name_;
  std::unordered_map<std::string, int> counters_;
};

/// "(model.cpp:42)": the user's line, without folders.
std::string describe(const Location& at);

namespace detail {
Var add_node(std::shared_ptr<const Op> op, std::span<const Var> inputs, Location at);
}

}  // namespace chainrule
