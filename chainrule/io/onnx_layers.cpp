#include "chainrule/io/onnx_layers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <unordered_map>

#include "chainrule/core/error.h"

namespace chainrule::onnx {
namespace {

constexpr std::size_t kMaxLayers = 1'000;  // of a model's text

/// Values that do not depend on the input.
struct Constant {
  std::vector<Index> dims;
  std::vector<double> values;
  bool is_scalar() const { return values.size() == 1; }
};

/// The shortest text of a number that a file keeps in 32 bits.
std::string text_of(float value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

bool near(double a, double b) { return std::abs(a - b) <= 1e-5 * std::max(1.0, std::abs(b)); }

std::vector<float> to_floats(const std::vector<double>& values, double factor = 1) {
  std::vector<float> floats(values.size());
  std::ranges::transform(values, floats.begin(),
                         [=](double v) { return static_cast<float>(factor * v); });
  return floats;
}

/// Row-major [rows, cols] to [cols, rows].
template <class T>
std::vector<T> turned(const std::vector<T>& from, Index rows, Index cols) {
  std::vector<T> to(from.size());
  if (from.empty()) return to;  // one of the two is 0, the other may be 2^60
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < cols; ++j)
      to[static_cast<std::size_t>(j * rows + i)] = from[static_cast<std::size_t>(i * cols + j)];
  return to;
}

/// Walks from the output back to the input; each step recognises one layer by what computes its
/// output, and goes on at the layer's input. Nodes stand after what they use, so it ends.
class LayerFinder {
 public:
  LayerFinder(const File& file, const std::string& name) : file_(file), name_(name) {
    for (const Tensor& t : file.tensors) tensors_.emplace(t.name, &t);
    for (const Node& n : file.nodes)
      for (const std::string& output : n.outputs) makers_.emplace(output, &n);
    for (const Tensor& t : file.tensors) allowance_ += 4 * t.size();
  }

