#include "chainrule/io/c_code.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <sstream>

#include "chainrule/core/random.h"
#include "chainrule/graph/registry.h"
#include "chainrule/graph/tape.h"
#include "chainrule/io/c_ops.h"
#include "chainrule/io/c_text.h"
#include "chainrule/layers/linear.h"
#include "chainrule/losses/squared_error.h"
#include "chainrule/model/layer_table.h"
#include "chainrule/ops/arithmetic.h"
#include "chainrule/ops/maximum.h"
#include "chainrule/ops/reduce_axes.h"
#include "chainrule/ops/tanh.h"
#include "tests/data/errors.h"
#include "tests/io/c_compiler.h"

namespace chainrule {
namespace {

using testing::CompiledC;
using testing::expect_error;
using testing::Folder;
using testing::Shell;
using testing::shell;

using Predict = void(const float*, float*);

constexpr Index kRows = 40;

std::vector<float> random_rows(Index width, Index rows = kRows) {
  Random random(7, 0);
  std::vector<float> x(static_cast<std::size_t>(width * rows));
  for (float& v : x) v = static_cast<float>(random.uniform(-2, 2));
  return x;
}

/// Every parameter away from its start, running variances above zero.
void scramble(Model& model) {
  Random random(3, 0);
  for (int i = 0; i < model.params().count(); ++i)
    for (float& v : model.params()[i].span()) v += static_cast<float>(random.uniform(0.05, 0.6));
}

Tensor<float> outputs_of(const Model& model, std::span<const float> x) {
  const Index rows = static_cast<Index>(x.size()) / model.input().shape().size();
  Tape<float> tape(model.params(), {.rows = rows, .outputs = {model.output()}});
  tape.set(model.input(), x);
  tape.forward();
  Tensor<float> y(rows, model.outputs());
  std::ranges::copy(tape.value(model.output()).span(), y.span().begin());
  return y;
}

/// The same in double, rounded at the end.
Tensor<float> exact_outputs(const Model& model, std::span<const float> x) {
  const Index rows = static_cast<Index>(x.size()) / model.input().shape().size();
  Params<double> params(model.graph());
  for (int i = 0; i < params.count(); ++i)
    std::ranges::copy(model.params()[i].span(), params[i].begin());
  Tape<double> tape(params, {.rows = rows, .outputs = {model.output()}});
  tape.set(model.input(), x);
  tape.forward();
  Tensor<float> y(rows, model.outputs());
  std::ranges::transform(tape.value(model.output()).span(), y.span().begin(),
                         [](double v) { return static_cast<float>(v); });
  return y;
}

Tensor<float> run_c(const CompiledC& c, std::span<const float> x, const Tensor<float>& like) {
  auto* predict = c.find<Predict>("model_predict");
  Tensor<float> y(like.rows(), like.cols());
  const std::size_t width = x.size() / static_cast<std::size_t>(y.rows());
  for (Index r = 0; r < y.rows() && predict != nullptr; ++r)
    predict(x.data() + static_cast<std::size_t>(r) * width, y.row(r).data());
  return y;
}

double largest_difference(const Tensor<float>& a, const Tensor<float>& b) {
  double most = 0;
  for (Index i = 0; i < a.size(); ++i) {
    const double d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])) /
                     (1 + std::abs(static_cast<double>(b[i])));
    if (!(d <= most)) most = d;
  }
  return most;
}

TEST(CCode, EveryLayerGivesWhatTheLibraryGives) {
  for (const char* text :
       {"linear 5, relu, linear 4, leaky_relu 0.123456789, linear 3, elu 0.7, linear 6, selu",
        "gelu, linear 5, gelu_tanh, linear 4, silu, linear 3, softplus, linear 2, sigmoid",
        "batch_norm epsilon=0.002, linear 5, batch_norm, tanh, linear 6, dropout 0.3, layer_norm",
        "linear 5 bias=false, bias, softmax, linear 4, log_softmax", "bias, relu", "flatten"}) {
    Model model(text, {3, 2}, {.loss = "squared_error", .seed = 4});
    scramble(model);
    const std::vector<float> x = random_rows(6);
    const Tensor<float> y = outputs_of(model, x);
    const CompiledC c(c_code(model).text);
    EXPECT_LT(largest_difference(run_c(c, x, y), y), 1e-6) << text;
  }
}

