#include "chainrule/io/onnx_schema.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include "chainrule/core/error.h"
#include "chainrule/data/answer.h"
#include "chainrule/data/table.h"

namespace chainrule::onnx {
namespace {

using Names = std::vector<std::string>;

constexpr std::string_view kNetwork = "network/";
/// Of operators on texts, https://github.com/onnx/onnx/blob/main/docs/Operators-ml.md
constexpr const char* kTexts = "ai.onnx.ml";

template <class F>
void each_name(File& file, F f) {
  for (Node& n : file.nodes) {
    f(n.name);
    for (Names* names : {&n.inputs, &n.outputs})
      for (std::string& name : *names)
        if (!name.empty()) f(name);
  }
  for (Tensor& t : file.tensors) f(t.name);
  for (std::vector<Port>* ports : {&file.inputs, &file.outputs, &file.known})
    for (Port& p : *ports) f(p.name);
}

double real_of(const std::string& text) {
  double x = 0;
  std::from_chars(text.data(), text.data() + text.size(), x);
  return x;
}

/// Nodes of the schema, whose names begin with "raw/" or "answer/".
class Around {
 public:
  Around(File& file, const Schema& schema) : file_(file), schema_(schema) {
    each_name(file_, [](std::string& name) { name.insert(0, kNetwork); });
    file_.known = file_.inputs;
    file_.known.insert(file_.known.end(), file_.outputs.begin(), file_.outputs.end());
    network_ = std::move(file_.nodes);
    file_.nodes.clear();
  }

  void run() {
    const Port input = std::move(file_.inputs[0]);
    file_.inputs.clear();
    before(input);
    file_.nodes.insert(file_.nodes.end(), std::make_move_iterator(network_.begin()),
                       std::make_move_iterator(network_.end()));
    const Port output = std::move(file_.outputs[0]);
    file_.outputs.erase(file_.outputs.begin());
    for (Port& p : file_.outputs) {  // further ones keep their names
      const std::string plain = p.name.substr(kNetwork.size());
      give(add("answer", "Identity", {p.name}), plain, std::exchange(p, {}));
    }
    std::erase_if(file_.outputs, [](const Port& p) { return p.name.empty(); });
    after(output);
    std::ranges::rotate(file_.outputs, file_.outputs.end() - answers_);
  }

 private:
  std::string add(const char* part, const char* op, Names inputs,
                  std::vector<Attribute> attributes = {}, const char* domain = "") {
    const std::string name = cat(part, "/", op, "_", ++count_);
    file_.nodes.push_back({.op = op,
                           .name = name,
                           .domain = domain,
                           .inputs = std::move(inputs),
                           .outputs = {name},
                           .attributes = std::move(attributes)});
    if (domain == kTexts) file_.uses_texts = true;
    return name;
  }
  std::string raw(const char* op, Names inputs, std::vector<Attribute> attributes = {}) {
    return add("raw", op, std::move(inputs), std::move(attributes));
  }
  std::string answer(const char* op, Names inputs, std::vector<Attribute> attributes = {}) {
    return add("answer", op, std::move(inputs), std::move(attributes));
  }

  template <class T>
  std::string constant(const std::vector<T>& values, std::vector<Index> dims) {
    std::string name = cat("schema/", ++count_);
    file_.tensors.push_back(Tensor::of(name, std::move(dims), std::span<const T>(values)));
    return name;
  }
  std::string number(double v) { return constant(std::vector{static_cast<float>(v)}, {}); }
  std::string row(const std::vector<double>& values) {
    return constant(values, {1, std::ssize(values)});
  }
  static Attribute to(Type type) { return {"to", static_cast<std::int64_t>(type)}; }

