#include "chainrule/io/c_ops.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

#include "chainrule/graph/op.h"
#include "chainrule/io/c_pictures.h"
#include "chainrule/io/c_text.h"

namespace chainrule {
namespace {

/// The function of an elementwise operation, from its own expression.
std::string activation_function(const Op& op) {
  std::string parameters;
  for (const Setting& s : op.settings()) parameters += cat(", float ", s.name);
  return cat("static void apply_", op.doc().name, "(float *v, int n", parameters,
             ")\n{\n  for (int i = 0; i < n; ++i) { const float x = v[i]; v[i] = ", op.traits().c,
             "; }\n}\n");
}

constexpr std::string_view kCopy = R"(static void copy(const float *x, float *y, int n)
{
  for (int i = 0; i < n; ++i) y[i] = x[i];
}
)";

constexpr std::string_view kLinear = R"(/* y = w x + b, w holds a row of weights for each output */
static void linear(const float *x, const float *w, const float *b, float *y, int inputs, int outputs)
{
  for (int o = 0; o < outputs; ++o, w += inputs) {
    float sum = b[o];
    for (int i = 0; i < inputs; ++i) sum += w[i] * x[i];
    y[o] = sum;
  }
}
)";

constexpr std::string_view kLinearNoBias =
    R"(/* y = w x, w holds a row of weights for each output */
static void linear_no_bias(const float *x, const float *w, float *y, int inputs, int outputs)
{
  for (int o = 0; o < outputs; ++o, w += inputs) {
    float sum = 0.0f;
    for (int i = 0; i < inputs; ++i) sum += w[i] * x[i];
    y[o] = sum;
  }
}
)";

constexpr std::string_view kBias = R"(/* x has `lines` lines of n numbers */
static void add_bias(float *x, const float *b, int lines, int n)
{
  for (int l = 0; l < lines; ++l, x += n)
    for (int i = 0; i < n; ++i) x[i] += b[i];
}
)";

constexpr std::string_view kSoftmax = R"(/* x has `lines` lines of n numbers */
static void apply_softmax(float *x, int lines, int n)
{
  for (int l = 0; l < lines; ++l, x += n) {
    float top = x[0], sum = 0.0f;
    for (int i = 1; i < n; ++i) top = x[i] > top ? x[i] : top;
    for (int i = 0; i < n; ++i) sum += x[i] = expf(x[i] - top);
    for (int i = 0; i < n; ++i) x[i] /= sum;
  }
}
)";

constexpr std::string_view kLogSoftmax = R"(/* x has `lines` lines of n numbers */
static void apply_log_softmax(float *x, int lines, int n)
{
  for (int l = 0; l < lines; ++l, x += n) {
    float top = x[0], sum = 0.0f;
    for (int i = 1; i < n; ++i) top = x[i] > top ? x[i] : top;
    for (int i = 0; i < n; ++i) sum += expf(x[i] - top);
    for (int i = 0; i < n; ++i) x[i] = x[i] - top - logf(sum);
  }
}
)";

constexpr std::string_view kLayerNorm =
    R"(/* each of `lines` lines of n numbers gets mean 0 and variance 1, then a scale and a shift */
static void layer_norm(float *x, const float *scale, const float *shift, int lines, int n,
                       float epsilon)
{
  for (int l = 0; l < lines; ++l, x += n) {
    float mean = 0.0f, variance = 0.0f;
    for (int i = 0; i < n; ++i) mean += x[i];
    mean /= (float)n;
    for (int i = 0; i < n; ++i) variance += (x[i] - mean) * (x[i] - mean);
    variance /= (float)n;
    for (int i = 0; i < n; ++i)
      x[i] = scale[i] * ((x[i] - mean) / sqrtf(variance + epsilon)) + shift[i];
  }
}
)";

constexpr std::string_view kBatchNorm =
    R"(/* scale is gamma / sqrt(running variance + epsilon); x has `lines` lines of n numbers */
