#include "chainrule/io/int8.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "chainrule/graph/op.h"
#include "chainrule/graph/tape.h"
#include "chainrule/io/c_ops.h"

namespace chainrule {
namespace {

constexpr Index kInt8Batch = 256;
constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();

/// Negative numbers become 0, others stay: what the next layer's lowest integer does.
bool is_relu(const OpTraits& t) { return t.mask && t.low == 0 && t.high > 1; }

struct ValueRange {
  float low = 0, high = 0;  // 0 can always be written
  void add(std::span<const float> values) {
    for (const float v : values) low = std::min(low, v), high = std::max(high, v);
  }
  Int8Scale scale() const {
    const float scale = high / 255 - low / 255;
    if (!(scale >= std::numeric_limits<float>::min())) return {1, 0};
    return {scale, static_cast<std::int32_t>(std::lround(-128 - low / scale))};
  }
};

/// The same operations over `x` in a graph of their own, parameters as constants.
Var repeat(const Model& model, std::span<const int> operations, Var x) {
  const Graph& from = model.graph();
  for (const int id : operations) {
    const Node& node = from.node(id);
    std::vector<Var> inputs = {x};
    for (const int p : std::span(node.inputs).subspan(1)) {
      const auto values = model.params()[from.node(p).param].span();
      inputs.push_back(x.graph().constant(
          from.node(p).shape, std::vector<double>(values.begin(), values.end()), node.at));
    }
    x = x.graph().append(node.op, inputs, node.at);
  }
  return x;
}

/// What `operations` make of each row of x [rows, shape].
Tensor<float> apply_operations(const Model& model, std::span<const int> operations,
                               const Shape& shape, std::span<const float> x) {
  Graph g;
  const Var in = g.input("x", shape);
  const Var out = repeat(model, operations, in);
  const Index rows = static_cast<Index>(x.size()) / shape.size();
  Tensor<float> y(rows, out.shape().size());
  if (operations.empty()) std::ranges::copy(x, y.span().begin());
  if (operations.empty() || rows == 0) return y;
  Tape<float> tape(g, {.rows = std::min(rows, kInt8Batch), .outputs = {out}});
  for (Index first = 0; first < rows; first += tape.capacity()) {
    const Index count = std::min(tape.capacity(), rows - first);
    tape.set_rows(count);
    tape.set(in, x.subspan(static_cast<std::size_t>(first * shape.size()),
                           static_cast<std::size_t>(count * shape.size())));
    tape.forward();
    std::ranges::copy(tape.value(out).span(), y.row(first).begin());
  }
  return y;
}

std::vector<std::int8_t> make_table(const Model& model, std::span<const int> operations,
                                    const Int8Scale& from, const Int8Scale& to) {
  std::vector<float> x;
  for (int q = -128; q < 128; ++q) x.push_back(from.scale * static_cast<float>(q - from.zero));
  const Tensor<float> y = apply_operations(model, operations, {1}, x);
  std::vector<std::int8_t> table;
  for (const float v : y.span()) table.push_back(to.quantise(v));
  return table;
}

/// round(a / 2^shift), halves away from zero; the C file has the same function.
std::int64_t rounded_shift(std::int64_t a, int shift) {
  const std::int64_t half = std::int64_t{1} << (shift - 1);
  return a < 0 ? -((half - a) >> shift) : (half + a) >> shift;
}

}  // namespace

std::int8_t Int8Scale::quantise(float x) const {
  const float q = x / scale + static_cast<float>(zero);
  if (!(q > -128)) return -128;
  return q >= 127 ? std::int8_t{127} : static_cast<std::int8_t>(std::floor(q + 0.5f));
}

/// Sorts the operations into layers, then finds their ranges, then their integers.
class Int8Network::Builder {
 public:
  Builder(Int8Network& net, std::span<const float> rows) : net_(net), model_(*net.model_) {
    sort();
    if (!net_.before_.empty()) watched_[net_.before_.back()];
    for (const Part& p : parts_)
      for (const int id : {p.affine, p.before_activation(), p.output()}) watched_[id];
    const Index width = model_.input().shape().size();
    if (rows.empty() || rows.size() % static_cast<std::size_t>(width) != 0)
      throw DataError(cat("calibration needs rows of ", width, " numbers"));
    net_.calibration_rows_ = static_cast<Index>(rows.size()) / width;
    watch(rows);
    Int8Scale in = net_.input_ = input_range_.scale();
    for (std::size_t i = 0; i < parts_.size(); ++i)
      in = quantise(parts_[i], in, i + 1 == parts_.size());
  }

 private:
  /// A linear layer with what becomes a part of it. Its weights act on x * scale + shift.
  struct Part {
    int affine;
    std::vector<double> scale, shift;  // of the features before; empty: 1 and 0
    std::vector<int> folded;           // batch_norm and bias right after it
    bool relu = false;
    int relu_node = -1;
    std::vector<int> activations;  // the others, for one table
    int before_activation() const {
      return relu ? relu_node : folded.empty() ? affine : folded.back();
    }
    int output() const { return activations.empty() ? before_activation() : activations.back(); }
  };