  std::string input(const std::string& name, Type type, std::vector<Axis> axes) {
    if (std::ranges::find(file_.inputs, name, &Port::name) != file_.inputs.end() ||
        name.find('/') != name.npos)
      throw Error(cat("the column '", name, "' cannot be an input of an ONNX graph by that name"));
    file_.inputs.push_back({name, static_cast<std::int64_t>(type), std::move(axes)});
    return name;
  }
  static std::vector<Axis> columns(Index width) { return {{0, "batch"}, {width, ""}}; }

  /// The value with that name becomes an output of the graph.
  void give(const std::string& value, const std::string& name, Port port) {
    for (Node& n : file_.nodes) {
      std::ranges::replace(n.outputs, value, name);
      std::ranges::replace(n.inputs, value, name);
    }
    port.name = name;
    file_.outputs.push_back(std::move(port));
  }
  void answer_output(const std::string& value, const char* name, Type type,
                     std::vector<Axis> axes) {
    give(value, name, {"", static_cast<std::int64_t>(type), std::move(axes)});
    ++answers_;
  }

  // ---- Before the network.

  void before(const Port& network) {
    const std::vector<Input>& inputs = schema_.inputs;
    std::string features;
    const bool as_they_are = std::ranges::all_of(inputs, [](const Input& i) {
      return i.kind == InputKind::number && i.element != ElementType::byte && i.offset == 0 &&
             i.scale == 1 && std::isnan(i.fill);
    });
    if (as_they_are || (!schema_.has_columns() && inputs.size() != 1)) {
      features = input(network.name.substr(kNetwork.size()), Type::f32, network.axes);
    } else if (!schema_.has_columns()) {
      features = array(inputs[0], network);
    } else if (std::ranges::any_of(inputs,
                                   [](const Input& i) { return i.kind == InputKind::category; })) {
      Names parts;
      for (const Input& i : inputs) column(i, parts);
      features = raw("Concat", parts, {{"axis", std::int64_t{1}}});
    } else {
      features = numbers();
    }
    // What the last node computes is the network's input.
    if (file_.nodes.empty()) raw("Identity", {features});
    file_.nodes.back().outputs[0] = network.name;
  }

  std::string array(const Input& i, const Port& network) {
    const bool bytes = i.element == ElementType::byte;
    std::vector<Axis> axes{{0, "batch"}};
    for (const Index d : i.shape.dims()) axes.push_back({d, ""});
    std::string x = input(bytes ? "pixels" : network.name.substr(kNetwork.size()),
                          bytes ? Type::u8 : Type::f32, axes);
    if (bytes) x = raw("Cast", {x}, {to(Type::f32)});
    if (i.offset != 0) x = raw("Sub", {x, number(i.offset)});
    if (i.scale != 1) x = raw("Div", {x, number(i.scale)});
    std::vector<std::int64_t> dims;
    for (std::size_t k = 0; k < network.axes.size(); ++k)
      dims.push_back(k == 0 ? -1 : network.axes[k].size);
    const bool same = std::ranges::equal(axes, network.axes, {}, &Axis::size, &Axis::size);
    if (same) return x;
    return raw("Reshape", {x, constant(dims, {std::ssize(dims)})});
  }

  /// (x - offset) / scale in double, as in training, then FLOAT.
  std::string scaled(std::string x, const std::vector<const Input*>& of) {
    std::vector<double> fill, offset, scale;
    for (const Input* i : of)
      fill.push_back(i->fill), offset.push_back(i->offset), scale.push_back(i->scale);
    const bool fills = std::ranges::any_of(fill, [](double v) { return !std::isnan(v); });
    if (fills) x = raw("Where", {raw("IsNaN", {x}), row(fill), x});
    if (std::ranges::any_of(offset, [](double v) { return v != 0; }))
      x = raw("Sub", {x, row(offset)});
    if (std::ranges::any_of(scale, [](double v) { return v != 1; }))
      x = raw("Div", {x, row(scale)});
    return raw("Cast", {x}, {to(Type::f32)});
  }