static void batch_norm(float *x, const float *mean, const float *scale, const float *shift,
                       int lines, int n)
{
  for (int l = 0; l < lines; ++l, x += n)
    for (int i = 0; i < n; ++i) x[i] = (x[i] - mean[i]) * scale[i] + shift[i];
}
)";

View<const float> parameter(const CWriter& out, const Node& node, std::size_t input) {
  const Model& model = out.model();
  return model.params()[model.graph().node(node.inputs[input]).param];
}

/// Adds an array of a node's parameter and returns its name.
std::string write_parameter(CWriter& out, const Node& node, std::size_t input) {
  const std::string name = out.array(out.model().graph().node(node.inputs[input]).name);
  const View<const float> values = parameter(out, node, input);
  out.constants(name, values.span(), values.size());
  return name;
}

/// "lines, n" of a node whose lines are along its last axis.
std::string lines_of(const Node& node) {
  return cat(node.shape.size() / node.shape.last(), ", ", node.shape.last());
}

std::string call_activation(const Node& node, std::string_view x) {
  std::string settings;
  for (const Setting& s : node.op->settings())
    settings += cat(", ", c_text::number(static_cast<float>(as_number(s.value)), node.name));
  return cat("apply_", node.op->doc().name, "(", x, ", ", node.shape.size(), settings, ");");
}

std::string call_bias(CWriter& out, const Node& node, std::string_view x) {
  return cat("add_bias(", x, ", ", write_parameter(out, node, 1), ", ", lines_of(node), ");");
}

std::string call_softmax(CWriter&, const Node& node, std::string_view x) {
  const auto axis = static_cast<Index>(node.op->setting("axis"));
  if (axis != -1 && axis != node.shape.rank() - 1)
    throw Error(cat("'", node.name, "' runs along axis ", axis, ", C code only along the last"));
  return cat("apply_", node.op->doc().name, "(", x, ", ", lines_of(node), ");");
}

std::string call_layer_norm(CWriter& out, const Node& node, std::string_view x) {
  const std::string scale = write_parameter(out, node, 1), shift = write_parameter(out, node, 2);
  const float epsilon = static_cast<float>(node.op->setting("epsilon"));
  return cat("layer_norm(", x, ", ", scale, ", ", shift, ", ", lines_of(node), ", ",
             c_text::number(epsilon, node.name), ");");
}

std::string call_batch_norm(CWriter& out, const Node& node, std::string_view x) {
  const View<const float> gamma = parameter(out, node, 1), variance = parameter(out, node, 4);
  const double epsilon = node.op->setting("epsilon");
  std::vector<float> scale;
  for (Index i = 0; i < gamma.size(); ++i)
    scale.push_back(static_cast<float>(static_cast<double>(gamma[i]) /
                                       std::sqrt(static_cast<double>(variance[i]) + epsilon)));
  const std::string mean = write_parameter(out, node, 3);
  const std::string scales = cat(out.array(node.name), "_scale");
  out.constants(scales, scale, gamma.size());
  const std::string shift = write_parameter(out, node, 2);
  return cat("batch_norm(", x, ", ", mean, ", ", scales, ", ", shift, ", ", lines_of(node), ");");
}

/// An operation that works in place: its function, and its call with the constants that it needs.
struct COp {
  std::string_view op, function;
  std::string (*call)(CWriter&, const Node&, std::string_view x);
};

/// Those that work on lines or need constants; elementwise ones bring their own expression.
constexpr COp kOnLines[] = {{"bias", kBias, call_bias},
                            {"softmax", kSoftmax, call_softmax},
                            {"log_softmax", kLogSoftmax, call_softmax},
                            {"layer_norm", kLayerNorm, call_layer_norm},
                            {"batch_norm", kBatchNorm, call_batch_norm}};

const COp* on_lines(const Op& op) {
  const auto* const found = std::ranges::find(kOnLines, op.doc().name, &COp::op);
  return found == std::end(kOnLines) ? nullptr : found;
}

bool is_concat(const Op& op) { return op.doc().name == "concat"; }
/// Elementwise on two operands, by an expression of its own.
bool is_binary(const Op& op) { return !op.traits().c.empty() && op.doc().inputs.size() == 2; }

