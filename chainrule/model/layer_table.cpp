#include "chainrule/model/layer_table.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "chainrule/graph/registry.h"
#include "chainrule/layers/batch_norm.h"
#include "chainrule/layers/embedding.h"
#include "chainrule/layers/init.h"
#include "chainrule/layers/layer_norm.h"
#include "chainrule/layers/linear.h"
#include "chainrule/model/model.h"
#include "chainrule/model/picture_layers.h"
#include "chainrule/model/value_kind.h"
#include "chainrule/ops/bias.h"
#include "chainrule/ops/reshape.h"

namespace chainrule {
namespace {

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

constexpr std::size_t kVocabulary = 1;  // field of embedding

Var build_embedding(Spec spec, Var x, Name name, Name, Location at) {
  const Embedding layer{
      .vocabulary = static_cast<Index>(spec.number(kVocabulary)),
      .dim = static_cast<Index>(spec.number(0)),
      .init = spec.values[2].empty() ? Initializer() : initializer(spec.values[2])};
  return layer(x, name, at);
}

/// Layers with parameters, and those that more than an operation: everything else a text may name
/// comes from the registry.
std::vector<LayerKind> own_kinds() {
  constexpr bool kYes = true;
  const auto positive = number_kind(kAboveZero);
  std::vector<LayerKind> all{
      {.name = "linear",
       .prefix = "fc",
       .help = "y = x w + b with a weight [inputs, N] and a bias [N]",
       .fields = {{"N", size_kind(), "", kYes, kYes},
                  {"bias", flag_kind(), "true"},
                  {"init", init_kind()}},
       .init_before = "glorot_uniform",
       .build = build_linear,
       .parameters = true},
      {.name = "bias",
       .prefix = "bias",
       .help = "adds a bias, one number per feature",
       .fields = {},
       .init_before = "",
       .build = build_bias,
       .parameters = true},
      {.name = "layer_norm",
       .prefix = "ln",
       .help = "mean 0 and variance 1 over the features of each row",
       .fields = {{"epsilon", positive, "1e-05"}},
       .init_before = "",
       .build = [](Spec spec, Var x, Name name, Name,
                   Location at) { return LayerNorm{.epsilon = spec.number(0)}(x, name, at); },
       .parameters = true},
      {.name = "batch_norm",
       .prefix = "bn",
       .help = "mean 0 and variance 1 of each feature over the batch",
       .fields = {{"momentum", number_kind(kShare), "0.1"}, {"epsilon", positive, "1e-05"}},
       .init_before = "",
       .build =
           [](Spec spec, Var x, Name name, Name, Location at) {
             return BatchNorm{.momentum = spec.number(0), .epsilon = spec.number(1)}(x, name, at);
           },
       .parameters = true},
      {.name = "embedding",
       .prefix = "emb",
       .help = "each index below vocabulary becomes a row of DIM numbers of a table",
       .fields = {{"dim", size_kind(), "", kYes, kYes},
                  {"vocabulary", size_kind(), "", false, kYes},
                  {"init", init_kind()}},
       .init_before = "",
       .build = build_embedding,
       .parameters = true},
      {.name = "flatten",
       .prefix = "flatten",
       .help = "all features on one axis",
       .fields = {},
       .init_before = "",
       .build = [](Spec, Var x, Name, Name, Location at) { return flatten(x, at); }},
      {.name = "identity",
       .prefix = "",
       .help = "nothing: a branch that hands on its input",
       .fields = {},
       .init_before = "",
       .build = [](Spec, Var x, Name, Name, Location) { return x; }},
      {.name = "residual",
       .prefix = "residual",
       .help = "residual(LAYERS) adds its input to what the layers make of it",
       .fields = {},
       .init_before = "",
       .build = {},
       .branches = true,
       .residual = true},
  };
  std::ranges::move(picture_layers(), std::back_inserter(all));
  return all;
}

ValueKind kind_of(const SettingInfo& s) {
  if (std::holds_alternative<bool>(s.fallback)) return flag_kind();
  if (std::holds_alternative<std::vector<Index>>(s.fallback)) return list_kind();
  if (std::holds_alternative<double>(s.fallback)) return number_kind(s.range);
  constexpr double kMost = std::numeric_limits<std::int32_t>::max();
  return whole_kind(static_cast<Index>(std::max(s.range.low, -kMost)),
                    static_cast<Index>(std::min(s.range.high, kMost)));
}

std::string fallback_of(const SettingInfo& s) {
  if (s.required) return "";
  if (const auto* list = std::get_if<std::vector<Index>>(&s.fallback)) {
    std::string text;
    for (const Index v : *list) text += cat(text.empty() ? "" : "x", v);
    return text;
  }
  const ValueKind kind = kind_of(s);
  const std::string plain = str(s.fallback);
  return std::holds_alternative<double>(s.fallback) ? kind.canonical(plain) : plain;
}

/// The values of a layer's text as settings of its operation.
SettingList settings_of_text(const LayerSpec& spec, const std::vector<SettingInfo>& infos) {
  SettingList all;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    const std::string& value = spec.values[i];
    if (value.empty()) continue;
    SettingValue v;
    if (std::holds_alternative<std::vector<Index>>(infos[i].fallback)) {
      v = *read_list(value);
    } else if (std::holds_alternative<bool>(infos[i].fallback)) {
      v = value == "true";
    } else {
      v = *read_double(value);
    }
    all.push_back({infos[i].name, v});
  }
  return all;
}

/// An operation as a layer: of one input, or of branches.
LayerKind operation_layer(const OpKind& op) {
  LayerKind kind;
  kind.name = kind.prefix = op.name();
  kind.help = op.doc->forward;
  kind.init_before = op.traits->init;
  kind.branches = !op.unary();
  for (std::size_t i = 0; i < op.settings.size(); ++i) {
    const SettingInfo& s = op.settings[i];
    kind.fields.push_back({s.name, kind_of(s), fallback_of(s), i == 0, s.required});
  }
  if (op.unary())
    kind.build = [&op](Spec spec, Var x, Name, Name, Location at) {
      return make_op(op.name(), {x}, settings_of_text(spec, op.settings), at);
    };
  return kind;
}

/// Does it leave a row for each sample?
bool keeps_rows(const OpKind& op) {
  if (!op.unary() || std::ranges::any_of(op.settings, &SettingInfo::required)) return true;
  const Shape rows = Shape{2, 2}.with_batch(true);
  try {
    return op.make({}, {})->infer(std::span(&rows, 1)).batched();
  } catch (const Error&) {
    return true;  // it wants another shape, or settings
  }
}

/// May a text name it? Losses and penalties belong to training, products and tables of weights to
/// layers that have parameters, and what needs class indices as an input has none in a chain.
bool is_layer(const OpKind& op, const std::vector<LayerKind>& own) {
  if (op.traits->loss || op.traits->weighs() || op.traits->normalises) return false;
  if (!keeps_rows(op)) return false;
  if (op.doc->inputs[0] == "w") return false;  // a penalty on weights
  for (const SettingInfo& s : op.settings)
    if (s.name == "shape") return false;  // flatten is the only one whose size is known
  return std::ranges::none_of(own, [&](const LayerKind& kind) {
    return kind.name == op.name() || kind.operation == op.name();
  });
}

const std::vector<LayerKind>& table() {
  static const std::vector<LayerKind> kinds = [] {
    std::vector<LayerKind> all = own_kinds();
    const std::size_t own = all.size();
    for (const auto& [name, op] : op_kinds())
      if (is_layer(op, {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(own)}))
        all.push_back(operation_layer(op));
    return all;
  }();
  return kinds;
}

/// Sets the value of `field`; `word` is where it stands.
void set_value(std::string_view text, LayerSpec& spec, std::size_t field, const Word& word) {
  const ValueKind& kind = spec.kind->fields[field].kind;
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

LayerSpecs read_specs(std::string_view text, const std::vector<LayerText>& layers,
                      std::vector<std::string>& parts);

void read_arguments(std::string_view text, const LayerText& layer, LayerSpec& spec) {
  const LayerKind& kind = *spec.kind;
  const std::vector<Field>& fields = kind.fields;
  for (const Field& f : fields) spec.values.push_back(f.fallback);
  std::vector<bool> given(fields.size(), false);
  std::size_t next = 0;
  for (const Word& word : layer.arguments) {
    while (next < fields.size() && !fields[next].positional) ++next;
    if (next == fields.size())
      fail_at(text, word, cat(in_quotes(word.text), " is one argument too many"),
              cat(", expected ", kind.usage()));
    set_value(text, spec, next, word);
    given[next++] = true;
  }
  for (const auto& [key, value] : layer.options) {
    const auto field = std::ranges::find(fields, key.text, &Field::name);
    if (field == fields.end())
      fail_at(text, key, cat("unknown option ", in_quotes(key.text)),
              cat(", expected ", kind.usage()));
    const auto index = static_cast<std::size_t>(field - fields.begin());
    if (given[index]) fail_at(text, key, cat(in_quotes(key.text), " is given twice"));
    set_value(text, spec, index, value);
    given[index] = true;
  }
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].required && !given[i])
      fail_at(text, layer.name, cat("'", kind.name, "' without ", fields[i].name),
              cat(", expected ", kind.usage()));
}

