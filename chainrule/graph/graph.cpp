#include "chainrule/graph/graph.h"

#include "chainrule/graph/op.h"

namespace chainrule {

Graph& Var::graph() const {
  if (home_ == nullptr) throw Error("an empty Var was used, expected a node of a graph");
  if (*home_ == nullptr) throw Error("a Var was used whose graph is gone");
  return **home_;
}

const Shape& Var::shape() const { return graph().node(id_).shape; }
const std::string& Var::name() const { return graph().node(id_).name; }

std::unique_ptr<Graph> Graph::clone() const {
  auto copy = std::make_unique<Graph>();
  copy->nodes_ = nodes_;
  copy->params_ = params_, copy->inputs_ = inputs_;
  copy->by_name_ = by_name_, copy->counters_ = counters_;
  copy->origin_ = home_, copy->cloned_ = size();
  return copy;
}

int Graph::number(const Var& v, int size) const {
  if (v.home_ == nullptr) throw Error("an empty Var was used, expected a node of this graph");
  const bool own = v.home_ == home_, known = v.home_ == origin_ && v.id_ < cloned_;
  if (!own && !known)
    throw Error(*v.home_ == nullptr
                    ? std::string("a Var was used whose graph is gone")
                    : cat("'", v.name(), "' belongs to another graph than the one that is run"));
  if (v.id_ >= size)
    throw Error(cat("'", node(v.id_).name, "' was recorded after the memory for this run was ",
                    "planned; make it anew ", describe(node(v.id_).at)));
  return v.id_;
}

std::string describe(const Location& at) {
  std::string_view file = at.file_name();
  if (const auto slash = file.rfind('/'); slash != file.npos) file.remove_prefix(slash + 1);
  return cat("(", file, ":", at.line(), ")");
}

Var Graph::append(Node node) {
  const int id = size();
  if (sealed_)
    throw Error(
        cat("nothing can be added to the graph of a model; record on the graph that it was ",
            "made from ", describe(node.at)));
  if (!by_name_.emplace(node.name, id).second)
    throw Error(cat("the name '", node.name, "' is used twice in this graph ", describe(node.at)));
  nodes_.push_back(std::move(node));
  return var(id);
}

Var Graph::input(std::string_view name, const Shape& shape, Location at) {
  const Var v = append({.kind = NodeKind::input,
                        .name = std::string(name),
                        .shape = shape.with_batch(true),
                        .at = at});
  inputs_.push_back(v.id());
  return v;
}

Var Graph::class_input(std::string_view name, Index classes, const Shape& shape, Location at) {
  if (classes < 1)
    throw ShapeError(cat("[class input \"", name, "\"] has ", classes,
                         " classes, expected at least 1 ", describe(at)));
  const Var v = append({.kind = NodeKind::class_input,
                        .name = std::string(name),
                        .shape = shape.with_batch(true),
                        .at = at,
                        .classes = classes});
  inputs_.push_back(v.id());
  return v;
}

Var Graph::constant(double value, Location at) { return constant(Shape{}, {value}, at); }

Var Graph::constant(const Shape& shape, std::vector<double> values, Location at) {
  if (static_cast<Index>(values.size()) != shape.size())
    throw ShapeError(cat("[constant] has ", values.size(), " values, shape ", shape.str(),
                         " expects ", shape.size(), " ", describe(at)));
  return append({.kind = NodeKind::constant,
                 .name = unused_name("constant"),
                 .shape = shape.with_batch(false),
                 .at = at,
                 .constant = std::move(values)});
}

Var Graph::param(std::string_view name, const Shape& shape, ParamOptions options, Location at) {
  if (const auto it = by_name_.find(std::string(name)); sharing_ && it != by_name_.end()) {
    const Node& shared = nodes_[static_cast<std::size_t>(it->second)];
    if (shared.kind != NodeKind::param || shared.shape != shape.with_batch(false))
      throw ShapeError(cat("the shared parameter '", name, "' is ", shared.shape.str(),
                           ", here it would be ", shape.with_batch(false).str(), " ",
                           describe(at)));
    return var(it->second);
  }
  Node node{.kind = NodeKind::param,
            .name = std::string(name),
            .shape = shape.with_batch(false),
            .at = at};
  node.param = static_cast<int>(params_.size());
  node.param_options = std::move(options);
  const Var v = append(std::move(node));
  params_.push_back(v.id());
  return v;
}

Var Graph::find(std::string_view name) const {
  if (const auto it = by_name_.find(std::string(name)); it != by_name_.end())
    return var(it->second);
  std::vector<std::string> names;
  for (const Node& node : nodes_) names.push_back(node.name);
  throw Error(cat("there is no node '", name, "' in this graph", did_you_mean(name, names)));
}

Var Graph::rename(Var v, std::string_view name) {
  Node& node = nodes_[static_cast<std::size_t>(number(v))];
  if (node.name == name) return v;
  const std::string own = sharing_ && has(name) ? unused_name(cat(name, "_")) : std::string(name);
  if (!by_name_.emplace(own, v.id()).second)
    throw Error(cat("the name '", name, "' is used twice in this graph ", describe(node.at)));
  by_name_.erase(node.name);
  node.name = own;
  return v;
}

std::string Graph::unused_name(std::string_view prefix) {
  int& n = counters_[std::string(prefix)];
  std::string name;
  do name = cat(prefix, ++n);
  while (by_name_.contains(name));
  return name;
}

Var Graph::append(std::shared_ptr<const Op> op, std::span<const Var> inputs, Location at) {
  Node node{.kind = NodeKind::op, .name = unused_name(op->doc().name), .shape = {}, .at = at};
  const std::string tag = cat("[", op->doc().name, " \"", node.name, "\"] ");
  const OpDoc& doc = op->doc();
  const bool variadic = !doc.inputs.empty() && doc.inputs.back() == "...";
  const std::size_t most = variadic ? inputs.size() : doc.inputs.size();
  const std::size_t least =
      variadic ? doc.inputs.size() - 1 : doc.inputs.size() - static_cast<std::size_t>(doc.optional);
  if (inputs.size() < least || inputs.size() > most)
    throw Error(cat(tag, "has ", inputs.size(), inputs.size() == 1 ? " input" : " inputs",
                    ", expected ", least < most && !variadic ? cat(least, " or ") : std::string(),
                    variadic ? cat("at least ", least) : cat(most), " ", describe(at)));
  std::vector<Shape> shapes;
  for (const Var& v : inputs) {
    if (!v) throw Error(cat(tag, "an input is an empty Var ", describe(at)));
    if (&v.graph() != this)
      throw Error(cat(tag, "input '", v.name(), "' belongs to another graph ", describe(at)));
    const bool indices = this->node(v).kind == NodeKind::class_input;
    if (indices != op->takes_indices(static_cast<int>(shapes.size())))
      throw ShapeError(
          cat(tag, "input '", v.name(), "' holds ",
              indices ? "class indices, expected numbers " : "numbers, expected class indices ",
              describe(at)));
    node.inputs.push_back(v.id());
    shapes.push_back(v.shape());
  }
  try {
    node.shape = op->infer(shapes);
  } catch (const ShapeError& e) {
    throw ShapeError(cat(tag, e.what(), " ", describe(at)));
  }
  node.op = std::move(op);
  return append(std::move(node));
}

namespace detail {

Var add_node(std::shared_ptr<const Op> op, std::span<const Var> inputs, Location at) {
  for (const Var& v : inputs)
    if (v) return v.graph().append(std::move(op), inputs, at);
  throw Error(cat("[", op->doc().name, "] all inputs are empty ", describe(at)));
}

}  // namespace detail

}  // namespace chainrule
