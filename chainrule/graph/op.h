// What an operation is: its document, its shapes, its forward and its backward pass, together.
#pragma once

#include <concepts>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chainrule/core/setting.h"
#include "chainrule/core/shape.h"
#include "chainrule/graph/context.h"
#include "chainrule/graph/graph.h"

namespace chainrule {

/// The document of an operation: what help, explanations and pictures show. Formulas name the
/// inputs as `inputs` does and call the output y, its gradient dy, the gradient of x dx; settings
/// stand in them under their names.
struct OpDoc {
  std::string_view name;                   ///< "relu"
  std::vector<std::string_view> inputs;    ///< {"x"}; a last name "..." means any number
  std::string_view forward;                ///< "y = max(x, 0)"
  std::vector<std::string_view> backward;  ///< one per input: {"dx = dy * (x > 0)"}
  std::string_view source = {};            ///< where the formula comes from
  int optional = 0;                        ///< how many of the last inputs may be left out
};

/// The operator of ONNX that does the same, where there is one to one.
struct OnnxOperator {
  std::string_view name = {};       ///< "LeakyRelu"; "" for none
  std::string_view attribute = {};  ///< what ONNX calls the operation's number setting: "alpha"
  std::string_view setting = {};    ///< what it is called here: "slope"
  double fallback = 0;              ///< of the attribute in ONNX
};

/// What others want to know of an operation without knowing its name.
struct OpTraits {
  bool elementwise = false;  ///< y[i] depends on x[i] alone; set by Elementwise
  bool product = false;      ///< of its first input with its second, a matrix
  bool filter = false;       ///< convolves its first input with its second, [KH, KW, C, O]
  bool loss = false;         ///< a number for each row, of an output and a target
  bool mask = false;         ///< dx is dy times factors that do not grow with x: 0, 1, a slope
  bool normalises = false;   ///< brings its first input to mean 0 and variance 1
  bool competes = false;     ///< outputs of a line depend on each other: softmax
  bool reshapes = false;     ///< the same elements in the same order, with other axes
  bool averages = false;     ///< its one number is the mean of all elements of its input
  bool random = false;       ///< in training; the identity otherwise
  /// What the outputs lie between.
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  /// Initialiser that suits weights before it: "he_normal"; "" when it has no say.
  std::string_view init = {};
  OnnxOperator onnx = {};
  /// y as an expression of C99 in the float x and the settings, for an elementwise operation:
  /// "x > 0.0f ? x : slope * x"; of one with two inputs in the floats a and b: "a + b".
  std::string_view c = {};

  /// Weights are its second input, with the outputs on their last axis.
  bool weighs() const { return product || filter; }
  /// Outputs are probabilities: of a line together, where they compete.
  bool probabilities() const { return low == 0 && high == 1; }
  /// Limited on both sides: gradients vanish where outputs are near a limit.
  bool saturates() const {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    return low > -kInfinity && high < kInfinity;
  }
};

/// An operation as a graph keeps it: immutable, without values.
class Op {
 public:
  virtual ~Op() = default;
  virtual const OpDoc& doc() const = 0;
  virtual const OpTraits& traits() const;
  /// The hyper-parameters.
  virtual SettingList settings() const;
  /// The number of that name: 0.2 for "rate". Throws Error when there is none.
  double setting(std::string_view name) const;
  /// Shape of the output. Throws ShapeError when the inputs do not fit.
  virtual Shape infer(std::span<const Shape> inputs) const = 0;
  /// Elements of working memory for up to `rows` rows, kept from forward to backward.
  virtual Index workspace(std::span<const Shape>, Index /*rows*/) const { return 0; }
  /// True when backward() obeys Context::first(), so that the tape need not fill with zeros.
  virtual bool assigns() const { return false; }
  /// True when that input must be class indices; otherwise it must be numbers.
  virtual bool takes_indices(int /*input*/) const { return false; }
  /// True when update_state() does something.
  virtual bool has_state() const { return false; }

  virtual void forward(const Context<float>&) const = 0;
  virtual void forward(const Context<double>&) const = 0;
  /// Adds to Context::din() of each input whose gradient is wanted.
  virtual void backward(const Context<float>&) const = 0;
  virtual void backward(const Context<double>&) const = 0;
  /// After a training step: moves running statistics. Everything else leaves inputs alone.
  virtual void update_state(const Context<float>&) const {}
  virtual void update_state(const Context<double>&) const {}
};

/// What a struct must offer to become an operation. `doc` is a static OpDoc; forward and backward
/// are templates over float and double. Optional: the visitor `settings(self, f)` (see
/// core/setting.h), `static constexpr OpTraits traits`, `workspace(shapes, rows)`,
/// `takes_indices(input)`, `bind(inputs)`, which takes from the inputs' nodes what shapes do not
/// say, `update_state(context)`, and `static constexpr bool kAssigns = true`.
///
/// Adding it to a graph anywhere in a program registers it: it is then known by its name
/// (registry.h) to formulas, models, files, explanations and Python.
template <class O>
concept Operation = requires(const O& op, const Context<float>& f, const Context<double>& d,
                             std::span<const Shape> shapes) {
  { O::doc } -> std::convertible_to<const OpDoc&>;
  { op.infer(shapes) } -> std::same_as<Shape>;
  op.forward(f), op.forward(d);
  op.backward(f), op.backward(d);
};

namespace detail {

template <class O>
inline constexpr OpTraits traits_of = [] {
  if constexpr (requires { O::traits; })
    return OpTraits(O::traits);
  else
    return OpTraits{};
}();

/// Puts a kind of operation into the registry.
struct Registered {
  Registered(const OpDoc* doc, const OpTraits* traits, std::vector<SettingInfo> (*infos)(),
             std::shared_ptr<const Op> (*make)(const SettingList&, std::span<const Var>));
};

template <Operation O>
class OpModel final : public Op {
 public:
  explicit OpModel(O op) : op_(std::move(op)) { static_cast<void>(&kRegistered); }
  const OpDoc& doc() const override { return O::doc; }
  const OpTraits& traits() const override { return traits_of<O>; }
  SettingList settings() const override { return settings_of(op_); }
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
  static const Registered kRegistered;  // before main(), since the constructor names it
};

template <Operation O>
std::shared_ptr<const Op> make_op_of(const SettingList& settings, std::span<const Var> inputs) {
  O op{};
  apply_settings(O::doc.name, settings, op);
  if constexpr (requires { op.bind(inputs); }) op.bind(inputs);
  return std::make_shared<const OpModel<O>>(std::move(op));
}

template <Operation O>
const Registered OpModel<O>::kRegistered{&O::doc, &traits_of<O>, setting_infos<O>, make_op_of<O>};

}  // namespace detail

/// Adds an operation to the graph of its inputs; this is all that a public function of an
/// operation does: `Var relu(Var x, Location at) { return add_op(Relu{}, {x}, at); }`
template <Operation O>
Var add_op(O op, std::initializer_list<Var> inputs, Location at) {
  return add_op(std::move(op), std::span(inputs.begin(), inputs.size()), at);
}
template <Operation O>
Var add_op(O op, std::span<const Var> inputs, Location at) {
  try {
    check_settings(O::doc.name, op);
  } catch (const Error& e) {
    throw Error(cat(e.what(), " ", describe(at)));
  }
  if constexpr (requires { op.bind(inputs); }) op.bind(inputs);
  return detail::add_node(std::make_shared<const detail::OpModel<O>>(std::move(op)), inputs, at);
}

}  // namespace chainrule