/// Saturated tanh before layer_norm magnifies every rounding, also the library's.
TEST(CCode, IsAsNearToTheExactResultAsTheLibrary) {
  Model model("batch_norm, linear 5, tanh, batch_norm, layer_norm, linear 4", {6}, {.seed = 4});
  scramble(model);
  const std::vector<float> x = random_rows(6);
  const Tensor<float> y = outputs_of(model, x), exact = exact_outputs(model, x);
  EXPECT_LE(largest_difference(run_c(CompiledC(c_code(model).text), x, y), exact),
            std::max(1e-6, largest_difference(y, exact)));
}

TEST(CCode, NormalisesAlongTheLastAxis) {
  Model model("layer_norm, softmax, batch_norm, flatten, linear 2", {2, 3}, {.seed = 4});
  scramble(model);
  const std::vector<float> x = random_rows(6);
  const Tensor<float> y = outputs_of(model, x);
  EXPECT_LT(largest_difference(run_c(CompiledC(c_code(model).text), x, y), y), 1e-6);
}

TEST(CCode, SeesPictures) {
  for (const char* text :
       {"conv 6 5x5 pad=2, relu, maxpool 2, conv 5 3x3, relu, maxpool 3 stride=2 pad=1, linear 4",
        "conv 4 3x2 stride=2x1 pad=1x0, batch_norm, residual(conv 4 3x3 groups=2 pad=same "
        "bias=false, silu, conv 4 1x1 dilation=2), avgpool 2x3 stride=1 pad=1, global_avgpool",
        "dropout 0.2 channels=true, avgpool 2, conv 3 2x2 dilation=2x1 groups=3, maxpool 2x1"}) {
    const std::string channels = std::string(text).starts_with("dropout") ? "conv 3 1x1, " : "";
    Model model(channels + text, {72}, {.loss = "squared_error", .seed = 4, .picture = {9, 8}});
    scramble(model);
    const std::vector<float> x = random_rows(72, 5);
    const Tensor<float> y = outputs_of(model, x);
    const CCode code = c_code(model);
    EXPECT_LT(largest_difference(run_c(CompiledC(code.text), x, y), y), 1e-6) << text;
    Folder folder;
    const std::string c = folder.write("m.c", code.text).string();
    const Shell built = shell(cat("cc ", testing::kStrict, " -DCHAINRULE_SELF_TEST ", c, " -lm -o ",
                                  c, ".out && ", c, ".out"));
    EXPECT_TRUE(built.ok) << built.output;  // without a warning
  }
}

TEST(CCode, MeansOfPicturesAreOverAllPixels) {
  Graph g;
  const Var x = g.input("x", {4, 3, 2}), y = mean(x, {.axes = {1}});
  const Model model(g, {.outputs = {y}, .losses = {squared_error(y, g.input("t", {4, 2}))}});
  expect_error<Error>([&] { c_code(model); }, "over other axes than all but the last");
}

