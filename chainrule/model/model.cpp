#include "chainrule/model/model.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

#include "chainrule/graph/registry.h"
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
  std::unique_ptr<Graph> graph;
  std::vector<Var> inputs, outputs, targets;
  Var target, weight, sample_loss, loss;
  OutputKind meaning_of_loss = OutputKind::values, meaning = OutputKind::values;
  std::optional<Params<float>> params;
};

namespace {

/// Adds the input and the layers; the output has one axis.
std::pair<Var, Var> build_layers(Graph& graph, std::string_view text, const LayerSpecs& specs,
                                 const Shape& features, const Shape& picture, std::string_view init,
                                 Location at) {
  const Shape shape = features.rank() == 0 ? Shape{1} : features.with_batch(false);
  const Index vocabulary = vocabulary_of(specs);
  const Var x =
      vocabulary > 0 ? graph.class_input("x", vocabulary, shape, at) : graph.input("x", shape, at);
  Var pixels = x;
  if (picture.rank() > 0 && shape.rank() == 1 && sees_pictures(specs)) {
    if (picture.rank() > 3 || picture.size() != shape.size())
      throw ShapeError(cat("pictures of ", picture.str(), " have ", picture.size(),
                           " numbers, a row has ", shape.size(), " ", describe(at)));
    pixels = reshape(x, picture.rank() == 2 ? Shape{picture[0], picture[1], 1} : picture, at);
  }
  const Var y = LayerBuilder(text, specs, init)(pixels, at);
  return {x, y.shape().rank() > 1 ? flatten(y, at) : y};
}

/// What the output means: the last layer knows best, then the loss.
OutputKind meaning(const LayerSpec& last, const LossKind& loss, Index outputs) {
  const OutputKind kind = loss.output(outputs);
  const OpTraits& traits = op_traits(last.kind->name);
  if (!traits.probabilities()) return kind;
  if (traits.competes && outputs > 1) return OutputKind::probabilities;
  if (!traits.competes && (outputs == 1 || kind == OutputKind::binary_logit))
    return OutputKind::binary_probability;
  return kind;
}

/// What an output of a recorded graph means: what the loss makes of it that reads it.
OutputKind recorded_meaning(const Graph& g, const Var& output) {
  const int id = g.number(output);
  for (int reader = id + 1; reader < g.size(); ++reader) {
    const Node& node = g.node(reader);
    if (node.kind != NodeKind::op || !node.op->traits().loss || node.inputs[0] != id) continue;
    const auto kinds = loss_kinds();
    const auto kind = std::ranges::find(kinds, node.op->doc().name, &LossKind::name);
    return kind == kinds.end() ? OutputKind::values : kind->output(output.shape().size());
  }
  return OutputKind::values;
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
    const std::vector<int> found = matching_params(g, pattern, option);
    penalties += found.size();
    if (penalties > kMostPenalties)
      throw Error(cat("more than ", grouped(kMostPenalties), " penalties by ", option));
    for (const int p : found) {
      const Var w = g.var(g.params()[static_cast<std::size_t>(p)]);
      loss = Operand(loss, at) + Operand(penalty(w, lambda, at), at);
    }
  }
  return loss;
}

}  // namespace

std::vector<int> matching_params(const Graph& g, std::string_view pattern,
                                 std::string_view option) {
  std::vector<int> found;
  std::vector<std::string_view> names;
  for (const int id : g.params()) {
    const Node& node = g.node(id);
    if (!node.param_options.trainable) continue;
    names.push_back(node.name);
    if (matches(pattern, node.name)) found.push_back(node.param);
  }
  if (found.empty())
    throw Error(cat("no parameter matches ", in_quotes(pattern), " of ", option,
                    did_you_mean(pattern, names)));
  return found;
}

Index parameter_count(std::string_view text, const Shape& features, const Shape& picture) {
  Graph graph;
  build_layers(graph, text, parse_model(text), features, picture, "zeros", Location::current());
  Index count = 0;
  for (const int id : graph.params()) count += graph.node(id).shape.size();
  return count;
}

