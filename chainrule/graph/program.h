// The plan of a run, without a pointer in it: which operations run, and where everything lies.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "chainrule/core/thread_pool.h"
#include "chainrule/graph/graph.h"

namespace chainrule {

struct TapeOptions {
  Index rows = 1;              ///< longest batch that will run; a shorter one is a prefix
  ThreadPool* pool = nullptr;  ///< none: the calling thread alone; must outlive the tape
  /// Gradients of inputs (not only of parameters) are wanted.
  bool input_gradients = true;
  /// Not empty: an inference tape. It computes these nodes only, has no gradients, and re-uses
  /// the memory of every other node as soon as its last reader has run.
  std::vector<Var> outputs = {};
  /// Zeros for Tape::param_grads() in memory of somebody else, aligned to kAlignment, which must
  /// outlive the tape; none: the tape's own.
  std::span<std::byte> param_grads = {};
  /// By number of the parameter: its gradient is not wanted. Shorter or empty: it is.
  std::vector<bool> frozen = {};
};

/// Elements between two buffers that nobody may write, and how many a buffer of `n` takes up.
inline constexpr Index kGuard = 16;
inline constexpr Index padded(Index n) { return (n + 15) / 16 * 16; }

/// What a tape of a graph will do with memory that does not exist yet. Offsets count elements.
class Program {
 public:
  /// Where a node's buffers lie in the arena; -1: it has none.
  struct Place {
    Index value = -1, grad = -1, workspace = -1;
    Index indices = -1;  ///< in the arena of class indices
    Index workspace_size = 0;
    bool needed = false;      ///< somebody reads it
    bool param_grad = false;  ///< its gradient lies among those of the parameters
    bool readable = true;     ///< nobody else uses the memory of its value afterwards
    bool wants_grad() const { return grad >= 0 || param_grad; }
  };
  /// One operation's turn in a backward pass.
  struct Turn {
    int node;
    std::vector<bool> first;  ///< by input: it is the first to write that gradient
    std::vector<int> zero;    ///< nodes whose gradient must be filled with zeros before
  };

  Program(const Graph& graph, const TapeOptions& options);

  bool inference() const { return inference_; }
  Index rows() const { return rows_; }  ///< at most
  const std::vector<Place>& places() const { return places_; }
  const Place& place(int node) const { return places_[static_cast<std::size_t>(node)]; }
  /// Nodes of the operations that run forward, in order.
  const std::vector<int>& steps() const { return steps_; }
  Index arena() const { return arena_; }
  Index index_arena() const { return index_arena_; }
  /// Elements of a node's value, for the most rows.
  Index elements(const Node& node) const {
    return node.shape.size() * (node.shape.batched() ? rows_ : 1);
  }

  /// The backward pass from a node. Throws Error when it depends on nothing to differentiate.
  std::vector<Turn> backward(int from) const;

 private:
  void place_nodes(const TapeOptions& options);

  const Graph* graph_;
  Index rows_;
  bool inference_;
  std::vector<Place> places_;
  std::vector<int> steps_;
  Index arena_ = 0, index_arena_ = 0;
};

}  // namespace chainrule