  std::vector<Layer> run(const std::string& input, std::string value) {
    std::vector<Layer> layers;
    while (value != input) {
      Layer layer = match(value);
      value = layer.input;
      if (layer.kind.empty()) continue;
      if (layers.size() == kMaxLayers) fail(cat("has more than ", kMaxLayers, " layers"));
      // One tensor may serve many layers, but a small file may not become a large model.
      for (const LayerValues& v : layer.values) {
        allowance_ -= static_cast<Index>(v.values.size());
        if (allowance_ < 0) fail("uses its values over and over, which is not imported");
      }
      layers.push_back(std::move(layer));
    }
    std::ranges::reverse(layers);
    return layers;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { onnx::refuse(name_, what); }
  [[noreturn]] void refuse(const Node& n, std::string_view why) const {
    fail(cat("has the node '", n.name, "' (", n.op, ") ", why));
  }

  const Node* maker(const std::string& value) const {
    const auto it = makers_.find(value);
    return it == makers_.end() ? nullptr : it->second;
  }
  /// What makes `value`, if it is such an operator with that many inputs, else null.
  const Node* maker(const std::string& value, std::string_view op, std::size_t inputs) const {
    const Node* const n = maker(value);
    return n != nullptr && n->op == op && n->inputs.size() == inputs && standard(*n) ? n : nullptr;
  }
  static bool standard(const Node& n) { return n.domain.empty() || n.domain == "ai.onnx"; }

  static std::string input(const Node& n, std::size_t i) {
    return i < n.inputs.size() ? n.inputs[i] : "";
  }

  float number(const Node& n, std::string_view attribute, float fallback) const {
    const Value* const v = n.find(attribute);
    if (v == nullptr) return fallback;
    if (const float* f = std::get_if<float>(v)) return *f;
    refuse(n, cat("whose ", attribute, " is not a number"));
  }
  std::int64_t whole(const Node& n, std::string_view attribute, std::int64_t fallback) const {
    const Value* const v = n.find(attribute);
    if (v == nullptr) return fallback;
    if (const std::int64_t* i = std::get_if<std::int64_t>(v)) return *i;
    refuse(n, cat("whose ", attribute, " is not a whole number"));
  }

  /// An initializer or a Constant of at most `most` values, perhaps passed on, or transposed as a
  /// matrix.
  std::optional<Constant> constant(const std::string& value,
                                   Index most = std::numeric_limits<Index>::max()) const {
    constexpr int kMostSteps = 100;  // or a long chain, asked for again and again, takes minutes
    bool transposed = false;
    const Tensor* tensor = nullptr;
    const std::string* at = &value;
    for (int steps = 0; tensor == nullptr; ++steps) {
      if (steps == kMostSteps) return std::nullopt;
      if (const auto it = tensors_.find(*at); it != tensors_.end()) {
        tensor = it->second;
        break;
      }
      const Node* const n = maker(*at);
      if (n == nullptr || !standard(*n)) return std::nullopt;
      if (n->op == "Constant") {
        const Value* const v = n->find("value");
        if (v != nullptr) tensor = std::get_if<Tensor>(v);
        if (v == nullptr && n->find("value_float") != nullptr)
          return Constant{{}, {number(*n, "value_float", 0)}};
        if (tensor == nullptr) return std::nullopt;
      } else if (n->inputs.size() == 1 && (n->op == "Identity" || n->op == "Transpose")) {
        if (n->op == "Transpose") transposed = !transposed;
        at = &n->inputs[0];
      } else {
        return std::nullopt;
      }
    }
    if (tensor->size() > most) return std::nullopt;
    Constant c{tensor->dims, tensor->values()};
    if (transposed && c.dims.size() > 2) return std::nullopt;
    if (transposed && c.dims.size() == 2) {
      c.values = turned(c.values, c.dims[0], c.dims[1]);
      std::swap(c.dims[0], c.dims[1]);
    }
    return c;
  }
  std::optional<double> scalar(const std::string& value) const {
    const auto c = constant(value, 1);
    return c && c->is_scalar() ? std::optional(c->values[0]) : std::nullopt;
  }
  bool is_constant(const std::string& value) const {
    return tensors_.contains(value) || constant(value).has_value();
  }

  Constant needed(const Node& n, std::size_t i, std::string_view what) const {
    auto c = constant(input(n, i));
    if (!c)
      refuse(n, cat("whose ", what, " is computed; only one that stands in the file is read"));
    return *std::move(c);
  }

  /// One number per feature: [F], or with axes of length 1 before it.
  LayerValues vector(const Node& n, std::size_t i, std::string_view part) const {
    const Constant c = needed(n, i, part);
    for (std::size_t k = 0; k + 1 < c.dims.size(); ++k)
      if (c.dims[k] != 1) refuse(n, cat("whose ", part, " is not one number per feature"));
    return {std::string(part), {static_cast<Index>(c.values.size())}, to_floats(c.values)};
  }

  static std::string size_text(Index outputs, bool bias) {
    return cat(outputs, bias ? "" : " bias=false");
  }

  Layer linear(const Node& n, const Constant& w, bool outputs_first, double scale) const {
    if (w.dims.size() != 2) refuse(n, "whose weight is not a matrix");
    Layer layer{.kind = "linear", .arguments = "", .input = input(n, 0), .node = &n};
    LayerValues weight{"weight", w.dims, to_floats(w.values, scale)};
    if (!outputs_first) {
      weight.values = turned(weight.values, w.dims[0], w.dims[1]);
      std::swap(weight.dims[0], weight.dims[1]);
    }
    layer.arguments = size_text(weight.dims[0], false);
    layer.values.push_back(std::move(weight));
    return layer;
  }

  void add_bias(Layer& layer, LayerValues bias) const {
    const Index outputs = layer.values[0].dims[0];
    if (bias.values.size() == 1 && outputs > 1)  // one for all
      bias.values.assign(static_cast<std::size_t>(outputs), bias.values[0]);
    bias.dims = {static_cast<Index>(bias.values.size())};
    layer.arguments = size_text(outputs, true);
    layer.values.push_back(std::move(bias));
  }

  Layer gemm(const Node& n) const {
    if (whole(n, "transA", 0) != 0) refuse(n, "that transposes its input");
    Layer layer =
        linear(n, needed(n, 1, "weight"), whole(n, "transB", 0) != 0, number(n, "alpha", 1));
    if (input(n, 2).empty()) return layer;
    LayerValues bias = vector(n, 2, "bias");
    for (float& v : bias.values) v *= number(n, "beta", 1);
    add_bias(layer, std::move(bias));
    return layer;
  }

  Layer matmul(const Node& n) const { return linear(n, needed(n, 1, "weight"), false, 1); }

  /// The tail of a taken-apart layer norm, a linear layer's bias, or a bias of its own.
  Layer add(const Node& n) const {
    if (n.inputs.size() != 2) refuse(n, "without two inputs");
    if (auto norm = layer_norm_parts(n)) return *std::move(norm);
    const std::size_t c = is_constant(n.inputs[1]) ? 1 : 0;
    if (!is_constant(n.inputs[c]))
      refuse(n, "that joins two branches; a model is one chain of layers");
    LayerValues bias = vector(n, c, "bias");
    const std::string& x = n.inputs[1 - c];
    if (const Node* const product = maker(x, "MatMul", 2)) {
      Layer layer = matmul(*product);
      add_bias(layer, std::move(bias));
      return layer;
    }
    return {.kind = "bias", .arguments = "", .values = {std::move(bias)}, .input = x, .node = &n};
  }

  /// gamma * (x - mean) / sqrt(mean((x - mean)^2) + epsilon) + beta, from its last addition.
  std::optional<Layer> layer_norm_parts(const Node& n) const {
    for (std::size_t i = 0; i < 2; ++i) {
      const Node* const scaled = maker(n.inputs[i], "Mul", 2);
      if (scaled == nullptr) continue;
      for (std::size_t k = 0; k < 2; ++k) {
        const Node* const ratio = maker(scaled->inputs[k], "Div", 2);
        if (ratio == nullptr || !is_constant(scaled->inputs[1 - k]) ||
            !is_constant(n.inputs[1 - i]))
          continue;
        const Node* const root = maker(ratio->inputs[1], "Sqrt", 1);
        const Node* const shifted = root ? maker(root->inputs[0], "Add", 2) : nullptr;
        if (shifted == nullptr) continue;
        const std::size_t e = scalar(shifted->inputs[1]) ? 1 : 0;
        const auto epsilon = scalar(shifted->inputs[e]);
        const Node* const variance = maker(shifted->inputs[1 - e]);
        if (!epsilon || variance == nullptr || !mean_of_last(*variance)) continue;
        const std::string& difference = ratio->inputs[0];
        const Node* const minus = maker(difference, "Sub", 2);
        if (minus == nullptr || !is_square(variance->inputs[0], difference)) continue;
        const Node* const mean = maker(minus->inputs[1]);
        if (mean == nullptr || !mean_of_last(*mean) || mean->inputs[0] != minus->inputs[0])
          continue;
        return Layer{.kind = "layer_norm",
                     .arguments = cat("epsilon=", text_of(static_cast<float>(*epsilon))),
                     .values = {vector(*scaled, 1 - k, "weight"), vector(n, 1 - i, "bias")},
                     .input = minus->inputs[0],
                     .node = &n};
      }
    }
    return std::nullopt;
  }

  bool mean_of_last(const Node& n) const {
    if (n.op != "ReduceMean" || n.inputs.empty() || whole(n, "keepdims", 1) == 0) return false;
    if (n.inputs.size() > 1) {  // from operator set 18 on
      const auto axes = constant(n.inputs[1]);
      return axes && axes->is_scalar() && axes->values[0] == -1;
    }
    const Value* const v = n.find("axes");
    const auto* const axes = v == nullptr ? nullptr : std::get_if<std::vector<std::int64_t>>(v);
    return axes != nullptr && axes->size() == 1 && (*axes)[0] == -1;
  }

  bool is_square(const std::string& value, const std::string& x) const {
    if (const Node* const product = maker(value, "Mul", 2))
      return product->inputs[0] == x && product->inputs[1] == x;
    const Node* const power = maker(value, "Pow", 2);
    return power != nullptr && power->inputs[0] == x && scalar(power->inputs[1]) == 2.0;
  }

  /// coefficient * value, with the constant factors of value taken out.
  struct Scaled {
    double coefficient = 1;
    std::string value;
  };
  Scaled strip(std::string value) const {
    Scaled s{1, std::move(value)};
    for (const Node* n = maker(s.value); n != nullptr && n->inputs.size() == 2 && standard(*n);
         n = maker(s.value)) {
      const auto second = scalar(n->inputs[1]);
      if (n->op == "Div" && second && *second != 0) {
        s.coefficient /= *second, s.value = n->inputs[0];
      } else if (n->op == "Mul" && second) {
        s.coefficient *= *second, s.value = n->inputs[0];
      } else if (const auto first = scalar(n->inputs[0]); n->op == "Mul" && first) {
        s.coefficient *= *first, s.value = n->inputs[1];
      } else {
        break;
      }
    }
    return s;
  }

  /// The other summand, when one of them is the number.
  std::optional<std::string> plus(const std::string& value, double number) const {
    const Node* const sum = maker(value, "Add", 2);
    for (std::size_t i = 0; sum != nullptr && i < 2; ++i)
      if (scalar(sum->inputs[i]) == number) return sum->inputs[1 - i];
    return std::nullopt;
  }

  using Polynomial = std::array<double, 4>;
  /// `value` as a polynomial in x of degree 3 at most.
  std::optional<Polynomial> polynomial(const std::string& value, const std::string& x,
                                       int depth = 0) const {
    if (value == x) return Polynomial{0, 1, 0, 0};
    if (const auto c = scalar(value)) return Polynomial{*c, 0, 0, 0};
    const Node* const n = maker(value);
    if (n == nullptr || n->inputs.size() != 2 || depth == 8) return std::nullopt;
    const auto a = polynomial(n->inputs[0], x, depth + 1);
    if (!a) return std::nullopt;
    if (n->op == "Pow") {
      const auto exponent = scalar(n->inputs[1]);
      if (exponent == 2.0) return times(*a, *a);
      if (exponent != 3.0) return std::nullopt;
      const auto square = times(*a, *a);
      return square ? times(*square, *a) : std::nullopt;
    }
    const auto b = polynomial(n->inputs[1], x, depth + 1);
    if (!b) return std::nullopt;
    if (n->op == "Mul") return times(*a, *b);
    if (n->op != "Add") return std::nullopt;
    Polynomial sum = *a;
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += (*b)[i];
    return sum;
  }
  static std::optional<Polynomial> times(const Polynomial& a, const Polynomial& b) {
    Polynomial product{};
    for (std::size_t i = 0; i < a.size(); ++i)
      for (std::size_t j = 0; j < b.size(); ++j) {
        if (i + j < product.size())
          product[i + j] += a[i] * b[j];
        else if (a[i] * b[j] != 0)
          return std::nullopt;
      }
    return product;
  }

  /// x sigmoid(x), x (1 + erf(x / sqrt 2)) / 2, x (1 + tanh(u)) / 2: in any order of the factors.
  Layer product(const Node& n) const {
    const Scaled whole_product = strip(n.outputs[0]);
    if (const Node* const m = maker(whole_product.value, "Mul", 2)) {
      for (std::size_t i = 0; i < 2; ++i) {
        const std::string &x = m->inputs[i], &y = m->inputs[1 - i];
        // A constant factor belongs to this product, or to the layer before it.
        for (const Scaled& a : {Scaled{1, x}, strip(x)})
          for (const Scaled& gate : {Scaled{1, y}, strip(y)}) {
            const double c = whole_product.coefficient * a.coefficient * gate.coefficient;
            if (const std::string kind = gated(a.value, gate.value, c); !kind.empty())
              return {.kind = kind, .arguments = "", .input = a.value, .node = &n};
          }
      }
    }
    refuse(n, "that is no part of a layer of a model");
  }

  std::string gated(const std::string& x, const std::string& gate, double coefficient) const {
    const Node* const sigmoid = maker(gate, "Sigmoid", 1);
    if (sigmoid != nullptr && sigmoid->inputs[0] == x && near(coefficient, 1)) return "silu";
    const auto inner = plus(gate, 1);
    if (!inner || !near(coefficient, 0.5)) return "";
    if (const Node* const erf = maker(*inner, "Erf", 1)) {
      const auto p = polynomial(erf->inputs[0], x);
      const auto div = strip(erf->inputs[0]);
      if ((p && near((*p)[1], 1 / std::numbers::sqrt2) && (*p)[0] == 0 && (*p)[2] == 0 &&
           (*p)[3] == 0) ||
          (div.value == x && near(div.coefficient, 1 / std::numbers::sqrt2)))
        return "gelu";
    }
    if (const Node* const tanh = maker(*inner, "Tanh", 1)) {
      const double c = std::sqrt(2 / std::numbers::pi);
      const auto p = polynomial(tanh->inputs[0], x);
      if (p && near((*p)[1], c) && near((*p)[3], 0.044715 * c) && (*p)[0] == 0 && (*p)[2] == 0)
        return "gelu_tanh";
    }
    return "";
  }

  Layer batch_norm(const Node& n) const {
    if (n.inputs.size() != 5) refuse(n, "without five inputs");
    if (whole(n, "training_mode", 0) != 0) refuse(n, "that was exported for training");
    // ONNX keeps the part that stays, a model the part that moves.
    return {.kind = "batch_norm",
            .arguments = cat("momentum=", cat(1 - static_cast<double>(number(n, "momentum", 0.9F))),
                             " epsilon=", text_of(number(n, "epsilon", 1e-5F))),
            .values = {vector(n, 1, "weight"), vector(n, 2, "bias"), vector(n, 3, "running_mean"),
                       vector(n, 4, "running_var")},
            .input = n.inputs[0],
            .node = &n};
  }

  Layer layer_norm(const Node& n) const {
    Layer layer{.kind = "layer_norm",
                .arguments = cat("epsilon=", text_of(number(n, "epsilon", 1e-5F))),
                .values = {vector(n, 1, "weight")},
                .input = input(n, 0),
                .node = &n,
                .axis = whole(n, "axis", -1)};
    if (input(n, 2).empty())
      layer.values.push_back(
          {"bias", layer.values[0].dims, std::vector<float>(layer.values[0].values.size(), 0.0F)});
    else
      layer.values.push_back(vector(n, 2, "bias"));
    return layer;
  }

  Layer dropout(const Node& n) const {
    double rate = number(n, "ratio", 0.5F);  // an attribute up to operator set 11
    if (!input(n, 1).empty()) {
      const auto given = scalar(n.inputs[1]);
      if (!given) refuse(n, "whose ratio is computed");
      rate = *given;
    }
    return {.kind = "dropout",
            .arguments = text_of(static_cast<float>(rate)),
            .input = input(n, 0),
            .node = &n};
  }

  /// Flatten(axis 1), or a Reshape to [batch, all the rest].
  Layer reshape(const Node& n) const {
    if (n.inputs.size() != 2) refuse(n, "without two inputs");
    std::vector<std::int64_t> shape;
    if (const auto c = constant(n.inputs[1])) {
      for (const double d : c->values) shape.push_back(static_cast<std::int64_t>(d));
    } else if (const Node* const parts = maker(n.inputs[1], "Concat", 2);
               parts != nullptr && is_batch_size(parts->inputs[0]) && scalar(parts->inputs[1])) {
      shape = {0, static_cast<std::int64_t>(*scalar(parts->inputs[1]))};
    }
    if (shape.size() != 2) refuse(n, "that does not put all features on one axis");
    return {.kind = "flatten",
            .arguments = "",
            .input = n.inputs[0],
            .node = &n,
            .shape = std::move(shape)};
  }

  /// Unsqueeze(Gather(Shape(x), 0)): what x.size(0) becomes.
  bool is_batch_size(const std::string& value) const {
    const Node* const unsqueezed = maker(value);
    if (unsqueezed == nullptr || unsqueezed->op != "Unsqueeze" || unsqueezed->inputs.empty())
      return false;
    const Node* const gathered = maker(unsqueezed->inputs[0], "Gather", 2);
    return gathered != nullptr && maker(gathered->inputs[0], "Shape", 1) != nullptr &&
           scalar(gathered->inputs[1]) == 0.0;
  }

  static Layer plain(std::string kind, const Node& n, std::string arguments = "") {
    return {.kind = std::move(kind),
            .arguments = std::move(arguments),
            .input = input(n, 0),
            .node = &n};
  }

  Layer match(const std::string& value) const {
    const Node* const n = maker(value);
    if (n == nullptr) fail(cat("computes its output from '", value, "', not from its input"));
    if (!standard(*n)) refuse(*n, cat("of the domain '", n->domain, "', which is not imported"));
    if (n->outputs[0] != value) refuse(*n, "of which another output than the first is used");
    const std::string& op = n->op;
    if (op != "Constant" && input(*n, 0).empty()) refuse(*n, "without an input");
    if (op == "Identity") return plain("", *n);
    if (op == "Gemm") return gemm(*n);
    if (op == "MatMul") return matmul(*n);
    if (op == "Add") return add(*n);
    if (op == "Mul" || op == "Div") return product(*n);
    if (op == "Relu") return plain("relu", *n);
    if (op == "LeakyRelu") return plain("leaky_relu", *n, text_of(number(*n, "alpha", 0.01F)));
    if (op == "Elu") return plain("elu", *n, text_of(number(*n, "alpha", 1)));
    if (op == "Selu") {
      if (!near(number(*n, "alpha", 1.6732632F), 1.6732632) ||
          !near(number(*n, "gamma", 1.0507010F), 1.0507010))
        refuse(*n, "with other constants than selu's");
      return plain("selu", *n);
    }
    if (op == "Gelu") {
      const Value* const v = n->find("approximate");
      const auto* const how = v == nullptr ? nullptr : std::get_if<std::string>(v);
      return plain(how != nullptr && *how == "tanh" ? "gelu_tanh" : "gelu", *n);
    }
    if (op == "Softplus") return plain("softplus", *n);
    if (op == "Sigmoid") return plain("sigmoid", *n);
    if (op == "Tanh") return plain("tanh", *n);
    if (op == "Softmax" || op == "LogSoftmax") {
      Layer layer = plain(op == "Softmax" ? "softmax" : "log_softmax", *n);
      layer.axis = whole(*n, "axis", file_.opset < 13 ? 1 : -1);
      return layer;
    }
    if (op == "Dropout") return dropout(*n);
    if (op == "BatchNormalization") return batch_norm(*n);
    if (op == "LayerNormalization") return layer_norm(*n);
    if (op == "Flatten") {
      if (whole(*n, "axis", 1) != 1) refuse(*n, "that does not put all features on one axis");
      return plain("flatten", *n);
    }
    if (op == "Reshape") return reshape(*n);
    refuse(*n, "which is no layer of a model");
  }

  const File& file_;
  const std::string& name_;
  std::unordered_map<std::string_view, const Tensor*> tensors_;
  std::unordered_map<std::string_view, const Node*> makers_;
  Index allowance_ = 1'000'000;
};

}  // namespace

std::vector<Layer> find_layers(const File& file, const std::string& name, const std::string& input,
                               const std::string& output) {
  return LayerFinder(file, name).run(input, output);
}

}  // namespace chainrule::onnx
