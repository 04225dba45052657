// Every operation and layer that can be exported, and whole models, judged by ONNX's own checker
// and run by ONNX Runtime.
#include "chainrule/io/onnx_export.h"

#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <iostream>
#include <limits>
#include <set>

#include "chainrule/chainrule.h"
#include "chainrule/core/json.h"
#include "chainrule/core/random.h"
#include "chainrule/graph/registry.h"
#include "chainrule/model/layer_table.h"
#include "tests/io/outside.h"

namespace chainrule {
namespace {

using testing::TestFolder;

/// Values between -2 and 2; running variances and what must be above 0 are above 0.
void fill(std::span<float> values, std::uint64_t stream, bool positive = false) {
  Random random(7, stream);
  for (float& v : values) {
    const double x = random.uniform(-2, 2);
    v = static_cast<float>(positive ? 0.1 + std::abs(x) : x);
  }
}

/// Writes files and, for 1 and 17 rows, what they must compute.
class Cases {
 public:
  explicit Cases(const TestFolder& folder) : folder_(folder) {}

  void add(const std::string& name, Params<float>& params, Var output, const onnx::File& file,
           bool positive) {
    const Graph& graph = params.graph();
    std::ofstream(folder_ / (name + ".onnx"), std::ios::binary) << onnx::encode(file);
    for (int id = 0; id <= output.id(); ++id)
      if (graph.node(id).op) operations.emplace(graph.node(id).op->doc().name);
    for (const Index rows : {1, 17}) {
      Tape<float> tape(params, {.rows = rows, .outputs = {output}});
      JsonObject inputs;
      for (const onnx::Port& port : file.inputs) {
        const Var v = graph.find(port.name);
        std::vector<Index> dims(v.shape().dims().begin(), v.shape().dims().end());
        dims.insert(dims.begin(), rows);
        JsonObject input;
        input.add("dims", dims);
        if (graph.node(v).kind == NodeKind::class_input) {
          std::vector<std::int32_t> indices;
          for (Index i = 0; i < rows * v.shape().size(); ++i)
            indices.push_back(static_cast<std::int32_t>(i % graph.node(v).classes));
          tape.set(v, std::span<const std::int32_t>(indices));
          input.add("type", "int64").add("values", indices);
        } else {
          fill(tape.input(v).span(), static_cast<std::uint64_t>(10 + v.id()), positive);
          const auto given = tape.input(v).span();
          input.add("type", "float32")
              .add("values", std::vector<float>(given.begin(), given.end()));
        }
        inputs.add(port.name, input);
      }
      tape.forward();
      const auto expected = tape.value(output).span();
      std::vector<Index> dims(output.shape().dims().begin(), output.shape().dims().end());
      if (output.shape().batched()) dims.insert(dims.begin(), rows);
      list_.push_back(JsonObject()
                          .add("file", name + ".onnx")
                          .add("rows", rows)
                          .add("inputs", inputs)
                          .add("output", file.outputs.at(0).name)
                          .add("dims", dims)
                          .add("expected", std::vector<float>(expected.begin(), expected.end())));
    }
  }

  /// One operation of inputs "a", "b", ... and parameters "p", "q", ...
  void operation(const std::string& name, const std::function<Var(Graph&)>& build,
                 bool positive = false) {
    Graph graph;
    const Var y = build(graph);
    Params<float> params(graph);
    for (const int id : graph.params())
      fill(params[graph.node(id).param].span(), static_cast<std::uint64_t>(id),
           positive || !graph.node(id).param_options.trainable);
    const OnnxOutput output{y, ""};
    add(name, params, y, to_onnx(params, std::span(&output, 1)), positive);
  }

  void model(const std::string& name, const std::string& text, const Shape& features,
             const std::string& loss = "squared_error") {
    Model m(text, features, {.loss = loss, .seed = 3});
    const Graph& graph = m.graph();
    for (const int id : graph.params()) {
      const Node& node = graph.node(id);
      if (node.shape.rank() > 1) continue;  // weights start as they are
      fill(m.params()[node.param].span(), static_cast<std::uint64_t>(id),
           !node.param_options.trainable);
    }
    const onnx::File file = to_onnx(m);
    EXPECT_EQ(file.metadata.at("model"), m.text());
    add(name, m.params(), m.output(), file, false);
  }

  /// Writes cases.json; returns the number of cases.
  int finish() const {
    std::ofstream(folder_ / "cases.json") << to_json(list_);
    return static_cast<int>(list_.size());
  }

  std::set<std::string_view> operations;