  std::string numbers() {
    std::vector<const Input*> all;
    for (const Input& i : schema_.inputs) all.push_back(&i);
    return scaled(input("x", Type::f64, columns(std::ssize(all))), all);
  }

  /// 1 where the text is one of `texts`, [batch, texts]; for any other 0 everywhere.
  std::string one_hot(const std::string& x, const Names& texts) {
    const std::string y =
        add("raw", "OneHotEncoder", {x}, {{"cats_strings", texts}, {"zeros", std::int64_t{1}}},
            kTexts);  // [batch, 1, texts]
    const Index width = std::ssize(texts);
    file_.known.push_back(
        {y, static_cast<std::int64_t>(Type::f32), {{0, "batch"}, {1, ""}, {width, ""}}});
    return raw("Reshape", {y, constant(std::vector<std::int64_t>{-1, width}, {2})});
  }

  void column(const Input& i, Names& parts) {
    if (i.kind != InputKind::category) {
      parts.push_back(scaled(input(i.name, Type::f64, columns(1)), {&i}));
      return;
    }
    const std::string x = input(i.name, Type::text, columns(1));
    parts.push_back(one_hot(x, i.categories));
    if (!i.missing_category) return;
    Names missing = i.missing;
    for (const std::string_view usual : data::kUsualMissing) {
      missing.emplace_back(usual);
      std::string upper(usual);
      for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      missing.push_back(upper);
    }
    missing.emplace_back("NaN");
    std::set<std::string> once(missing.begin(), missing.end());
    parts.push_back(
        raw("ReduceSum",
            {one_hot(x, {once.begin(), once.end()}), constant(std::vector<std::int64_t>{1}, {1})},
            {{"keepdims", std::int64_t{1}}}));
  }

  // ---- After the network.

  void after(const Port& output) {
    const std::string& y = output.name;
    const Index width = output.axes.back().size;
    if (schema_.task == Task::classification) return classes(y, width);
    if (schema_.task == Task::multilabel) return several(y, width);
    std::vector<float> scale, offset;
    for (const chainrule::Target& t : schema_.targets)
      scale.push_back(static_cast<float>(t.scale)), offset.push_back(static_cast<float>(t.offset));
    std::string value = y;
    if (std::ssize(scale) == width) {
      value = answer("Mul", {value, constant(scale, {1, width})});
      value = answer("Add", {value, constant(offset, {1, width})});
    } else {
      value = answer("Identity", {value});
    }
    answer_output(value, "prediction", Type::f32, output.axes);
  }

  std::string probabilities(const std::string& y) {
    switch (schema_.output) {
      case OutputKind::logits:
        return answer("Softmax", {y}, {{"axis", std::int64_t{-1}}});
      case OutputKind::binary_logit:
        return answer("Sigmoid", {y});
      default:
        return answer("Identity", {y});
    }
  }

  void classes(const std::string& y, Index width) {
    const std::string p = probabilities(y);
    std::string index;  // [batch]
    const auto above = [&](const std::string& x, double boundary) {
      const std::string flat = constant(std::vector<std::int64_t>{-1}, {1});
      return answer("Cast", {answer("Reshape", {answer("Greater", {x, number(boundary)}), flat})},
                    {to(Type::i64)});
    };
    if (width == 1)
      index = above(y, static_cast<double>(decision_boundary(schema_)));
    else if (width == 2 && schema_.threshold != 0.5 && gives_probabilities(schema_))
      index = above(answer("Gather", {p, constant(std::vector<std::int64_t>{1}, {1})},
                           {{"axis", std::int64_t{1}}}),
                    schema_.threshold);
    else
      index = answer("ArgMax", {y}, {{"axis", std::int64_t{1}}, {"keepdims", std::int64_t{0}}});
    const auto [label, type] = labelled(index, schema_.labels);
    answer_output(label, "label", type, {{0, "batch"}});
    if (!gives_probabilities(schema_)) return;
    std::string all = p;
    if (width == 1)
      all = answer("Concat", {answer("Sub", {number(1), p}), p}, {{"axis", std::int64_t{1}}});
    answer_output(all, "probabilities", Type::f32, columns(std::max<Index>(width, 2)));
  }

