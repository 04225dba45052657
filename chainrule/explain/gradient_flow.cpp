#include "chainrule/explain/gradient_flow.h"

#include <algorithm>
#include <cmath>

namespace chainrule {
namespace {

double mean_size(View<const float> v) {
  double sum = 0;
  for (const float x : v) sum += std::abs(static_cast<double>(x));
  return v.size() > 0 ? sum / static_cast<double>(v.size()) : 0;
}

}  // namespace

FlowRecorder::FlowRecorder(std::int64_t steps, int most)
    : steps_(steps),
      every_(std::max<std::int64_t>(1, (steps + most - 2) / std::max(1, most - 1))) {}

void FlowRecorder::on_start(const RunInfo& info) {
  steps_ = info.steps;
  start(info.model);
}

void FlowRecorder::on_step(const StepInfo& info) { look(info.step, info.loss, info.tape); }

void FlowRecorder::start(const Model& model) {
  model_ = &model;
  nodes_.clear(), flow_ = {};
  const Graph& g = model.graph();
  for (int id = 0; id < model.sample_loss().id(); ++id) {
    const Node& node = g.node(id);
    if (node.kind != NodeKind::op || !node.shape.batched()) continue;
    const auto weight = std::ranges::find_if(node.inputs, [&](int in) {
      return g.node(in).kind == NodeKind::param && g.node(in).param_options.trainable;
    });
    if (weight != node.inputs.end()) {
      nodes_.push_back({*weight, id});
      flow_.layers.push_back(node.name);
    } else if (!nodes_.empty()) {
      nodes_.back().output = id;
      flow_.layers.back() += " " + node.name;
    }
  }
}

void FlowRecorder::look(std::int64_t step, double loss, const Tape<float>& tape) {
  if (step != 1 && step != steps_ && step % every_ != 0) return;
  GradientFlow::Moment moment{step, loss, {}};
  for (const Nodes& n : nodes_) {
    const View<const float> y = tape.value(model_->graph().var(n.output));
    const auto count = static_cast<double>(y.size());
    double sum = 0, squares = 0;
    for (const float x : y) sum += static_cast<double>(x);
    for (const float x : y) squares += std::pow(static_cast<double>(x) - sum / count, 2);
    moment.layers.push_back(
        {.weight_gradient = mean_size(tape.grad(model_->graph().var(n.weight))),
         .output_gradient = mean_size(tape.grad(model_->graph().var(n.output))),
         .output_deviation = std::sqrt(squares / count),
         .output_zeros = static_cast<double>(std::ranges::count(y, 0.0F)) / count});
  }
  flow_.moments.push_back(std::move(moment));
}

}  // namespace chainrule