TEST(CCode, BranchesMeetAndSharedLayersAreWrittenOnce) {
  for (const char* text :
       {"linear 6, residual(linear 6, tanh, linear 6), relu, linear 2",
        "concat(linear 8 | linear 3, tanh | relu), linear 5, residual(residual(silu), bias)",
        "residual(relu)", "3 * (linear 6, residual(tanh)), concat(softmax | sigmoid)"}) {
    Model model(text, {6}, {.loss = "squared_error", .seed = 4});
    scramble(model);
    const std::vector<float> x = random_rows(6);
    const Tensor<float> y = outputs_of(model, x);
    EXPECT_LT(largest_difference(run_c(CompiledC(c_code(model).text), x, y), y), 1e-6) << text;
  }

  Graph g;
  const Var x = g.input("x", {5});
  const Linear shared{.out = 5};
  const Var w = g.param("w", {5}), a = shared(x, "encoder"), b = tanh(a);
  const LayerSpecs specs = parse_model("linear 4, tanh");
  LayerBuilder twice("linear 4, tanh", specs, "");
  const Location at = Location::current();
  const Var one = twice(b * w + 1, at), two = twice(maximum(a, b) - 2, at);
  const Var y = Linear{.out = 3}(one * two / (two * two + 1), "head");
  Model model(g, {.outputs = {y}, .losses = {squared_error(y, g.input("t", {3}))}});
  scramble(model);
  const std::vector<float> rows = random_rows(5);
  const Tensor<float> expected = outputs_of(model, rows);
  const CCode code = c_code(model);
  EXPECT_LT(largest_difference(run_c(CompiledC(code.text), rows, expected), expected), 1e-6);
  std::size_t arrays = 0;
  for (std::size_t i = 0; (i = code.text.find("static const float", i)) != std::string::npos; ++i)
    ++arrays;
  EXPECT_EQ(arrays, 12) << "three layers of weight and bias, w, 1, 2, 1, and the self-test's two";
  EXPECT_LE(code.ram, (5 + 5 + 4 + 4 + 4) * 4);
}

TEST(CCode, EveryLayerIsWrittenOrRefusedByName) {
  int written = 0;
  for (const LayerKind& kind : layer_kinds()) {
    if (kind.branches || kind.name == "embedding") continue;
    std::string text = kind.name;
    for (const Field& f : kind.fields)
      if (f.required)
        text += f.positional ? kind.name == "linear" ? " 4" : " 0.5" : cat(" ", f.name, "=1");
    const OpKind* const op = find_op_kind(kind.name);
    std::optional<Model> model;
    try {
      model.emplace(cat("softplus, ", text, ", linear 2"), Shape{4});  // above 0 for logarithms
    } catch (const Error&) {
      continue;  // it wants more axes, or leaves none
    }
    try {
      c_code(*model);
      ++written;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(kind.name), std::string::npos) << e.what();
      EXPECT_TRUE(op != nullptr && (!op->traits->elementwise || op->traits->c.empty()))
          << kind.name << ": " << e.what();
    }
  }
  EXPECT_GE(written, 25);
}

/// Builds the self-test of a model, in float and in int8, and runs it under `runner`.
void self_test(const std::string& compiler, const std::vector<std::string>& flags,
               const std::string& runner = "") {
  Model model("linear 9, tanh, linear 7, relu, linear 8, silu, linear 3", {5});
  scramble(model);
  const Int8Network int8(model, random_rows(5));
  for (const Int8Network* net : {static_cast<const Int8Network*>(nullptr), &int8}) {
    Folder folder;
    const std::string c =
        folder.write("m.c", c_code(model, {.probabilities = true, .int8 = net}).text).string();
    const std::string program = (folder.path() / "m").string();
    for (const std::string& f : flags) {
      const Shell built = shell(
          cat(compiler, testing::kStrict, f, " -DCHAINRULE_SELF_TEST ", c, " -lm -o ", program));
      ASSERT_TRUE(built.ok) << built.output;
      const Shell ran = shell(runner + program);
      EXPECT_TRUE(ran.ok) << ran.output;
    }
  }
}