  const Node& node(int id) const { return model_.graph().node(id); }
  std::string_view op(int id) const { return node(id).op->doc().name; }
  std::span<float> parameter(int id, std::size_t input) const {
    return model_.params()[node(node(id).inputs[input]).param].span();
  }

  void sort() {
    const std::vector<int> path = c_chain(model_);
    const auto is_affine = [this](int id) { return node(id).op->traits().product; };
    const auto first = std::ranges::find_if(path, is_affine);
    if (first == path.end())
      throw Error(
          "the model has no linear layer, so there is nothing that int8 would make smaller");
    const auto last = std::find_if(path.rbegin(), path.rend(), is_affine).base() - 1;
    net_.before_.assign(path.begin(), first);
    net_.after_.assign(last + 1, path.end());
    std::vector<double> scale, shift;
    for (auto it = first; it <= last; ++it) {
      const int id = *it;
      if (is_affine(id)) {
        parts_.push_back({id, std::move(scale), std::move(shift), {}, false, -1, {}});
        scale.clear(), shift.clear();
        continue;
      }
      Part& part = parts_.back();
      const bool plain = part.activations.empty() && !part.relu;
      if (op(id) == "batch_norm" || op(id) == "bias") {
        if (plain && scale.empty())
          part.folded.push_back(id);
        else
          fold(id, scale, shift);
      } else if (node(id).op->traits().elementwise && scale.empty()) {
        if (plain && is_relu(node(id).op->traits()))
          part.relu = true, part.relu_node = id;
        else
          part.activations.push_back(id);
      } else {
        throw Error(cat("the layer '", node(id).name, "' (", op(id),
                        ") stands between linear layers where int8 cannot hold it; without --int8 "
                        "it can be exported"));
      }
    }
  }

  /// After x * scale + shift comes this operation.
  void fold(int id, std::vector<double>& scale, std::vector<double>& shift) const {
    const auto n = static_cast<std::size_t>(node(id).shape.last());
    scale.resize(n, 1), shift.resize(n, 0);
    for (std::size_t j = 0; j < n; ++j) {
      if (op(id) == "bias") {
        shift[j] += static_cast<double>(parameter(id, 1)[j]);
        continue;
      }
      const double a =
          static_cast<double>(parameter(id, 1)[j]) /
          std::sqrt(static_cast<double>(parameter(id, 4)[j]) + node(id).op->setting("epsilon"));
      scale[j] *= a;
      shift[j] = (shift[j] - static_cast<double>(parameter(id, 3)[j])) * a +
                 static_cast<double>(parameter(id, 2)[j]);
    }
  }

  void watch(std::span<const float> rows) {
    std::vector<Var> outputs;
    for (auto& [id, range] : watched_) outputs.push_back(model_.graph().var(id));
    Tape<float> tape(model_.params(),
                     {.rows = std::min(net_.calibration_rows_, kInt8Batch), .outputs = outputs});
    const Index width = model_.input().shape().size();
    for (Index first = 0; first < net_.calibration_rows_; first += tape.capacity()) {
      const Index count = std::min(tape.capacity(), net_.calibration_rows_ - first);
      const auto batch = rows.subspan(static_cast<std::size_t>(first * width),
                                      static_cast<std::size_t>(count * width));
      tape.set_rows(count);
      tape.set(model_.input(), batch);
      tape.forward();
      for (auto& [id, range] : watched_) range.add(tape.value(model_.graph().var(id)).span());
      input_range_.add(
          net_.before_.empty()
              ? batch
              : std::span<const float>(tape.value(model_.graph().var(net_.before_.back())).span()));
    }
    for (const auto& [id, range] : watched_)
      if (!std::isfinite(range.low) || !std::isfinite(range.high))
        throw NumericError(cat("'", node(id).name, "' is not finite on the calibration rows"));
  }