/// Brackets, or a part that is defined or added.
bool read_part(std::string_view text, const LayerText& layer, std::vector<std::string>& parts,
               LayerSpec& spec) {
  const std::string name(layer.name.text);
  const bool known = std::ranges::find(parts, name) != parts.end();
  if (!name.empty() && !layer.defines && !known) return false;
  spec.part = name;
  spec.defines = layer.defines;
  if (layer.defines) {
    if (known || std::ranges::find(table(), name, &LayerKind::name) != table().end())
      fail_at(text, layer.name,
              cat(in_quotes(name), known ? " is defined twice" : " is the name of a layer"));
    if (layer.repeat != 1)
      fail_at(text, layer.name, cat(in_quotes(name), " is defined more than once"));
  } else if (known) {
    if (!layer.arguments.empty() || !layer.options.empty() || !layer.branches.empty())
      fail_at(text, layer.name, cat("the part ", in_quotes(name), " takes no arguments"));
    return true;
  }
  if (layer.branches.size() != 1)
    fail_at(text, layer.name, "'|' in brackets without a name",
            ", expected for example concat(... | ...)");
  spec.branches.push_back(read_specs(text, layer.branches[0], parts));
  if (layer.defines) parts.push_back(name);
  return true;
}

LayerSpec read_spec(std::string_view text, const LayerText& layer,
                    std::vector<std::string>& parts) {
  LayerSpec spec{.where = layer.name, .repeat = layer.repeat};
  if (read_part(text, layer, parts, spec)) return spec;
  const auto kind = std::ranges::find(table(), layer.name.text, &LayerKind::name);
  if (kind == table().end())
    fail_at(text, layer.name, cat("unknown layer ", in_quotes(layer.name.text)),
            did_you_mean(layer.name.text, layer_names()));
  spec.kind = &*kind;
  if (layer.branches.empty() == kind->branches)
    fail_at(
        text, layer.name,
        cat(in_quotes(layer.name.text), kind->branches ? " without branches" : " with branches"),
        cat(", expected ", kind->usage()));
  read_arguments(text, layer, spec);
  for (const std::vector<LayerText>& branch : layer.branches)
    spec.branches.push_back(read_specs(text, branch, parts));
  if (kind->residual && spec.branches.size() != 1)
    fail_at(text, layer.name,
            cat(in_quotes(kind->name), " has ", spec.branches.size(), " branches"),
            ", expected one");
  return spec;
}

