// Layers of a text as nodes of a graph.
#include <algorithm>

#include "chainrule/graph/registry.h"
#include "chainrule/model/layer_table.h"
#include "chainrule/ops/arithmetic.h"

namespace chainrule {
namespace {

Index parameters_since(const Graph& g, std::size_t from) {
  Index count = 0;
  for (const int id : g.params().subspan(from)) count += g.node(id).shape.size();
  return count;
}

/// The initialiser for weights before these layers; `after` when they do not care.
std::string_view wanted_init(const LayerSpecs& layers, std::size_t first, std::string_view after) {
  for (std::size_t i = first; i < layers.size(); ++i) {
    const LayerSpec& layer = layers[i];
    if (layer.kind != nullptr && !layer.kind->init_before.empty()) return layer.kind->init_before;
    if (layer.kind == nullptr && layer.branches.size() == 1 && !layer.defines)
      if (const auto inner = wanted_init(layer.branches[0], 0, ""); !inner.empty()) return inner;
  }
  return after;
}

}  // namespace

LayerBuilder::LayerBuilder(std::string_view text, const LayerSpecs& layers, std::string_view init)
    : text_(text), layers_(&layers), init_(init) {}

Var LayerBuilder::operator()(Var x, Location at) {
  at_ = at;
  again_ = 0;  // every name that there is belongs to an earlier call
  const bool before = std::exchange(sharing_, !names_.empty());
  parts_.clear();
  const Graph::Sharing sharing(x.graph(), sharing_);
  way_ = cat(x.name(), " ", x.shape().str());
  const Var y = sequence(*layers_, x, "glorot_uniform");
  sharing_ = before;
  return y;
}

Var LayerBuilder::sequence(const LayerSpecs& layers, Var x, std::string_view after) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string_view next = wanted_init(layers, i + 1, after);
    if (layers[i].defines) {
      parts_[layers[i].part] = {&layers[i].branches[0]};
      continue;
    }
    for (Index n = 0; n < layers[i].repeat; ++n)
      x = layer(layers[i], x, n + 1 < layers[i].repeat ? wanted_init(layers, i, after) : next);
  }
  return x;
}

Var LayerBuilder::part(const LayerSpec& spec, Var x, std::string_view after) {
  if (!spec.branches.empty()) return sequence(spec.branches[0], x, after);
  Part& p = parts_.find(spec.part)->second;
  if (p.first == p.end) {
    p.first = sharing_ ? again_ : names_.size();
    x = sequence(*p.layers, x, after);
    p.end = sharing_ ? again_ : names_.size();
    return x;
  }
  const std::size_t before = std::exchange(again_, p.first);
  const bool was = std::exchange(sharing_, true);
  const Graph::Sharing sharing(x.graph(), true);
  x = sequence(*p.layers, x, after);
  sharing_ = was, again_ = before;
  return x;
}

std::string LayerBuilder::next_name(const Graph& g, std::string_view prefix) {
  if (sharing_) return names_[again_++];
  for (int n = 1;; ++n) {
    std::string name = cat(prefix, n);
    const auto of_it = [&](int id) { return g.node(id).name.starts_with(name + "."); };
    if (g.has(name) || std::ranges::any_of(g.params(), of_it) ||
        std::ranges::find(names_, name) != names_.end())
      continue;
    names_.push_back(name);
    return name;
  }
}

Var LayerBuilder::layer(const LayerSpec& spec, Var x, std::string_view after) {
  if (spec.kind == nullptr) return part(spec, x, after);
  Graph& g = x.graph();
  const std::size_t before = g.params().size();
  try {
    if (spec.kind->branches) {
      std::vector<Var> ends;
      if (spec.kind->residual) ends.push_back(x);
      for (const LayerSpecs& branch : spec.branches) ends.push_back(sequence(branch, x, after));
      const std::string name = next_name(g, spec.kind->prefix);
      x = spec.kind->residual ? add(Operand(ends[0], at_), Operand(ends[1], at_))
                              : make_op(spec.kind->name, ends, {}, at_);
      x = g.rename(x, name);
    } else if (!spec.kind->prefix.empty()) {
      const std::string name = next_name(g, spec.kind->prefix);
      x = spec.kind->build(spec, x, name, init_.empty() ? after : init_, at_);
      x = g.rename(x, name);
    }
    if (!x.shape().batched()) throw ShapeError("leaves no row for each sample");
  } catch (const ShapeError& e) {
    fail_at(text_, spec.where, e.what(), x.shape().rank() > 1 ? cat("; on the way: ", way_) : "");
  }
  way_ += cat(", ", x.name(), " ", x.shape().str());
  parameters_ += parameters_since(g, before);
  if (parameters_ > kMaxParameters)
    fail_at(text_, spec.where, cat("more than ", grouped(kMaxParameters), " parameters"));
  return x;
}

}  // namespace chainrule