 private:
  const TestFolder& folder_;
  std::vector<JsonObject> list_;
};

void add_operations(Cases& c) {
  const auto unary = [&](const std::string& name, auto function, bool positive = false) {
    c.operation(
        name,
        [&](Graph& g) {
          return function(g.input("a", {3, 5}));
        },
        positive);
  };
  unary("abs", [](Var x) { return abs(x); });
  unary("exp", [](Var x) { return exp(x); });
  unary(
      "log", [](Var x) { return log(x); }, true);
  unary(
      "sqrt", [](Var x) { return sqrt(x); }, true);
  unary("square", [](Var x) { return square(x); });
  unary("negate", [](Var x) { return -x; });
  unary(
      "power", [](Var x) { return power(x, 1.7); }, true);
  unary("relu", [](Var x) { return relu(x); });
  unary("leaky_relu", [](Var x) { return leaky_relu(x, 1.0 / 3); });
  unary("elu", [](Var x) { return elu(x, 1.3); });
  unary("selu", [](Var x) { return selu(x); });
  unary("gelu", [](Var x) { return gelu(x); });
  unary("gelu_tanh", [](Var x) { return gelu_tanh(x); });
  unary("silu", [](Var x) { return silu(x); });
  unary("softplus", [](Var x) { return softplus(x * 20); });
  unary("sigmoid", [](Var x) { return sigmoid(x * 20); });
  unary("tanh", [](Var x) { return tanh(x); });
  unary("softmax", [](Var x) { return softmax(x * 20); });
  unary("log_softmax", [](Var x) { return log_softmax(x * 20); });
  unary("clip", [](Var x) { return clip(x, -0.5, 0.7); });
  const double infinity = std::numeric_limits<double>::infinity();
  unary("clip_above", [&](Var x) { return clip(x, -infinity, 0.7); });
  unary("clip_below", [&](Var x) { return clip(x, -0.5, infinity); });
  unary("dropout", [](Var x) { return dropout(x, 0.5) + 0; });
  unary("dropout_alone", [](Var x) { return dropout(x, 0.5); });
  unary("sum", [](Var x) { return sum(x); });
  unary("mean", [](Var x) { return mean(x); });
  unary("sum_batch", [](Var x) { return sum_batch(x); });
  unary("mean_batch", [](Var x) { return mean_batch(x); });
  unary("sum_features", [](Var x) { return sum_features(x); });
  unary("mean_features", [](Var x) { return mean_features(x); });
  unary("transpose", [](Var x) { return transpose(x); });
  unary("slice", [](Var x) { return slice(x, 1, 4); });
  unary("flatten", [](Var x) { return flatten(x); });
  unary("reshape", [](Var x) { return reshape(x, {5, 3}); });
  unary("reshape_same", [](Var x) { return reshape(x, {3, 5}); });
  unary("concat", [](Var x) { return concat({x, slice(x, 0, 2), x}); });

  c.operation("scalar_rows", [](Graph& g) {  // axes that are only there in the batch
    const Var a = g.input("a");
    return concat({reshape(a, {1}), a * 2, sum_features(a)});
  });
  c.operation("twice", [](Graph& g) {  // two operands, one value
    const Var a = g.input("a", {3});
    return a * a - a / (a + 10);
  });
  c.operation("broadcast_rows", [](Graph& g) { return g.input("a") + g.input("b", {3, 5}); });
  c.operation("broadcast_axes", [](Graph& g) { return g.input("a", {5}) * g.input("b", {3, 5}); });
  c.operation("broadcast_param", [](Graph& g) { return g.param("p", {3, 5}) - g.input("a", {5}); });
  c.operation(
      "divide",
      [](Graph& g) {
        return g.input("a", {3, 5}) / g.param("p", {5});
      },
      true);
  c.operation("maximum", [](Graph& g) { return maximum(g.input("a", {5}), g.input("b", {5})); });
  c.operation("minimum", [](Graph& g) { return minimum(g.input("a", {5}), 0.3); });
  c.operation("bias", [](Graph& g) { return bias(g.input("a", {3, 5}), g.param("p", {5})); });
  c.operation(
      "weighted_mean", [](Graph& g) { return weighted_mean(g.input("a"), g.input("b")); }, true);
  c.operation("weighted_mean_of_nothing",
              [](Graph& g) { return weighted_mean(g.input("a"), g.input("b") * 0); });
  c.operation("affine", [](Graph& g) {
    return affine(g.input("a", {4}), g.param("p", {4, 6}), g.param("q", {6}));
  });
  c.operation("affine_no_bias", [](Graph& g) {
    return affine(g.input("a", {4}), g.param("p", {4, 6}), Var());
  });
  c.operation("affine_steps", [](Graph& g) {
    return affine(g.input("a", {3, 4}), g.param("p", {4, 6}), g.param("q", {6}));
  });
  c.operation("affine_params", [](Graph& g) {
    return affine(g.param("r", {4}), g.param("p", {4, 6}), g.param("q", {6})) + g.input("a");
  });
  const auto product = [&](const std::string& name, bool a_in, Shape a, bool b_in, Shape b) {
    c.operation("matmul_" + name, [&](Graph& g) {
      const Var y = matmul(a_in ? g.input("a", a) : g.param("a", a),
                           b_in ? g.input("b", b) : g.param("b", b));
      return a_in || b_in ? y : y + g.input("c");
    });
  };
  product("vector", true, {4}, false, {4, 5});
  product("vector_each", true, {4}, true, {4, 5});
  product("each", true, {3, 4}, true, {4, 5});
  product("deep_each", true, {2, 3, 4}, true, {4, 5});
  product("shared_first", false, {3, 4}, true, {4, 5});
  product("shared_vector", false, {4}, true, {4, 5});
  product("shared_deep", false, {2, 3, 4}, true, {4, 5});
  product("params", false, {3, 4}, false, {4, 5});
  c.operation("embedding", [](Graph& g) {
    return embedding(g.class_input("a", 7, {3}), g.param("p", {7, 2}));
  });
  c.operation("embedding_one", [](Graph& g) {
    return embedding(g.class_input("a", 7), g.param("p", {7, 2}));
  });
  c.operation("layer_norm", [](Graph& g) {
    return layer_norm(g.input("a", {3, 5}), g.param("p", {5}), g.param("q", {5}), 0.3);
  });
  const auto normed = [](Graph& g, const Shape& shape) {
    const ParamOptions running{.trainable = false};
    const Shape f{shape.last()};
    return batch_norm(g.input("a", shape), g.param("p", f), g.param("q", f),
                      g.param("mean", f, running), g.param("var", f, running), {.epsilon = 0.3});
  };
  c.operation("batch_norm_pictures", [&](Graph& g) { return normed(g, {4, 3, 5}); });
  c.operation("batch_norm", [&](Graph& g) { return normed(g, {5}); });
  c.operation("batch_norm_steps", [&](Graph& g) { return normed(g, {3, 5}); });
}

/// Pictures, which ONNX has with their channels on the second axis.
void add_pictures(Cases& c) {
  const auto picture = [](Graph& g) { return g.input("a", {7, 6, 4}); };
  c.operation("conv2d", [&](Graph& g) {
    return conv2d(
        picture(g), g.param("p", {3, 2, 2, 6}), g.param("q", {6}),
        {.stride = {2, 1}, .before = {1, 0}, .after = {0, 2}, .dilation = {1, 2}, .groups = 2});
  });
  c.operation("conv2d_shared", [&](Graph& g) {  // the filters are read in another way, too
    const Var p = g.param("p", {1, 1, 4, 4});
    return conv2d(conv2d(picture(g), p), p) + sum(p);
  });
  c.operation("max_pool2d", [&](Graph& g) {
    return max_pool2d(picture(g), {.size = {3, 2}, .stride = {2, 2}, .before = {1, 0}});
  });
  c.operation("avg_pool2d", [&](Graph& g) {
    return avg_pool2d(picture(g), {.size = {2, 3}, .before = {1, 1}, .after = {0, 1}});
  });
  c.operation("avg_pool2d_inside", [&](Graph& g) {
    return avg_pool2d(picture(g), {.size = {2, 3}, .before = {1, 1}}, false);
  });
  c.operation("mean_axes", [&](Graph& g) { return mean(picture(g), {.axes = {0, -2}}); });
  c.operation("mean_axes_kept",
              [&](Graph& g) { return mean(picture(g), {.axes = {1}, .keep = true}); });
  c.operation("permute", [&](Graph& g) { return permute(picture(g), {1, 2, 0}); });
  c.operation("pad", [&](Graph& g) { return pad(picture(g), {1, 0, 2}, {0, 3, 0}, 0.5); });
  c.operation("pictures_joined", [&](Graph& g) {  // one value in both orders of its axes
    const Var x = max_pool2d(picture(g));
    return concat({relu(x) * 2 + x, slice(x, 0, 2)});
  });
}

/// Operations that name their operator themselves.
void add_one_to_one(Cases& c) {
  for (const auto& [name, kind] : op_kinds()) {
    if (kind.traits->onnx.name.empty() || c.operations.contains(name)) continue;
    c.operation(std::string(name), [&kind = kind](Graph& g) {
      std::vector<Var> inputs{square(g.input("a", {3, 5})) + 0.5};
      if (!kind.unary()) inputs.push_back(square(g.input("b", {3, 5})) + 0.5);
      return make_op(kind.name(), inputs);
    });
  }
}

void add_layers(Cases& c) {
  const std::vector<std::string_view> exported = onnx_operations();
  for (const LayerKind& kind : layer_kinds()) {
    const std::string& layer = kind.name;
    const bool exports = std::ranges::find(exported, layer) != exported.end();
    if (kind.branches || layer == "embedding" || layer == "transpose" ||
        (find_op_kind(layer) != nullptr && !exports))
      continue;
    // Logarithms and roots of positive numbers.
    const bool positive = layer == "log" || layer == "sqrt" || layer == "power";
    std::string text = cat(positive ? "softplus, " : "", layer);
    for (const Field& f : kind.fields)
      if (f.required)
        text += f.positional ? cat(" ", layer == "linear" ? "3" : "0.5") : cat(" ", f.name, "=1");
    try {
      Model(text, {6});
    } catch (const Error&) {
      continue;  // it wants settings of the right number of axes
    }
    c.model("layer_" + std::string(layer), text, {6});
    c.model("layer_" + std::string(layer) + "_2d", text, {3, 4});
  }
}

void add_models(Cases& c) {
  c.model("mnist", "linear 50, relu, linear 10", {28, 28}, "softmax_cross_entropy");
  c.model("spiral", "linear 32, tanh, linear 16, sigmoid, linear 1, sigmoid", {2},
          "binary_cross_entropy");
  c.model("deep",
          "linear 64, batch_norm, gelu, dropout 0.2, linear 32, layer_norm, silu, linear 16 "
          "bias=false, bias, elu 0.7, linear 10, softmax",
          {20}, "categorical_cross_entropy");
  c.model("lenet",
          "conv 6 5x5 pad=2, relu, maxpool 2, conv 16 5x5, relu, maxpool 2, linear 120, relu, "
          "linear 84, relu, linear 10",
          {28, 28}, "softmax_cross_entropy");
  c.model("resnet",
          "conv 8 3x3 pad=same, residual(conv 8 3x3 pad=same bias=false, batch_norm, relu, dropout "
          "0.1 channels=true, conv 8 3x3 groups=8 pad=same), relu, conv 12 3x3 stride=2 pad=same, "
          "silu, avgpool 2, global_avgpool, linear 3",
          {9, 10, 3});
  c.model("series", "conv1d 5 3 stride=2 pad=same, tanh, conv1d 4 2, global_avgpool", {12, 3});
  c.model("regression", "layer_norm, linear 24, selu, linear 24, softplus, linear 3", {8});
}

class OnnxExport : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!onnx::available()) GTEST_SKIP() << "built without protozero";
  }
};