LayerSpecs read_specs(std::string_view text, const std::vector<LayerText>& layers,
                      std::vector<std::string>& parts) {
  LayerSpecs specs;
  for (const LayerText& layer : layers) specs.push_back(read_spec(text, layer, parts));
  return specs;
}

}  // namespace

const std::vector<LayerKind>& layer_kinds() { return table(); }

std::string LayerKind::usage() const {
  std::string s = name;
  if (branches) s += residual ? "(LAYERS)" : "(LAYERS | LAYERS)";
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

double LayerSpec::number(std::size_t field) const { return *read_double(values[field]); }

std::string LayerSpec::text() const {
  std::string s = repeat == 1 ? std::string() : cat(repeat, " * ");
  s += kind == nullptr ? part : kind->name;
  if (defines) s += " = ";
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Field& f = kind->fields[i];
    if (values[i] == f.fallback) continue;
    s += f.positional ? cat(" ", values[i]) : cat(" ", f.name, "=", values[i]);
  }
  if (branches.empty()) return s;
  s += '(';
  for (std::size_t i = 0; i < branches.size(); ++i)
    s += cat(i == 0 ? "" : " | ", text_of(branches[i]));
  return s + ')';
}

std::string text_of(const LayerSpecs& layers) {
  std::string s;
  for (const LayerSpec& layer : layers) s += cat(s.empty() ? "" : ", ", layer.text());
  return s;
}