namespace {

/// The row of losses [B] whose mean a scalar is, or the loss itself when it has one number a row;
/// an empty Var when it is neither.
Var rows_of(const Graph& g, const Var& loss) {
  const Node& node = g.node(loss);
  if (node.shape.size() != 1)
    throw ShapeError(cat("the loss '", node.name, "' is ", node.shape.str(),
                         ", expected one number, or one for each row"));
  if (node.shape.batched()) return g.var(g.number(loss));
  if (node.kind != NodeKind::op || !node.op->traits().averages) return {};
  const Node& rows = g.node(node.inputs[0]);
  return rows.shape.batched() && rows.shape.size() == 1 ? g.var(node.inputs[0]) : Var();
}

/// Marks every node that `from` depends on.
void mark_below(const Graph& g, int from, std::vector<bool>& marked) {
  marked[static_cast<std::size_t>(from)] = true;
  for (int id = from; id >= 0; --id)
    if (marked[static_cast<std::size_t>(id)])
      for (const int in : g.node(id).inputs) marked[static_cast<std::size_t>(in)] = true;
}

}  // namespace

Model::Model(std::unique_ptr<State> state) : state_(std::move(state)) {
  State& s = *state_;
  const Graph& g = *s.graph;
  std::vector<bool> outputs(static_cast<std::size_t>(g.size()), false), losses = outputs;
  for (const Var& v : s.outputs) mark_below(g, g.number(v), outputs);
  mark_below(g, g.number(s.loss), losses);
  for (const int id : g.inputs()) {
    const auto at = static_cast<std::size_t>(id);
    if (outputs[at])
      s.inputs.push_back(g.var(id));
    else if (losses[at] && !(s.weight && id == g.number(s.weight)))
      s.targets.push_back(g.var(id));
  }
  if (s.inputs.empty()) throw Error("the outputs of the model depend on no input");
  if (!s.target && !s.targets.empty()) s.target = s.targets[0];
  s.graph->seal();
  adopt({});
}

Model::Model(std::string_view text, const Shape& features, ModelOptions options, Location at)
    : Model([&] {
        const LayerSpecs specs = parse_model(text);
        const LossKind& loss = loss_kind(options.loss);
        if (options.label_smoothing != 0 && !loss.smooths)
          throw Error(cat("label smoothing is for softmax_cross_entropy, the loss is ", loss.name));
        if (!options.init.empty()) initializer(options.init);  // throws what is wrong
        auto s = std::make_unique<State>();
        s->text = text_of(specs);
        s->features = features.with_batch(false);
        s->graph = std::make_unique<Graph>();
        Graph& g = *s->graph;
        s->outputs = {
            build_layers(g, text, specs, features, options.picture, options.init, at).second};
        const Index width = s->outputs[0].shape().size();
        s->target = loss.class_target(width) ? g.class_input("y", width, {}, at)
                                             : g.input("y", {width}, at);
        s->weight = g.input("weight", {}, at);
        s->sample_loss = g.rename(loss.build(s->outputs[0], s->target, options, at), "sample_loss");
        Var total = weighted_mean(s->sample_loss, s->weight, at);
        total = add_penalties(total, "l1", options.l1, l1_penalty, at);
        total = add_penalties(total, "l2", options.l2, l2_penalty, at);
        s->loss = g.rename(total, "loss");
        s->meaning_of_loss = loss.output(width);
        s->meaning = meaning(*flat(specs).back(), loss, width);
        s->params.emplace(g, options.seed);
        s->options = std::move(options);
        return s;
      }()) {}

Model::Model(const Graph& graph, const ModelParts& parts, Location at)
    : Model([&] {
        if (parts.outputs.empty() || parts.losses.empty())
          throw Error(cat("a model needs at least one output and one loss ", describe(at)));
        auto s = std::make_unique<State>();
        s->graph = graph.clone();
        Graph& g = *s->graph;
        const auto own = [&](const Var& v) { return g.var(g.number(v)); };
        for (const Var& v : parts.outputs) s->outputs.push_back(own(v));
        Var rows, total;
        bool of_rows = true;
        const auto add_up = [&](Var& sum, const Var& term, double weight) {
          const Var scaled = weight == 1 ? term : Operand(term, at) * Operand(weight, at);
          sum = sum ? Operand(sum, at) + Operand(scaled, at) : scaled;
        };
        for (const WeightedLoss& l : parts.losses)
          of_rows &= static_cast<bool>(rows_of(g, own(l.loss)));
        for (const WeightedLoss& l : parts.losses) {
          const Var loss = own(l.loss);
          if (of_rows)
            add_up(rows, rows_of(g, loss), l.weight);
          else
            add_up(total, loss.shape().batched() ? mean(loss, at) : loss, l.weight);
        }
        if (of_rows) {
          s->sample_loss = rows;
          s->weight = g.has("weight") ? g.find("weight") : g.input("weight", {}, at);
          total = weighted_mean(rows, s->weight, at);
        }
        total = add_penalties(total, "l1", parts.l1, l1_penalty, at);
        total = add_penalties(total, "l2", parts.l2, l2_penalty, at);
        s->loss = g.has("loss") ? total : g.rename(total, "loss");
        s->options = {.loss = "", .init = "", .seed = parts.seed, .l1 = parts.l1, .l2 = parts.l2};
        s->meaning_of_loss = s->meaning = recorded_meaning(g, s->outputs[0]);
        s->params.emplace(g, parts.seed);
        return s;
      }()) {
  state_->features = state_->inputs[0].shape().with_batch(false);
}