  /// The labels of class numbers, in the type that they had.
  std::pair<std::string, Type> labelled(const std::string& index, const Names& labels) {
    const auto looked_up = [&](auto values) {
      const Index count = std::ssize(values);
      return answer("Gather", {constant(values, {count}), index});
    };
    std::vector<std::int64_t> keys;
    std::vector<double> reals;
    for (const std::string& label : labels) {
      keys.push_back(std::ssize(keys));
      reals.push_back(real_of(label));
    }
    switch (labels.empty() ? LabelType::integer : schema_.label_type) {
      case LabelType::integer:
        if (labels.empty()) return {answer("Identity", {index}), Type::i64};
        return {looked_up(std::vector<std::int64_t>(reals.begin(), reals.end())), Type::i64};
      case LabelType::real:
        return {looked_up(reals), Type::f64};
      case LabelType::boolean: {
        for (std::size_t i = 0; i < labels.size(); ++i) keys[i] = labels[i] == "True";
        return {answer("Cast", {looked_up(keys)}, {to(Type::boolean)}), Type::boolean};
      }
      case LabelType::text:
        break;
    }
    return {add("answer", "LabelEncoder", {index},
                {{"keys_int64s", keys}, {"values_strings", labels}}, kTexts),
            Type::text};
  }

  void several(const std::string& y, Index width) {
    const std::string p = probabilities(y);
    const std::string threshold = number(schema_.threshold);
    const std::string yes = answer("Cast", {answer("Greater", {p, threshold})}, {to(Type::i64)});
    Names parts;
    Type type = Type::i64;
    for (Index k = 0; k < width; ++k) {
      const std::string one = answer("Gather", {yes, constant(std::vector<std::int64_t>{k}, {1})},
                                     {{"axis", std::int64_t{1}}});
      const auto k_ = static_cast<std::size_t>(k);
      const auto [label, of] =
          labelled(one, k_ < schema_.targets.size() ? schema_.targets[k_].labels : Names());
      if (of == Type::text)
        file_.known.push_back({label, static_cast<std::int64_t>(of), columns(1)});
      parts.push_back(label), type = of;
    }
    const std::string all = answer("Concat", parts, {{"axis", std::int64_t{1}}});
    answer_output(all, "labels", type, columns(width));
    answer_output(p, "probabilities", Type::f32, columns(width));
  }

  File& file_;
  const Schema& schema_;
  std::vector<Node> network_;
  int count_ = 0, answers_ = 0;
};

bool is_network(const std::string& name) { return name.starts_with(kNetwork); }

}  // namespace

void add_schema(File& file, const Schema& schema) {
  if (file.inputs.size() != 1)
    throw Error(cat("the network has ", file.inputs.size(),
                    " inputs; a schema of rows describes one, --features leaves it out"));
  Around(file, schema).run();
}

void remove_schema(File& file) {
  if (!file.metadata.contains("schema") ||
      !std::ranges::any_of(file.known, is_network, &Port::name))
    return;
  std::set<std::string> computed;
  std::erase_if(file.nodes, [](const Node& n) { return !is_network(n.name); });
  std::erase_if(file.tensors, [](const Tensor& t) { return !is_network(t.name); });
  for (const Node& n : file.nodes) computed.insert(n.outputs.begin(), n.outputs.end());
  file.inputs.clear(), file.outputs.clear();
  for (const Port& p : file.known)
    if (is_network(p.name)) (computed.contains(p.name) ? file.outputs : file.inputs).push_back(p);
  file.known.clear();
  each_name(file, [](std::string& name) {
    if (is_network(name)) name.erase(0, kNetwork.size());
  });
}

}  // namespace chainrule::onnx