/// Is `whole` this shape again and again? Axes of length 1 in front do not count.
bool repeats(const Shape& part, const Shape& whole) {
  const auto a = part.dims(), b = whole.dims();
  std::size_t skip = 0;
  while (skip < a.size() && a[skip] == 1) ++skip;
  return a.size() - skip <= b.size() &&
         std::equal(a.rbegin(), a.rend() - static_cast<std::ptrdiff_t>(skip), b.rbegin());
}

/// The function of an elementwise operation of two operands, of which one may be repeated.
std::string binary_function(const Op& op) {
  return cat("/* operands are repeated where they are shorter than the result */\n",
             "static void apply_", op.doc().name,
             "(const float *p, int np, const float *q, int nq, float *y, int n)\n{\n"
             "  for (int i = 0; i < n; ++i) {\n"
             "    const float a = p[i % np], b = q[i % nq];\n    y[i] = ",
             op.traits().c, ";\n  }\n}\n");
}

/// "h1, 8" or the array of a parameter or constant, and its length.
std::string operand(CWriter& out, const Node& from, const std::string& computed) {
  if (!computed.empty()) return cat(computed, ", ", from.shape.size());
  std::vector<float> values(from.constant.begin(), from.constant.end());
  if (from.kind == NodeKind::param) {
    const View<const float> p = out.model().params()[from.param];
    values.assign(p.span().begin(), p.span().end());
  }
  // A matrix lies transposed under its own name where it is a layer's weight.
  const std::string name = cat(out.array(from.name), from.shape.rank() > 1 ? "_as_it_is" : "");
  out.constants(name, values, static_cast<Index>(values.size()));
  return cat(name, ", ", values.size());
}

void write_binary(CWriter& out, const CStep& step) {
  const Graph& g = out.model().graph();
  const Node& node = g.node(step.node);
  out.function(binary_function(*node.op));
  std::string call = cat("apply_", node.op->doc().name, "(");
  for (std::size_t i = 0; i < 2; ++i)
    call += operand(out, g.node(node.inputs[i]), step.from[i]) + ", ";
  out.line(cat(call, step.to, ", ", node.shape.size(), ");"));
}

void write_concat(CWriter& out, const CStep& step) {
  const Graph& g = out.model().graph();
  out.function(kCopy);
  Index offset = 0;
  const Node& node = g.node(step.node);
  for (std::size_t i = 0; i < step.from.size(); ++i) {
    const Index size = g.node(node.inputs[i]).shape.size();
    out.line(cat("copy(", step.from[i], ", ", step.to, " + ", offset, ", ", size, ");"));
    offset += size;
  }
}

void write_affine(CWriter& out, const Node& node, std::string_view from, std::string_view to) {
  const View<const float> w = parameter(out, node, 1);
  const Index outputs = node.shape.last(), inputs = w.size() / outputs;
  const std::string weight = out.array(out.model().graph().node(node.inputs[1]).name);
  out.constants(weight, output_rows(w.span(), outputs), inputs);
  if (node.inputs.size() == 2) {
    out.function(kLinearNoBias);
    out.line(
        cat("linear_no_bias(", from, ", ", weight, ", ", to, ", ", inputs, ", ", outputs, ");"));
  } else {
    out.function(kLinear);
    out.line(cat("linear(", from, ", ", weight, ", ", write_parameter(out, node, 2), ", ", to, ", ",
                 inputs, ", ", outputs, ");"));
  }
}

}  // namespace

bool works_in_place(const Op& op) {
  return !op.traits().product && !is_concat(op) && !is_on_pictures(op);
}

