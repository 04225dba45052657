// What an operation is: its document, its shapes, its forward and its backward pass, together.
#pragma once

#include <concepts>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chainrule/core/shape.h"
#include "chainrule/graph/context.h"
#include "chainrule/graph/graph.h"

namespace chainrule {

/// The document of an operation: what help, explanations and pictures show. Formulas name the
/// inputs as `inputs` does and call the output y, its gradient dy, the gradient of x dx.
/// Constructing one adds it to documents(), so define it once, at namespace scope, in the file of
/// its operation.
struct OpDoc {
  OpDoc(std::string_view name, std::vector<std::string_view> inputs, std::string_view forward,
        std::vector<std::string_view> backward, std::string_view source = "");
  OpDoc(const OpDoc&) = delete;

  std::string_view name;                   ///< "relu"
  std::vector<std::string_view> inputs;    ///< {"x"}; a last name "..." means any number
  std::string_view forward;                ///< "y = max(x, 0)"
  std::vector<std::string_view> backward;  ///< one per input: {"dx = dy * (x > 0)"}
  std::string_view source;                 ///< where the formula comes from

  /// Documents of every operation linked into this program.
  static const std::vector<const OpDoc*>& all();
};

/// An operation as a graph keeps it: immutable, without values.
class Op {
 public:
  virtual ~Op() = default;
  virtual const OpDoc& doc() const = 0;
  /// The hyper-parameters as text, "rate 0.2", or ""; numbers to the last digit (exact()).
  virtual std::string settings() const = 0;
  /// Shape of the output. Throws ShapeError when the inputs do not fit.
  virtual Shape infer(std::span<const Shape> inputs) const = 0;
  /// Elements of working memory for up to `rows` rows, kept from forward to backward.
  virtual Index workspace(std::span<const Shape> inputs, Index rows) const = 0;
  /// True when backward() obeys Context::first(), so that the tape need not fill with zeros.
  virtual bool assigns() const = 0;
  /// True when that input must be class indices; otherwise it must be numbers.
  virtual bool takes_indices(int input) const = 0;
  /// True when update_state() does something.
  virtual bool has_state() const = 0;

  virtual void forward(const Context<float>&) const = 0;
  virtual void forward(const Context<double>&) const = 0;
  /// Adds to Context::din() of each input whose gradient is wanted.
  virtual void backward(const Context<float>&) const = 0;
  virtual void backward(const Context<double>&) const = 0;
  /// After a training step: moves running statistics. Everything else leaves inputs alone.
  virtual void update_state(const Context<float>&) const = 0;
  virtual void update_state(const Context<double>&) const = 0;
};

/// What a struct must offer to become an operation. `doc` is a static OpDoc; forward and backward
/// are templates over float and double. Optional: `settings()`, `workspace(shapes, rows)`,
/// `takes_indices(input)`, `update_state(context)`, and `static constexpr bool kAssigns = true`.
template <class O>
concept Operation = requires(const O& op, const Context<float>& f, const Context<double>& d,
                             std::span<const Shape> shapes) {
  { O::doc } -> std::convertible_to<const OpDoc&>;
  { op.infer(shapes) } -> std::same_as<Shape>;
  op.forward(f), op.forward(d);
  op.backward(f), op.backward(d);
};

namespace detail {

template <Operation O>
class OpModel final : public Op {
 public:
  explicit OpModel(O op) : op_(std::move(op)) {}
  const OpDoc& doc() const override { return O::doc; }
  std::string settings() const override {
    if constexpr (requires { op_.settings(); }) return op_.settings();
    return "";
  }
  Shape infer(std::span<const Shape> inputs) const override { return op_.infer(inputs); }
  Index workspace(std::span<const Shape> inputs, Index rows) const override {
    if constexpr (requires { op_.workspace(inputs, rows); }) return op_.workspace(inputs, rows);
    return 0;
  }
  bool assigns() const override {
    if constexpr (requires { O::kAssigns; }) return O::kAssigns;
    return false;
  }
  bool takes_indices(int input) const override {
    if constexpr (requires { op_.takes_indices(input); }) return op_.takes_indices(input);
    return false;
  }
  bool has_state() const override {
    return requires(const Context<float>& c) { op_.update_state(c); };
  }
  void forward(const Context<float>& c) const override { op_.forward(c); }
  void forward(const Context<double>& c) const override { op_.forward(c); }
  void backward(const Context<float>& c) const override { op_.backward(c); }
  void backward(const Context<double>& c) const override { op_.backward(c); }
  void update_state(const Context<float>& c) const override { update(c); }
  void update_state(const Context<double>& c) const override { update(c); }

 private:
  template <class T>
  void update(const Context<T>& c) const {
    if constexpr (requires { op_.update_state(c); }) op_.update_state(c);
  }
  O op_;
};

}  // namespace detail

/// Adds an operation to the graph of its inputs; this is all that a public function of an
/// operation does: `Var relu(Var x, Location at) { return add_op(Relu{}, {x}, at); }`
template <Operation O>
Var add_op(O op, std::initializer_list<Var> inputs, Location at) {
  return add_op(std::move(op), std::span(inputs.begin(), inputs.size()), at);
}
template <Operation O>
Var add_op(O op, std::span<const Var> inputs, Location at) {
  return detail::add_node(std::make_shared<const detail::OpModel<O>>(std::move(op)), inputs, at);
}

}  // namespace chainrule