Model::Model(std::unique_ptr<Graph> graph, const ModelNodes& nodes, std::string text,
             Shape features, ModelOptions options)
    : Model([&] {
        auto s = std::make_unique<State>();
        s->graph = std::move(graph);
        const auto node = [&](int id) {
          if (id < -1 || id >= s->graph->size())
            throw Error(cat("node ", id, " of ", s->graph->size(), " is named"));
          return id < 0 ? Var() : s->graph->var(id);
        };
        for (const int id : nodes.outputs) s->outputs.push_back(node(id));
        s->target = node(nodes.target), s->weight = node(nodes.weight);
        s->sample_loss = node(nodes.sample_loss), s->loss = node(nodes.loss);
        if (s->outputs.empty() || !s->outputs[0] || !s->loss)
          throw Error("it names no output or no loss");
        if (s->loss.shape() != Shape()) throw Error("its loss is no single number");
        s->text = std::move(text), s->features = features, s->options = std::move(options);
        s->meaning_of_loss = s->meaning = recorded_meaning(*s->graph, s->outputs[0]);
        if (!s->text.empty()) {
          const LossKind& loss = loss_kind(s->options.loss);
          const Index width = s->outputs[0].shape().size();
          s->meaning_of_loss = loss.output(width);
          s->meaning = meaning(*flat(parse_model(s->text)).back(), loss, width);
        }
        s->params.emplace(*s->graph, s->options.seed);
        return s;
      }()) {}

Model Model::fresh(std::uint64_t seed) const {
  ModelOptions options = state_->options;
  options.seed = seed;
  Model copy(state_->graph->clone(), nodes(), state_->text, state_->features, std::move(options));
  copy.schema = schema;
  return copy;
}

ModelNodes Model::nodes() const {
  const Graph& g = *state_->graph;
  const auto number = [&](const Var& v) { return v ? g.number(v) : -1; };
  ModelNodes n;
  for (const Var& v : state_->outputs) n.outputs.push_back(number(v));
  n.target = number(state_->target), n.weight = number(state_->weight);
  n.sample_loss = number(state_->sample_loss), n.loss = number(state_->loss);
  return n;
}

Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

const std::string& Model::text() const { return state_->text; }
const ModelOptions& Model::options() const { return state_->options; }
const Shape& Model::features() const { return state_->features; }
const Graph& Model::graph() const { return *state_->graph; }
Params<float>& Model::params() const { return *state_->params; }
Var Model::input() const { return state_->inputs[0]; }
Var Model::output() const { return state_->outputs[0]; }
const std::vector<Var>& Model::inputs() const { return state_->inputs; }
const std::vector<Var>& Model::all_outputs() const { return state_->outputs; }
const std::vector<Var>& Model::targets() const { return state_->targets; }
Var Model::target() const { return state_->target; }
Var Model::weight() const { return state_->weight; }
Var Model::sample_loss() const { return state_->sample_loss; }
Var Model::loss() const { return state_->loss; }
Index Model::outputs() const { return state_->outputs[0].shape().size(); }

void Model::adopt(Schema of_data) {
  schema = std::move(of_data);
  const bool values = state_->meaning_of_loss == OutputKind::values && !class_target();
  const OutputKind kind =
      schema.task == Task::regression ? state_->meaning_of_loss : state_->meaning;
  const bool binary = kind == OutputKind::binary_logit || kind == OutputKind::binary_probability;
  if (schema.task == Task::automatic || (schema.task == Task::regression && !values))
    schema.task = binary && outputs() > 1      ? Task::multilabel
                  : kind == OutputKind::values ? Task::regression
                                               : Task::classification;
  schema.output = kind;
}

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
