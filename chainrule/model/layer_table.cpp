#include "chainrule/model/layer_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "chainrule/layers/batch_norm.h"
#include "chainrule/layers/dropout.h"
#include "chainrule/layers/init.h"
#include "chainrule/layers/layer_norm.h"
#include "chainrule/layers/linear.h"
#include "chainrule/model/model.h"
#include "chainrule/ops/bias.h"
#include "chainrule/ops/elu.h"
#include "chainrule/ops/gelu.h"
#include "chainrule/ops/leaky_relu.h"
#include "chainrule/ops/relu.h"
#include "chainrule/ops/reshape.h"
#include "chainrule/ops/selu.h"
#include "chainrule/ops/sigmoid.h"
#include "chainrule/ops/silu.h"
#include "chainrule/ops/softmax.h"
#include "chainrule/ops/softplus.h"
#include "chainrule/ops/tanh.h"

namespace chainrule {
namespace {

template <class N>
std::optional<N> read(std::string_view text) {
  N value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The number in its shortest form when it is in range, else "".
template <class InRange>
std::string number_if(std::string_view text, InRange in_range) {
  const std::optional<double> v = read<double>(text);
  if (!v || !std::isfinite(*v) || !in_range(*v)) return "";
  char buffer[32];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, *v).ptr};
}

const ValueKind kSize{"a whole number from 1 to 2,147,483,647", [](std::string_view text) {
                        const auto n = read<std::int32_t>(text);
                        return n && *n >= 1 ? std::to_string(*n) : std::string();
                      }};
const ValueKind kNumber{
    "a number", [](std::string_view text) { return number_if(text, [](double) { return true; }); }};
const ValueKind kPositive{"a number above 0", [](std::string_view text) {
                            return number_if(text, [](double v) { return v > 0; });
                          }};
const ValueKind kRate{"a number from 0 to less than 1", [](std::string_view text) {
                        return number_if(text, [](double v) { return v >= 0 && v < 1; });
                      }};
const ValueKind kShare{"a number from 0 to 1", [](std::string_view text) {
                         return number_if(text, [](double v) { return v >= 0 && v <= 1; });
                       }};
const ValueKind kFlag{"true or false", [](std::string_view text) {
                        return std::string(text == "true" || text == "false" ? text : "");
                      }};
const ValueKind kInit{"an initialiser", [](std::string_view text) {
                        initializer(text);  // throws what is wrong
                        return std::string(text);
                      }};

using Spec = const LayerSpec&;
using Name = std::string_view;

Var build_linear(Spec spec, Var x, Name name, Name init, Location at) {
  if (x.shape().rank() > 1) x = flatten(x, at);
  const Index out = static_cast<Index>(spec.number(0));
  if (out > kMaxParameters / x.shape().last())
    throw ShapeError(cat("more than ", grouped(kMaxParameters), " parameters"));
  const Linear layer{.out = out,
                     .bias = spec.values[1] == "true",
                     .init = initializer(spec.values[2].empty() ? init : spec.values[2])};
  return layer(x, name, at);
}

Var build_bias(Spec, Var x, Name name, Name, Location at) {
  return bias(x, x.graph().param(cat(name, ".bias"), {x.shape().last()}, {}, at), at);
}

/// A layer that is an operation of x alone.
template <Var (*function)(Var, Location)>
Var build(Spec, Var x, Name, Name, Location at) {
  return function(x, at);
}

/// An operation of x and a number.
template <Var (*function)(Var, double, Location)>
Var build(Spec spec, Var x, Name, Name, Location at) {
  return function(x, spec.number(0), at);
}

const std::vector<LayerKind>& table() {
  constexpr bool kYes = true;
  static const std::vector<LayerKind> kinds{
      {"linear",
       "fc",
       "y = x w + b with a weight [inputs, N] and a bias [N]",
       {{"N", &kSize, "", kYes, kYes}, {"bias", &kFlag, "true"}, {"init", &kInit}},
       "glorot_uniform",
       build_linear},
      {"bias", "bias", "adds a bias, one number per feature", {}, "", build_bias},
      {"relu", "relu", "max(x, 0)", {}, "he_normal", build<relu>},
      {"leaky_relu",
       "leaky_relu",
       "x above 0, SLOPE x below",
       {{"slope", &kNumber, "0.01", kYes}},
       "he_normal",
       build<leaky_relu>},
      {"elu",
       "elu",
       "x above 0, ALPHA (exp(x) - 1) below",
       {{"alpha", &kPositive, "1", kYes}},
       "he_normal",
       build<elu>},
      {"selu",
       "selu",
       "elu scaled so that mean 0 and variance 1 are kept",
       {},
       "lecun_normal",
       build<selu>},
      {"gelu",
       "gelu",
       "x times the normal distribution function of x",
       {},
       "he_normal",
       build<gelu>},
      {"gelu_tanh",
       "gelu_tanh",
       "gelu approximated through tanh",
       {},
       "he_normal",
       build<gelu_tanh>},
      {"silu", "silu", "x sigmoid(x)", {}, "he_normal", build<silu>},
      {"softplus", "softplus", "log(1 + exp(x))", {}, "he_normal", build<softplus>},
      {"sigmoid", "sigmoid", "1 / (1 + exp(-x))", {}, "glorot_uniform", build<sigmoid>},
      {"tanh", "tanh", "hyperbolic tangent", {}, "glorot_uniform", build<tanh>},
      {"softmax",
       "softmax",
       "exp(x) over its sum: probabilities",
       {},
       "glorot_uniform",
       build<softmax>},
      {"log_softmax",
       "log_softmax",
       "logarithm of softmax",
       {},
       "glorot_uniform",
       build<log_softmax>},
      {"dropout",
       "dropout",
       "in training sets a part RATE of the elements to 0",
       {{"rate", &kRate, "", kYes, kYes}},
       "",
       [](Spec spec, Var x, Name name, Name, Location at) {
         return Dropout{.rate = spec.number(0)}(x, name, at);
       }},
      {"layer_norm",
       "ln",
       "mean 0 and variance 1 over the features of each row",
       {{"epsilon", &kPositive, "1e-05"}},
       "",
       [](Spec spec, Var x, Name name, Name, Location at) {
         return LayerNorm{.epsilon = spec.number(0)}(x, name, at);
       }},
      {"batch_norm",
       "bn",
       "mean 0 and variance 1 of each feature over the batch",
       {{"momentum", &kShare, "0.1"}, {"epsilon", &kPositive, "1e-05"}},
       "",
       [](Spec spec, Var x, Name name, Name, Location at) {
         return BatchNorm{.momentum = spec.number(0), .epsilon = spec.number(1)}(x, name, at);
       }},
      {"flatten", "flatten", "all features on one axis", {}, "", build<flatten>},
  };
  return kinds;
}

/// Sets the value of `field`; `word` is where it stands.
void set_value(std::string_view text, LayerSpec& spec, std::size_t field, const Word& word) {
  const ValueKind& kind = *spec.kind->fields[field].kind;
  std::string problem;
  try {
    spec.values[field] = kind.canonical(word.text);
  } catch (const Error& e) {
    problem = e.what();
  }
  if (!problem.empty()) fail_at(text, word, problem);
  if (spec.values[field].empty())
    fail_at(text, word, in_quotes(word.text),
            cat(", expected ", kind.expected, " (", spec.kind->usage(), ")"));
}

LayerSpec read_spec(std::string_view text, const LayerText& layer) {
  const auto kind = std::ranges::find(table(), layer.name.text, &LayerKind::name);
  if (kind == table().end())
    fail_at(text, layer.name, cat("unknown layer ", in_quotes(layer.name.text)),
            did_you_mean(layer.name.text, layer_names()));
  const std::vector<Field>& fields = kind->fields;
  LayerSpec spec{&*kind, layer.name, {}};
  for (const Field& f : fields) spec.values.emplace_back(f.fallback);
  std::vector<bool> given(fields.size(), false);

  std::size_t next = 0;
  for (const Word& word : layer.arguments) {
    while (next < fields.size() && !fields[next].positional) ++next;
    if (next == fields.size())
      fail_at(text, word, cat(in_quotes(word.text), " is one argument too many"),
              cat(", expected ", kind->usage()));
    set_value(text, spec, next, word);
    given[next++] = true;
  }
  for (const auto& [key, value] : layer.options) {
    const auto field = std::ranges::find(fields, key.text, &Field::name);
    if (field == fields.end())
      fail_at(text, key, cat("unknown option ", in_quotes(key.text)),
              cat(", expected ", kind->usage()));
    const auto index = static_cast<std::size_t>(field - fields.begin());
    if (given[index]) fail_at(text, key, cat(in_quotes(key.text), " is given twice"));
    set_value(text, spec, index, value);
    given[index] = true;
  }
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].required && !given[i])
      fail_at(text, layer.name, cat("'", kind->name, "' without ", fields[i].name),
              cat(", expected ", kind->usage()));
  return spec;
}

}  // namespace

std::span<const LayerKind> layer_kinds() { return table(); }

std::string LayerKind::usage() const {
  std::string s(name);
  for (const Field& f : fields) {
    std::string word(f.name);
    if (f.positional)
      std::ranges::transform(word, word.begin(), [](char c) { return c >= 'a' ? c - 32 : c; });
    else
      word += cat("=", f.fallback.empty() ? "NAME" : f.fallback);
    s += f.required ? cat(" ", word) : cat(" [", word, "]");
  }
  return s;
}

double LayerSpec::number(std::size_t field) const { return *read<double>(values[field]); }

std::string LayerSpec::text() const {
  std::string s(kind->name);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Field& f = kind->fields[i];
    if (values[i] == f.fallback) continue;
    s += f.positional ? cat(" ", values[i]) : cat(" ", f.name, "=", values[i]);
  }
  return s;
}

std::vector<LayerSpec> parse_model(std::string_view text) {
  std::vector<LayerSpec> specs;
  for (const LayerText& layer : split_layers(text)) specs.push_back(read_spec(text, layer));
  return specs;
}

}  // namespace chainrule