  /// Appends the layer's integers; returns the scale of what it gives.
  Int8Scale quantise(const Part& part, const Int8Scale& in, bool is_last) {
    Int8Layer layer;
    layer.node = part.affine;
    layer.outputs = node(part.affine).shape.last();
    const auto outputs = static_cast<std::size_t>(layer.outputs);
    const std::vector<float> w = output_rows(parameter(part.affine, 1), layer.outputs);
    const std::size_t inputs = w.size() / outputs;
    layer.inputs = static_cast<Index>(inputs);
    std::vector<double> scale(outputs, 1), shift(outputs, 0);
    if (node(part.affine).inputs.size() == 3)
      for (std::size_t o = 0; o < outputs; ++o)
        shift[o] = static_cast<double>(parameter(part.affine, 2)[o]);
    for (std::size_t o = 0; o < outputs && !part.shift.empty(); ++o)
      for (std::size_t i = 0; i < inputs; ++i)
        shift[o] += static_cast<double>(w[o * inputs + i]) * part.shift[i];
    for (const int id : part.folded) fold(id, scale, shift);

    const Int8Scale middle = watched_[part.before_activation()].scale();
    layer.weight.resize(w.size());
    for (std::size_t o = 0; o < outputs; ++o) {
      const auto weight = [&](std::size_t i) {
        return static_cast<double>(w[o * inputs + i]) * scale[o] *
               (part.scale.empty() ? 1 : part.scale[i]);
      };
      double largest = 0;
      for (std::size_t i = 0; i < inputs; ++i) largest = std::max(largest, std::abs(weight(i)));
      // A bias that dwarfs its weights decides how fine they can be.
      const double in_scale = static_cast<double>(in.scale);
      double unit = std::max(largest / 127, std::abs(shift[o]) / in_scale / 0x1p30);
      if (!(unit >= std::numeric_limits<float>::min())) unit = 1;
      if (!std::isfinite(unit * in_scale))
        throw NumericError(cat("the weights of '", node(part.affine).name, "' are too large"));
      double bias = std::round(shift[o] / (in_scale * unit)), reach = std::abs(bias);
      for (std::size_t i = 0; i < inputs; ++i) {
        const auto q = static_cast<std::int8_t>(std::lround(weight(i) / unit));
        layer.weight[o * inputs + i] = q;
        bias -= static_cast<double>(q) * in.zero;
        reach += std::abs(static_cast<double>(q)) * 256;  // |q| and |zero| are at most 128
      }
      if (reach > static_cast<double>(kMost))
        throw Error(cat("'", node(part.affine).name, "' has too many inputs for sums of 32 bits"));
      layer.bias.push_back(static_cast<std::int32_t>(bias));
      const double ratio = in_scale * unit;
      if (is_last)
        layer.scale.push_back(static_cast<float>(ratio));
      else
        add_ratio(layer, ratio / static_cast<double>(middle.scale));
    }
    layer.zero = middle.zero;
    layer.low = part.relu ? middle.zero : -128;
    Int8Scale out = middle;
    if (!part.activations.empty()) {
      out = watched_[part.output()].scale();
      layer.table = make_table(model_, part.activations, middle, out);
      layer.table_name = node(part.activations.front()).name;
    }
    net_.layers_.push_back(std::move(layer));
    return out;
  }

  /// ratio = multiplier / 2^shift, the multiplier with 31 bits.
  static void add_ratio(Int8Layer& layer, double ratio) {
    int exponent = 0;
    auto multiplier =
        static_cast<std::int64_t>(std::llround(std::frexp(ratio, &exponent) * 0x1p31));
    int shift = 31 - exponent;
    if (multiplier == std::int64_t{1} << 31) multiplier /= 2, --shift;
    if (shift > 62) multiplier = 0, shift = 1;     // nothing is left of the sum
    if (shift < 1) multiplier = kMost, shift = 1;  // any sum leaves the range
    layer.multiplier.push_back(static_cast<std::int32_t>(multiplier));
    layer.shift.push_back(static_cast<std::uint8_t>(shift));
  }

  Int8Network& net_;
  const Model& model_;
  std::vector<Part> parts_;
  std::map<int, ValueRange> watched_;
  ValueRange input_range_;
};

Int8Network::Int8Network(const Model& model, std::span<const float> rows) : model_(&model) {
  Builder(*this, rows);
}

void Int8Network::run_layers(std::span<const float> x, std::span<float> y) const {
  std::vector<std::int8_t> q;
  for (const float v : x) q.push_back(input_.quantise(v));
  for (const Int8Layer& l : layers_) {
    std::vector<std::int8_t> next;
    for (std::size_t o = 0; o < l.bias.size(); ++o) {
      std::int32_t sum = l.bias[o];
      for (std::size_t i = 0; i < q.size(); ++i) sum += l.weight[o * q.size() + i] * q[i];
      if (!l.scale.empty()) {
        y[o] = static_cast<float>(sum) * l.scale[o];
        continue;
      }
      const std::int64_t v =
          rounded_shift(std::int64_t{sum} * l.multiplier[o], l.shift[o]) + l.zero;
      const auto held = static_cast<std::int8_t>(std::clamp<std::int64_t>(v, l.low, 127));
      next.push_back(l.table.empty() ? held : l.table[static_cast<std::size_t>(held + 128)]);
    }
    q = std::move(next);
  }
}

Tensor<float> Int8Network::run(std::span<const float> rows) const {
  const Shape& features = model_->input().shape();
  const Tensor<float> x = apply_operations(*model_, before_, features.with_batch(false), rows);
  Tensor<float> y(x.rows(), layers_.back().outputs);
  for (Index r = 0; r < x.rows(); ++r) run_layers(x.row(r), y.row(r));
  return apply_operations(*model_, after_, {layers_.back().outputs}, y.span());
}

}  // namespace chainrule
