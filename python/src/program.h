// A recorded graph with its memory, as Python runs it, and optimizers of its parameters.
#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chainrule/check/gradcheck.h"
#include "chainrule/explain/element.h"
#include "chainrule/explain/explanation.h"
#include "chainrule/graph/tape.h"
#include "chainrule/optim/clip.h"
#include "chainrule/optim/optimizers.h"
#include "python/src/model.h"
#include "python/src/record.h"

namespace chainrule::python {

/// For what is too little to be shared out.
inline ThreadPool& alone() {
  static ThreadPool pool(1);
  return pool;
}

/// An optimizer with what it remembers about one parameter.
template <class T>
class Stepper {
 public:
  Stepper(std::string name, OptimizerSettings settings, Index size)
      : name_(std::move(name)),
        settings_(std::move(settings)),
        optimizer_(make_optimizer(name_, settings_)),
        state_(optimizer_.start<T>(size)) {}

  void step(Array<T>& values, std::span<const T> grads, double lr) {
    if (values.size() != std::ssize(grads)) throw ShapeError("values and gradients differ in size");
    optimizer_.step(state_,
                    std::span<T>(values.mutable_data(), static_cast<std::size_t>(values.size())),
                    grads, lr, alone());
  }
  double lr() const { return optimizer_.lr(); }

  /// For pickle: rule, settings, steps taken, what is remembered.
  py::tuple state() const {
    py::list slots;
    for (const Buffer<T>& s : state_.slots)
      slots.append(copied(std::span<const T>(s.begin(), s.end()), {std::ssize(s)}));
    return py::make_tuple(name_, settings_, state_.step, slots);
  }
  Stepper(const py::tuple& t, Index size)
      : Stepper(t[0].cast<std::string>(), t[1].cast<OptimizerSettings>(), size) {
    state_.step = t[2].cast<std::int64_t>();
    const auto slots = t[3].cast<std::vector<Array<T>>>();
    for (std::size_t i = 0; i < slots.size(); ++i) {
      Buffer<T>& slot = state_.slots.at(i);
      if (slots[i].size() != slot.size()) throw ShapeError("the state is that of other parameters");
      std::copy_n(slots[i].data(), slots[i].size(), slot.begin());
    }
  }
  Stepper(const Stepper&) = delete;

 private:
  std::string name_;
  OptimizerSettings settings_;
  Optimizer optimizer_;
  OptimizerState<T> state_;
};

/// What an input or a parameter holds: an array, or None; shared by the programs that read it.
struct Leaf {
  py::object value;
};

/// A graph, its parameters and a tape, of which Python sees nodes by their numbers. Nodes are those
/// of append_nodes(), of inputs and parameters with their Leaf behind, which is read before a pass.
template <class T>
class Program {
 public:
  explicit Program(const py::list& nodes) : vars_(append_nodes(graph_, nodes)), params_(graph_) {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const auto t = nodes[i].cast<py::tuple>();
      const py::object last = t[t.size() - 1];
      if (py::isinstance<Leaf>(last)) leaves_.push_back({vars_[i], last, &last.cast<Leaf&>()});
    }
    make_tape(rows_of_leaves());
  }