/// Two networks in one file, in C and in C++, of files that share all names but the prefix.
TEST(CCode, HeadersMeetInOneFile) {
  Model a("linear 4, relu, residual(linear 4), linear 2", {3}), b("linear 3, relu, linear 2", {3});
  a.schema.labels = b.schema.labels = {"no", "yes"};
  const Folder folder;
  folder.write("a.h", c_code(a, {.prefix = "a", .header = true}).text);
  folder.write("b.h", c_code(b, {.prefix = "b", .header = true}).text);
  const std::string main =
      "#include <stdio.h>\n#include \"a.h\"\n#include \"b.h\"\n#include \"a.h\"\n"
      "int main(void) { float x[3] = {1, 2, 3}, y[2]; a_predict(x, y); b_predict(x, y);\n"
      "  return puts(a_class_names[b_class(y)]) < 0 || b_class_names[a_class(y)] == 0; }\n";
  const std::string c = folder.write("m.c", main).string();
  const std::string cpp = folder.write("m.cpp", main).string(), out = cat(c, ".out");
  EXPECT_TRUE(shell(cat("cc", testing::kStrict, c, " -lm -o ", out, " && ", out)).ok);
  EXPECT_TRUE(shell(cat("c++ -std=c++17 -Wall -Wextra -Wconversion -Werror ", cpp, " -o ", out,
                        " && ", out))
                  .ok);
}

TEST(CCode, SelfTestPasses) { self_test("cc", {"-O2", "-Os -fno-math-errno"}); }

TEST(CCode, SelfTestPassesWithClang) {
  if (!testing::installed("clang-19")) GTEST_SKIP() << "clang-19 is not installed";
  self_test("clang-19", {"-O2", "-Os -fno-math-errno"});
}

TEST(CCode, ValgrindFindsNothing) {
  if (!testing::installed("valgrind")) GTEST_SKIP() << "valgrind is not installed";
  self_test("cc", {"-O1 -g"}, "valgrind -q --error-exitcode=9 --leak-check=full ");
}

TEST(CCode, SelfTestNoticesAWrongWeight) {
  const Model model("linear 3, linear 1", {2});
  std::string text = c_code(model).text;
  const std::size_t digit = text.find('.', text.find("fc1_weight[6]")) - 1;
  text[digit] = text[digit] == '9' ? '8' : '9';
  Folder folder;
  const std::string c = folder.write("m.c", text).string();
  EXPECT_FALSE(shell(cat("cc -DCHAINRULE_SELF_TEST ", c, " -lm -o ", c, ".out && ", c, ".out")).ok);
}

TEST(CCode, NeedsNothingButTheMathematicsLibrary) {
  const Model model("linear 9, tanh, layer_norm, linear 3, softmax", {5});
  Folder folder;
  const std::string c = folder.write("m.c", c_code(model).text).string();
  const Shell s = shell(cat("cc -std=c99 -O1 -c ", c, " -o ", c, ".o && nm -u ", c, ".o"));
  ASSERT_TRUE(s.ok) << s.output;
  std::istringstream words(s.output);
  for (std::string word; words >> word;)
    EXPECT_TRUE(word == "U" || word == "tanhf" || word == "expf" || word == "sqrtf" ||
                word == "_GLOBAL_OFFSET_TABLE_" || word == "__stack_chk_fail")
        << word;
}

TEST(CCode, ScratchIsTheLargestSumOfNeighbours) {
  EXPECT_EQ(c_code(Model("linear 7", {3})).ram, 0);
  EXPECT_EQ(c_code(Model("linear 7, relu, linear 2", {3})).ram, 7 * 4);
  EXPECT_EQ(c_code(Model("linear 7, linear 9, relu, linear 2", {3})).ram, 16 * 4);
  EXPECT_EQ(c_code(Model("linear 30, linear 9, linear 8, linear 25, linear 2", {3})).ram, 39 * 4);
  EXPECT_EQ(c_code(Model("linear 7, relu, linear 2", {3})).flash, (7 * 3 + 7 + 2 * 7 + 2) * 4);
}

