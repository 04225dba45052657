// The layers that a model's text may use: one table of names, arguments, help and constructors.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/graph/graph.h"
#include "chainrule/model/text.h"
#include "chainrule/model/value_kind.h"

namespace chainrule {

/// Of one model: 8 GiB in float.
inline constexpr Index kMaxParameters = Index{1} << 31;

struct LayerSpec;
using LayerSpecs = std::vector<LayerSpec>;

/// An argument or option of a layer.
struct Field {
  std::string name;
  ValueKind kind;
  std::string fallback = {};  ///< the value when none is given
  bool positional = false;    ///< without a name: `linear 50`
  bool required = false;
};

/// A layer that a text may name: one with parameters, or any operation of one input (see
/// registry.h), or, with branches in brackets, of several.
struct LayerKind {
  std::string name;
  std::string prefix;  ///< of the node's name: fc1, fc2, ...
  std::string help;
  std::vector<Field> fields;
  /// Initialiser that suits weights before this layer; "" when that is up to the next one.
  std::string_view init_before;
  /// `init` is the initialiser's text for weights, unless the layer names its own.
  std::function<Var(const LayerSpec& spec, Var x, std::string_view name, std::string_view init,
                    Location at)>
      build;
  bool branches = false;  ///< NAME(layers | layers): joins what its branches make of x
  bool residual = false;  ///< it has one branch, and joins it with x
  bool parameters = false;
  bool pictures = false;  ///< its input is pictures: a flat row is one when the data say so
  std::string operation;  ///< the one that it stands for in a text, under another name

  /// "linear N [bias=true] [init=NAME]".
  std::string usage() const;
};

const std::vector<LayerKind>& layer_kinds();

/// One layer of a model, its arguments checked. Without a kind: layers in brackets, or a part.
struct LayerSpec {
  const LayerKind* kind = nullptr;
  Word where;
  std::vector<std::string> values = {};   ///< one per field of the kind, canonical
  std::vector<LayerSpecs> branches = {};  ///< of brackets one
  Index repeat = 1;
  std::string part = {};  ///< the name of a part that is defined, or added where it has no branches
  bool defines = false;

  double number(std::size_t field) const;
  /// The layer in canonical form: values that equal the fallback are left out.
  std::string text() const;
};

/// Reads a model's text. Throws Error that names the column and what was expected.
LayerSpecs parse_model(std::string_view text);
/// In canonical form.
std::string text_of(const LayerSpecs& layers);
/// The layers that have a kind, in the order in which they are added to a graph.
std::vector<const LayerSpec*> flat(const LayerSpecs& layers);

/// Of the first layer, when it reads class indices; 0 when it reads numbers.
Index vocabulary_of(const LayerSpecs& layers);

/// Layers with the parameters that they got when they were first added to a graph: what is added
/// again shares them.
class LayerBuilder {
 public:
  /// `text` is that of `layers`, for marks in errors; "" for `init`: each layer chooses.
  LayerBuilder(std::string_view text, const LayerSpecs& layers, std::string_view init);
  Var operator()(Var x, Location at);

 private:
  Var sequence(const LayerSpecs& layers, Var x, std::string_view after);
  Var layer(const LayerSpec& spec, Var x, std::string_view after);
  Var part(const LayerSpec& spec, Var x, std::string_view after);
  std::string next_name(const Graph& g, std::string_view prefix);

  std::string_view text_;
  const LayerSpecs* layers_;
  std::string init_;
  Location at_;
  Index parameters_ = 0;
  std::string way_;  ///< shapes so far, for errors
  /// Names that layers got, in order; read again from `again` on when a part is added again.
  std::vector<std::string> names_;
  std::size_t again_ = 0;
  struct Part {
    const LayerSpecs* layers;
    std::size_t first = 0, end = 0;  ///< of names_; equal until it was first added
  };
  std::map<std::string, Part, std::less<>> parts_;
  bool sharing_ = false;
};

/// Is there a layer of pictures among them?
bool sees_pictures(const LayerSpecs& layers);

/// How many parameters a model of this text has, found without memory for them; `picture` as in
/// ModelOptions. Throws Error, as Model() does, when the layers do not fit each other.
Index parameter_count(std::string_view text, const Shape& features, const Shape& picture);

}  // namespace chainrule