TEST_F(OnnxExport, CheckerAndRuntimeAgree) {
  const TestFolder folder;
  Cases cases(folder);
  add_operations(cases);
  add_pictures(cases);
  add_one_to_one(cases);
  for (const std::string_view name : onnx_operations())
    EXPECT_TRUE(cases.operations.contains(name)) << name << " has no case of its own";
  add_layers(cases);
  add_models(cases);
  const int count = cases.finish();

  const auto checked = testing::run_python("onnx_check.py", folder.path().string());
  const auto run = testing::run_node("onnx_run.js", folder.path().string());
  if (checked.code != 77) {
    EXPECT_EQ(checked.code, 0) << checked.out;
    EXPECT_EQ(checked.count(), count / 2) << checked.out;
  }
  if (run.code != 77) {
    EXPECT_EQ(run.code, 0) << run.out;
    EXPECT_EQ(run.count(), count) << run.out;
  }
  std::cout << run.out;
  if (checked.code == 77) GTEST_SKIP() << checked.out;
  if (run.code == 77) GTEST_SKIP() << run.out;
}

TEST_F(OnnxExport, RefusesByName) {
  Graph g;
  const Var x = g.input("x", {3});
  const Var y = g.rename(softmax_cross_entropy(x, g.class_input("t", 3), {}), "cost");
  const Params<float> params(g);
  const OnnxOutput output{y + 1, ""};
  try {
    to_onnx(params, std::span(&output, 1));
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("ONNX has no counterpart of"), std::string::npos)
        << e.what();
  }
}

TEST_F(OnnxExport, ReadsWhatItWrites) {
  const Model model("linear 3, batch_norm, gelu, linear 2", {4}, {.seed = 5});
  const onnx::File file = to_onnx(model);
  const std::string bytes = onnx::encode(file);
  const onnx::File back = onnx::decode(std::as_bytes(std::span(bytes)), "m.onnx");
  EXPECT_EQ(onnx::encode(back), bytes);
  EXPECT_EQ(back.opset, 17);
  EXPECT_EQ(back.inputs.at(0).name, "x");
  EXPECT_EQ(back.inputs.at(0).axes.at(0).symbol, "batch");
  EXPECT_EQ(back.outputs.at(0).name, "logits");
  EXPECT_EQ(back.nodes.size(), file.nodes.size());
}

}  // namespace
}  // namespace chainrule