namespace {

/// Parts that are defined and never added.
void find_unused(const LayerSpecs& layers, std::vector<const LayerSpec*>& unused) {
  for (const LayerSpec& layer : layers) {
    for (const LayerSpecs& branch : layer.branches) find_unused(branch, unused);
    if (layer.defines)
      unused.push_back(&layer);
    else if (!layer.part.empty())
      std::erase_if(unused, [&](const LayerSpec* u) { return u->part == layer.part; });
  }
}

}  // namespace

Index vocabulary_of(const LayerSpecs& layers) {
  const LayerSpec& first = *flat(layers).front();
  return first.kind->build && first.kind->fields.size() > kVocabulary &&
                 first.kind->fields[kVocabulary].name == "vocabulary"
             ? static_cast<Index>(first.number(kVocabulary))
             : 0;
}

LayerSpecs parse_model(std::string_view text) {
  std::vector<std::string> parts;
  LayerSpecs specs = read_specs(text, split_layers(text), parts);
  std::vector<const LayerSpec*> unused;
  find_unused(specs, unused);
  if (!unused.empty())
    fail_at(text, unused[0]->where,
            cat("the part ", in_quotes(unused[0]->part), " is never added"));
  return specs;
}

namespace {

void flatten_into(const LayerSpecs& layers, std::map<std::string, const LayerSpecs*>& parts,
                  std::vector<const LayerSpec*>& all) {
  for (const LayerSpec& layer : layers)
    for (Index i = 0; i < layer.repeat; ++i) {
      if (layer.defines) {
        parts[layer.part] = &layer.branches[0];
        continue;
      }
      if (!layer.part.empty()) flatten_into(*parts.at(layer.part), parts, all);
      for (const LayerSpecs& branch : layer.branches) flatten_into(branch, parts, all);
      if (layer.kind != nullptr) all.push_back(&layer);
    }
}

}  // namespace

bool sees_pictures(const LayerSpecs& layers) {
  return std::ranges::any_of(flat(layers), [](const LayerSpec* l) { return l->kind->pictures; });
}

std::vector<const LayerSpec*> flat(const LayerSpecs& layers) {
  std::vector<const LayerSpec*> all;
  std::map<std::string, const LayerSpecs*> parts;
  flatten_into(layers, parts, all);
  return all;
}

}  // namespace chainrule