TEST(CCode, RawRowsBecomeInput) {
  Model model("linear 2", {4}, {.seed = 2});
  model.schema.inputs = {
      {.name = "age */ \xc3\xa9", .offset = 40.5, .scale = 12.25},
      {.name = "city", .kind = InputKind::category, .categories = {"Rome", "Oslo", "Lima"}}};
  model.schema.labels = {"yes\"?\?/", "n\\o\n\xff"};
  const CompiledC c(c_code(model).text);
  auto* prepare = c.find<void(const double*, float*)>("model_prepare");
  auto* name = c.find<int(const float*)>("model_class");
  const auto* names = reinterpret_cast<const char* const*>(c.find<void()>("model_class_names"));
  ASSERT_TRUE(prepare != nullptr && name != nullptr && names != nullptr);
  const double raw[2] = {65, 1};
  float input[4];
  prepare(raw, input);
  EXPECT_EQ(std::vector<float>(input, input + 4), (std::vector<float>{2, 0, 1, 0}));

  // What is missing is filled as in training.
  Model holes("linear 2", {3});
  holes.schema.inputs = {{.name = "age", .offset = 40, .scale = 4, .fill = 48},
                         {.name = "city",
                          .kind = InputKind::category,
                          .categories = {"Rome"},
                          .missing_category = true}};
  const CompiledC h(c_code(holes).text);
  const double none[2] = {std::nan(""), std::nan("")};
  if (auto* f = h.find<void(const double*, float*)>("model_prepare")) f(none, input);
  EXPECT_EQ(std::vector<float>(input, input + 3), (std::vector<float>{2, 0, 1}));
  const float output[2] = {-1, 0.5F};
  EXPECT_EQ(name(output), 1);
  EXPECT_EQ(std::string(names[0]), model.schema.labels[0]);
  EXPECT_EQ(std::string(names[1]), model.schema.labels[1]);
}

TEST(CCode, PixelsProbabilitiesAndUnits) {
  Model picture("linear 3", {4});
  picture.schema.inputs = {picture_input({2, 2})};
  const CompiledC c(c_code(picture, {.probabilities = true}).text);
  const unsigned char pixels[4] = {0, 255, 51, 1};
  float input[4], output[3];
  if (auto* f = c.find<void(const unsigned char*, float*)>("model_pixels")) f(pixels, input);
  EXPECT_EQ(std::vector<float>(input, input + 4), (std::vector<float>{0, 1, 0.2F, 1 / 255.0F}));
  if (auto* f = c.find<Predict>("model_predict")) f(input, output);
  EXPECT_NEAR(output[0] + output[1] + output[2], 1, 1e-6);

  Model number("bias", {1}, {.loss = "squared_error"});
  number.schema.targets = {{.name = "t", .offset = -2, .scale = 3}};
  const CompiledC n(c_code(number).text);
  const float five = 5;
  if (auto* f = n.find<Predict>("model_predict")) f(&five, output);
  EXPECT_EQ(output[0], 13);
}

TEST(CCode, RefusesWhatCCannotHold) {
  Model model("linear 2", {2});
  expect_error<Error>([&] { c_code(model, {.prefix = "2x"}); }, "'2x' is no C identifier");
  expect_error<Error>([&] { c_code(model, {.prefix = "a;b"}); }, "no C identifier");
  model.params()[0][1] = std::numeric_limits<float>::quiet_NaN();
  expect_error<NumericError>([&] { c_code(model); }, "fc1_weight");
}

TEST(CText, NumbersNamesAndComments) {
  EXPECT_EQ(c_text::number(0.1F, ""), "0.1f");
  EXPECT_EQ(c_text::number(-3.0F, ""), "-3.0f");
  EXPECT_EQ(c_text::number(1e-30F, ""), "1e-30f");
  EXPECT_EQ(c_text::identifier("m8"), "m8");
  EXPECT_EQ(c_text::identifier("2 moons"), "model_2_moons");
  EXPECT_EQ(c_text::identifier("_x"), "model__x");
  EXPECT_EQ(c_text::comment("a */ b\n?"), "a _/ b__");
}

}  // namespace
}  // namespace chainrule
