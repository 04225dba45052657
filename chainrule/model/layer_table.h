// The layers that a model's text may use: one table of names, arguments, help and constructors.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/graph/graph.h"
#include "chainrule/model/text.h"

namespace chainrule {

/// Of one model: 8 GiB in float.
inline constexpr Index kMaxParameters = Index{1} << 31;

struct LayerSpec;

/// What a value in a model's text may be: `expected` says it, `canonical` returns the value in the
/// one way in which text() writes it, or "" when it is none.
struct ValueKind {
  std::string_view expected;
  std::string (*canonical)(std::string_view text);
};

/// An argument or option of a layer.
struct Field {
  std::string_view name;
  const ValueKind* kind;
  std::string_view fallback = {};  ///< the value when none is given
  bool positional = false;         ///< without a name: `linear 50`
  bool required = false;
};

struct LayerKind {
  std::string_view name;
  std::string_view prefix;  ///< of the node's name: fc1, fc2, ...
  std::string_view help;
  std::vector<Field> fields;
  /// Initialiser that suits weights before this layer; "" when that is up to the next one.
  std::string_view init_before;
  /// `init` is the initialiser's text for weights, unless the layer names its own.
  Var (*build)(const LayerSpec& spec, Var x, std::string_view name, std::string_view init,
               Location at);

  /// "linear N [bias=true] [init=NAME]".
  std::string usage() const;
};

std::span<const LayerKind> layer_kinds();

/// One layer of a model, its arguments checked.
struct LayerSpec {
  const LayerKind* kind;
  Word where;
  std::vector<std::string> values;  ///< one per field of the kind, canonical

  double number(std::size_t field) const;
  /// The layer in canonical form: values that equal the fallback are left out.
  std::string text() const;
};

/// Reads a model's text. Throws Error that names the column and what was expected.
std::vector<LayerSpec> parse_model(std::string_view text);

/// How many parameters a model of this text has, found without memory for them. Throws Error, as
/// Model() does, when the layers do not fit each other.
Index parameter_count(std::string_view text, const Shape& features);

}  // namespace chainrule