void check_c_operation(const Graph& g, const Node& node) {
  const OpTraits& traits = node.op->traits();
  const auto refuse = [&](std::string_view why) {
    throw Error(cat("the operation ", node.op->doc().name, " of '", node.name,
                    "' cannot be written as C code", why));
  };
  const bool binary = is_binary(*node.op);
  const bool pictures = is_on_pictures(*node.op);
  if (!traits.product && traits.c.empty() && on_lines(*node.op) == nullptr &&
      !is_concat(*node.op) && !pictures)
    refuse("");
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Node& from = g.node(node.inputs[i]);
    const bool stored = from.kind == NodeKind::param || from.kind == NodeKind::constant;
    if (i > 0 && !binary && !is_concat(*node.op) && from.kind != NodeKind::param)
      refuse(cat(": its input ", i + 1, " is computed"));
    if (is_concat(*node.op) && stored) refuse(": one of its inputs is stored");
    if (binary && !repeats(from.shape, node.shape))
      refuse(cat(": ", from.shape.str(), " is no end of ", node.shape.str()));
  }
  const Shape& first = g.node(node.inputs[0]).shape;
  if (pictures)
    if (const std::string why = refused_on_pictures(*node.op, first); !why.empty()) refuse(why);
  if (traits.product && first.rank() != 1) refuse(": it reads more than one axis");
  if (is_concat(*node.op)) {
    const auto axis = static_cast<Index>(node.op->setting("axis"));
    if (axis != 0 && axis != -std::max(node.shape.rank(), 1))
      refuse(": along an axis but the first");
  }
  if (node.shape.size() > std::numeric_limits<std::int32_t>::max()) refuse(": it is too large");
}

std::vector<float> output_rows(std::span<const float> weight, Index outputs) {
  const auto out = static_cast<std::size_t>(outputs), in = weight.size() / out;
  std::vector<float> rows(weight.size());
  for (std::size_t i = 0; i < in; ++i)
    for (std::size_t o = 0; o < out; ++o) rows[o * in + i] = weight[i * out + o];
  return rows;
}

std::string CWriter::array(std::string_view name) const {
  return cat(prefix_, "_", c_text::identifier(name));
}

void CWriter::function(std::string_view text) {
  const std::size_t end = text.find('(', text.find("static "));
  const std::size_t begin = text.find_last_of(" *", end) + 1;
  if (known_.emplace(text.substr(begin, end - begin)).second) functions_ += cat(text, "\n");
}

std::string CWriter::prefixed(std::string text) const {
  const auto is_word = [](char c) {
    return c == '_' || std::isalnum(static_cast<unsigned char>(c));
  };
  for (const std::string& name : known_)
    for (std::size_t i = 0; (i = text.find(name + "(", i)) != text.npos; i += name.size())
      if (i == 0 || !is_word(text[i - 1])) text.insert(i, prefix_ + "_"), i += prefix_.size() + 1;
  return text;
}

void CWriter::constants(std::string_view name, std::span<const float> values, Index row) {
  if (arrays_.contains(name)) return;
  std::vector<std::string> items;
  items.reserve(values.size());
  for (const float v : values) items.push_back(c_text::number(v, name));
  constants("float", 4, name, items, row);
}

void CWriter::constants(std::string_view type, Index bytes, std::string_view name,
                        const std::vector<std::string>& items, Index row) {
  if (!arrays_.emplace(name).second) return;  // of a layer that is used again
  data_ += c_text::array(type, name, items, row);
  flash_ += bytes * static_cast<Index>(items.size());
}

void CWriter::line(std::string_view text) { body_ += cat("  ", text, "\n"); }

void CWriter::operation(const CStep& step) {
  const Node& node = model_.graph().node(step.node);
  const std::string &from = step.from[0], &to = step.to;
  if (node.op->traits().product) return write_affine(*this, node, from, to);
  if (is_binary(*node.op)) return write_binary(*this, step);
  if (is_concat(*node.op)) return write_concat(*this, step);
  if (is_on_pictures(*node.op)) return write_on_pictures(*this, step);
  if (from != to) {
    function(kCopy);
    line(cat("copy(", from, ", ", to, ", ", node.shape.size(), ");"));
  }
  if (const COp* op = on_lines(*node.op)) {
    function(op->function);
    line(op->call(*this, node, to));
  } else {
    function(activation_function(*node.op));
    line(call_activation(node, to));
  }
}

}  // namespace chainrule
