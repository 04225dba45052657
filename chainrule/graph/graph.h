// The recorded network: an append-only list of nodes in topological order.
#pragma once

#include <concepts>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
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

  /// False for a default-constructed Var, which stands for "none" in options.
  explicit operator bool() const { return home_ != nullptr; }
  /// Throws Error when it is empty or its graph is gone.
  Graph& graph() const;
  int id() const { return id_; }
  const Shape& shape() const;
  const std::string& name() const;
  bool operator==(const Var&) const = default;

 private:
  friend class Graph;
  Var(std::shared_ptr<Graph*> home, int id) : home_(std::move(home)), id_(id) {}

  std::shared_ptr<Graph*> home_;  // outlives the graph, whose end sets it to null
  int id_ = -1;
};

/// Fills the elements of a parameter. Values are drawn in double for any element type, so float
/// and double networks of one seed start alike.
class Initializer {
 public:
  using Function =
      std::function<void(std::span<double> values, const Shape& shape, Random& random)>;
  Initializer() = default;
  /// `text` is what initializer() reads, for files; "" for one that has no name.
  template <std::invocable<std::span<double>, const Shape&, Random&> F>
  Initializer(F function, std::string text = "")  // NOLINT: implicit
      : function_(std::move(function)), text_(std::move(text)) {}

  explicit operator bool() const { return function_ != nullptr; }
  void operator()(std::span<double> values, const Shape& shape, Random& random) const {
    function_(values, shape, random);
  }
  const std::string& text() const { return text_; }

 private:
  Function function_;
  std::string text_;
};

/// How a parameter lies in a file: PyTorch keeps a linear layer's weight as [O, I], we as [I, O];
/// see core/file_order.h.
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
  Graph() : home_(std::make_shared<Graph*>(this)) {}
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  ~Graph() { *home_ = nullptr; }

  /// A graph of the same nodes under the same numbers. It knows the Vars of the nodes that it was
  /// made of: they mean its own there.
  std::unique_ptr<Graph> clone() const;
  /// While it lives, and `on`, param() gives the parameter of that name and shape where there is
  /// one, and rename() numbers a name that is taken: layers that are added again share theirs.
  class Sharing {
   public:
    explicit Sharing(Graph& graph, bool on = true)
        : graph_(graph), before_(std::exchange(graph.sharing_, on)) {}
    ~Sharing() { graph_.sharing_ = before_; }
    Sharing(const Sharing&) = delete;

   private:
    Graph& graph_;
    bool before_;
  };

  /// No node is added from here on.
  void seal() { sealed_ = true; }
  /// The number of the node that `v` means here. Throws Error when it is empty, belongs to another
  /// graph, or is not among the first `size` nodes, which is said of a run that was planned before.
  int number(const Var& v, int size) const;
  int number(const Var& v) const { return number(v, size()); }

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
  const Node& node(const Var& v) const { return node(number(v)); }
  Var var(int id) const { return {home_, id}; }
  bool has(std::string_view name) const { return by_name_.contains(std::string(name)); }
  /// The node of that name. Throws Error, naming the nearest name, when there is none.
  Var find(std::string_view name) const;
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

  std::deque<Node> nodes_;  // in a place that stays, since runs keep pointers to shapes
  std::vector<int> params_, inputs_;
  std::unordered_map<std::string, int> by_name_;
  std::unordered_map<std::string, int> counters_;
  std::shared_ptr<Graph*> home_;
  std::shared_ptr<Graph*> origin_;  // of the graph that this is a clone of
  int cloned_ = 0;                  // nodes that it had
  bool sealed_ = false;
  bool sharing_ = false;
};

/// "(model.cpp:42)": the user's line, without folders.
std::string describe(const Location& at);

namespace detail {
Var add_node(std::shared_ptr<const Op> op, std::span<const Var> inputs, Location at);
}

}  // namespace chainrule
