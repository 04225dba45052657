#include "chainrule/model/model.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

#include "chainrule/layers/init.h"
#include "chainrule/model/layer_table.h"
#include "chainrule/model/loss_table.h"
#include "chainrule/ops/arithmetic.h"
#include "chainrule/ops/penalty.h"
#include "chainrule/ops/reduce.h"
#include "chainrule/ops/reshape.h"

namespace chainrule {

struct Model::State {
  std::string text;
  ModelOptions options;
  Shape features;
  Graph graph;
  Var input, output, target, weight, sample_loss, loss;
  OutputKind output_kind = OutputKind::values;
  std::optional<Params<float>> params;
};

namespace {

/// Adds the input and the layers; the output has one axis.
std::pair<Var, Var> build_layers(Graph& graph, std::string_view text, const LayerSpecs& specs,
                                 const Shape& features, std::string_view init, Location at) {
  const Shape shape = features.rank() == 0 ? Shape{1} : features.with_batch(false);
  const Index vocabulary = vocabulary_of(specs);
  const Var x =
      vocabulary > 0 ? graph.class_input("x", vocabulary, shape, at) : graph.input("x", shape, at);
  const Var y = LayerBuilder(text, specs, init)(x, at);
  return {x, y.shape().rank() > 1 ? flatten(y, at) : y};
}

/// What the output means: the last layer knows best, then the loss.
OutputKind meaning(const LayerSpec& last, const LossKind& loss, Index outputs) {
  const OutputKind kind = loss.output(outputs);
  if (last.kind->name == "softmax" && outputs > 1) return OutputKind::probabilities;
  if (last.kind->name == "sigmoid" && (outputs == 1 || kind == OutputKind::binary_logit))
    return OutputKind::binary_probability;
  return kind;
}

/// Shell-like: * is any text, ? any character.
bool matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = pattern.npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++, resume = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p, ++n;
    } else if (star != pattern.npos) {
      p = star + 1, n = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

/// loss + the sum of penalty(w, lambda) for each trainable parameter that matches a pattern.
Var add_penalties(Var loss, std::string_view option, const std::map<std::string, double>& patterns,
                  Var (*penalty)(Var, double, Location), Location at) {
  constexpr std::size_t kMostPenalties = 10'000;
  Graph& g = loss.graph();
  std::size_t penalties = 0;
  for (const auto& [pattern, lambda] : patterns) {
    if (!(lambda >= 0 && std::isfinite(lambda)))
      throw Error(
          cat(option, " of ", in_quotes(pattern), " is ", lambda, ", expected a number from 0"));
    std::vector<Var> found;
    std::vector<std::string_view> names;
    for (const int id : g.params()) {
      const Node& node = g.node(id);
      if (!node.param_options.trainable) continue;
      names.push_back(node.name);
      if (matches(pattern, node.name)) found.push_back(g.var(id));
    }
    if (found.empty())
      throw Error(cat("no parameter matches ", in_quotes(pattern), " of ", option,
                      did_you_mean(pattern, names)));
    penalties += found.size();
    if (penalties > kMostPenalties)
      throw Error(cat("more than ", grouped(kMostPenalties), " penalties by ", option));
    for (const Var& w : found) loss = Operand(loss, at) + Operand(penalty(w, lambda, at), at);
  }
  return loss;
}

}  // namespace

Index parameter_count(std::string_view text, const Shape& features) {
  Graph graph;
  build_layers(graph, text, parse_model(text), features, "zeros", Location::current());
  Index count = 0;
  for (const int id : graph.params()) count += graph.node(id).shape.size();
  return count;
}

Model::Model(std::string_view text, const Shape& features, ModelOptions options, Location at)
    : state_(std::make_unique<State>()) {
  const LayerSpecs specs = parse_model(text);
  const LossKind& loss = loss_kind(options.loss);
  if (options.label_smoothing != 0 && loss.name != "softmax_cross_entropy")
    throw Error(cat("label smoothing is for softmax_cross_entropy, the loss is ", loss.name));
  if (!options.init.empty()) initializer(options.init);  // throws what is wrong

  State& s = *state_;
  s.text = text_of(specs);
  s.features = features.with_batch(false);
  std::tie(s.input, s.output) = build_layers(s.graph, text, specs, features, options.init, at);
  const Index width = outputs();
  s.target = loss.class_target(width) ? s.graph.class_input("y", width, {}, at)
                                      : s.graph.input("y", {width}, at);
  s.weight = s.graph.input("weight", {}, at);
  s.sample_loss = s.graph.rename(loss.build(s.output, s.target, options, at), "sample_loss");
  Var total = weighted_mean(s.sample_loss, s.weight, at);
  total = add_penalties(total, "l1", options.l1, l1_penalty, at);
  total = add_penalties(total, "l2", options.l2, l2_penalty, at);
  s.loss = s.graph.rename(total, "loss");
  s.output_kind = meaning(*flat(specs).back(), loss, width);
  s.params.emplace(s.graph, options.seed);
  s.options = std::move(options);
}

Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

const std::string& Model::text() const { return state_->text; }
const ModelOptions& Model::options() const { return state_->options; }
const Shape& Model::features() const { return state_->features; }
const Graph& Model::graph() const { return state_->graph; }
Params<float>& Model::params() const { return *state_->params; }
Var Model::input() const { return state_->input; }
Var Model::output() const { return state_->output; }
Var Model::target() const { return state_->target; }
Var Model::weight() const { return state_->weight; }
Var Model::sample_loss() const { return state_->sample_loss; }
Var Model::loss() const { return state_->loss; }
Index Model::outputs() const { return state_->output.shape().size(); }
OutputKind Model::output_kind() const { return state_->output_kind; }

std::vector<std::string_view> layer_names() {
  std::vector<std::string_view> names;
  for (const LayerKind& kind : layer_kinds()) names.push_back(kind.name);
  return names;
}

std::vector<std::string_view> loss_names() {
  std::vector<std::string_view> names;
  for (const LossKind& kind : loss_kinds()) names.push_back(kind.name);
  return names;
}

std::vector<HelpLine> layer_help() {
  std::vector<HelpLine> lines;
  for (const LayerKind& kind : layer_kinds()) lines.push_back({kind.usage(), kind.help});
  return lines;
}

std::vector<HelpLine> loss_help() {
  std::vector<HelpLine> lines;
  for (const LossKind& kind : loss_kinds())
    lines.push_back({std::string(kind.name), std::string(kind.help)});
  return lines;
}

}  // namespace chainrule