  /// From here on other leaves, in the order of the nodes, are those of this graph.
  void rebind(const py::list& leaves) {
    const Usage::Hold hold(usage_, true, kWhat);
    if (leaves.size() != leaves_.size()) throw Error("a graph was given other leaves");
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
      leaves_[i].owner = leaves[i];
      leaves_[i].leaf = &py::handle(leaves[i]).cast<Leaf&>();
    }
  }

  /// Copies in what the leaves hold; true when anything differs from what is there, bit by bit.
  bool refresh() {
    const Usage::Hold hold(usage_, true, kWhat);
    return copy_leaves();
  }

  /// Computes everything, unless it has been for what the leaves hold; true when it had to.
  bool run(bool training, std::uint64_t seed, std::uint64_t step) {
    const Usage::Hold hold(usage_, true, kWhat);
    const Pass pass{.training = training, .seed = seed, .step = step};
    const bool same = pass_.training == training && pass_.seed == seed && pass_.step == step;
    if (!copy_leaves() && ran_ && same) return false;
    ran_ = false;  // until it has succeeded
    pass_ = pass;
    {
      const py::gil_scoped_release release;
      tape_->forward(pass_);
    }
    return ran_ = true;
  }

  /// Do the values belong to what the leaves hold now?
  bool is_fresh(bool training, std::uint64_t seed, std::uint64_t step) {
    const Usage::Hold hold(usage_, true, kWhat);
    const bool same = pass_.training == training && pass_.seed == seed && pass_.step == step;
    if (copy_leaves()) ran_ = false;
    return ran_ && same;
  }

  void backward(int from, const std::optional<Array<T>>& upstream) {
    const Usage::Hold hold(usage_, true, kWhat);
    const py::gil_scoped_release release;
    if (upstream)
      tape_->backward(var(from), span_of(*upstream));
    else
      tape_->backward(var(from));
  }

  /// Moves running statistics, and hands out their new values.
  void update_state() {
    const Usage::Hold hold(usage_, true, kWhat);
    tape_->update_state();
  }

  Array<T> value(int node) {
    const Usage::Hold hold(usage_, false, kWhat);
    return array(var(node), tape_->value(var(node)));
  }
  Array<T> param(int node) {
    const Usage::Hold hold(usage_, false, kWhat);
    return array(var(node), View<const T>(params_[var(node)]));
  }
  Array<T> grad(int node) {
    const Usage::Hold hold(usage_, false, kWhat);
    return array(var(node), tape_->grad(var(node)));
  }
  py::list contributions(int node) {
    const Usage::Hold hold(usage_, false, kWhat);
    py::list terms;
    for (const Term<T>& t : tape_->contributions(var(node)))
      terms.append(py::make_tuple(t.consumer.name(), t.input,
                                  array(var(node), View<const T>(t.amount.view()))));
    return terms;
  }
  std::string name(int node) { return var(node).name(); }

  /// One step of each parameter of `leaves` by the stepper of its place, with the gradients of the
  /// last backward(). Throws NumericError, and changes nothing, when one is not finite.
  void step(const py::list& steppers, const py::list& leaves, double lr) {
    const Usage::Hold hold(usage_, true, kWhat);
    for (const py::handle& h : leaves) {
      const Var v = var_of(h.cast<Leaf&>());
      if (!all_finite(std::as_const(*tape_).grad(v).span(), alone()))
        throw NumericError(
            cat("the gradient of '", v.name(), "' is not finite; no parameter was changed"));
    }
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      const Leaf& leaf = leaves[i].cast<Leaf&>();
      auto values = leaf.value.cast<Array<T>>();
      steppers[i].cast<Stepper<T>&>().step(values, std::as_const(*tape_).grad(var_of(leaf)).span(),
                                           lr);
    }
  }

  /// The first node, in the order of computation, with NaN or infinity, and whether it is in the
  /// gradient.
  py::object find_nonfinite() {
    const Usage::Hold hold(usage_, false, kWhat);
    const auto found = tape_->find_nonfinite();
    if (!found) return py::none();
    return py::make_tuple(found->node.name(), found->in_gradient);
  }

  Explanation explain(int output, bool check) requires std::same_as<T, double> {
    const Usage::Hold hold(usage_, true, kWhat);
    std::vector<Var> fixed;
    return chainrule::explain(*tape_, var(output), {.pass = pass_, .check = check, .fixed = fixed});
  }
  ElementExplanation explain_element(int output,
                                     const std::string& name) requires std::same_as<T, double> {
    const Usage::Hold hold(usage_, true, kWhat);
    tape_->forward(pass_);
    tape_->backward(var(output));
    return chainrule::explain_element(*tape_, var(output),
                                      find_element(graph_, name, tape_->rows()), pass_);
  }
  py::dict compare(int output, const py::dict& arrays) requires std::same_as<T, double> {
    const std::vector<data::NpzArray> given = given_arrays(arrays);
    const Usage::Hold hold(usage_, true, kWhat);
    return comparison_dict(
        chainrule::compare<double>(*tape_, &params_, var(output), given, {.pass = pass_}));
  }
  GradcheckReport gradcheck(int output,
                            const GradcheckOptions& options) requires std::same_as<T, double> {
    const Usage::Hold hold(usage_, true, kWhat);
    return gradcheck_model(
        params_, var(output), tape_->rows(),
        [&](Tape<double>& to) {
          to.set_rows(tape_->rows());
          for (const int id : graph_.inputs()) {
            const Var v = graph_.var(id);
            if (graph_.node(id).kind == NodeKind::class_input) {
              const View<std::int32_t> from = tape_->class_input(v);
              to.set(v, std::span<const std::int32_t>(from.span()));
            } else {
              to.set(v, std::span<const double>(tape_->input(v).span()));
            }
          }
        },
        options);
  }

 private:
  static constexpr const char* kWhat = "the graph";
  struct Bound {
    Var var;
    py::object owner;
    Leaf* leaf;
  };

  void make_tape(Index rows) {
    tape_.emplace(params_, TapeOptions{.rows = rows});
    ran_ = false;
  }
  Var var(int node) const { return vars_.at(static_cast<std::size_t>(node)); }
  Var var_of(const Leaf& leaf) const {
    for (const Bound& b : leaves_)
      if (b.leaf == &leaf) return b.var;
    throw Error("a parameter is not one of this graph");
  }
  Array<T> array(Var v, View<const T> values) const {
    return copied(std::span<const T>(values.span()), dims_of(v.shape(), tape_->rows()));
  }

  Index rows_of_leaves() const {
    Index rows = 0;
    const Bound* first = nullptr;
    for (const Bound& b : leaves_) {
      if (graph_.node(b.var).kind == NodeKind::param) continue;
      if (b.leaf->value.is_none())
        throw Error(cat("input '", b.var.name(), "' has no value yet; set its value"));
      const auto own = static_cast<Index>(py::array(b.leaf->value).shape(0));
      if (first != nullptr && own != rows)
        throw ShapeError(cat("input '", first->var.name(), "' has ", rows, " rows, '", b.var.name(),
                             "' has ", own));
      rows = own, first = &b;
    }
    return first == nullptr ? 1 : rows;
  }

  bool copy_leaves() {
    const Index rows = rows_of_leaves();
    bool changed = rows != tape_->rows();
    if (rows > tape_->capacity())
      make_tape(rows);
    else if (changed)
      tape_->set_rows(rows);
    for (const Bound& b : leaves_) {
      const NodeKind kind = graph_.node(b.var).kind;
      if (kind == NodeKind::class_input) {
        const Array<std::int32_t> from(b.leaf->value);
        const auto to = tape_->class_input(b.var);
        if (std::equal(from.data(), from.data() + from.size(), to.begin(), to.end())) continue;
        tape_->set(b.var, span_of(from));
        changed = true;
        continue;
      }
      const View<T> to = kind == NodeKind::param ? params_[b.var] : tape_->input(b.var);
      const py::array_t<T, py::array::c_style | py::array::forcecast> from(b.leaf->value);
      if (to.size() != from.size())
        throw ShapeError(
            cat("'", b.var.name(), "' holds ", from.size(), " numbers, expected ", to.size()));
      const auto bytes = sizeof(T) * static_cast<std::size_t>(to.size());
      if (std::memcmp(to.data(), from.data(), bytes) == 0) continue;
      std::memcpy(to.data(), from.data(), bytes);
      changed = true;
    }
    return changed;
  }

  Graph graph_;
  std::vector<Var> vars_;
  Params<T> params_;
  std::vector<Bound> leaves_;
  std::optional<Tape<T>> tape_;
  Pass pass_;
  bool ran_ = false;
  Usage usage_;
};

}  // namespace chainrule::python
