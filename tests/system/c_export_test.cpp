// A trained model of digits as a C file: the same numbers, a quarter of the memory in int8.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "chainrule/data/digits.h"
#include "chainrule/data/idx.h"
#include "chainrule/io/c_code.h"
#include "chainrule/train/evaluate.h"
#include "chainrule/train/fit.h"
#include "tests/io/c_compiler.h"

namespace chainrule {
namespace {

std::vector<float> first_features(const Dataset& data, Index rows) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  std::vector<float> x(static_cast<std::size_t>(rows * data.features.size()));
  data.gather<float>(order, std::span(x));
  return x;
}

void check_export(const Splits& data, Index rows) {
  Model model("linear 64, relu, linear 10", data.features());
  fit(model, data, {.epochs = 2});
  const std::vector<float> x = first_features(data.test, rows);
  const Int8Network net(model, first_features(data.train, 500));
  const CCode plain = c_code(model), small = c_code(model, {.int8 = &net});
  EXPECT_LT(static_cast<double>(small.flash), 0.3 * static_cast<double>(plain.flash));

  Tape<float> tape(model.params(), {.rows = rows, .outputs = {model.output()}});
  tape.set(model.input(), std::span<const float>(x));
  tape.forward();
  const View<const float> expected = tape.value(model.output());
  const double scale = std::abs(
      static_cast<double>(*std::max_element(expected.begin(), expected.end(), [](float a, float b) {
        return std::abs(a) < std::abs(b);
      })));

  for (const char* flags : {"-O2", "-Os -fno-math-errno"}) {
    const testing::CompiledC c(plain.text, flags), c8(small.text, flags);
    auto* predict = c.find<void(const float*, float*)>("model_predict");
    auto* predict8 = c8.find<void(const float*, float*)>("model_predict");
    ASSERT_TRUE(predict != nullptr && predict8 != nullptr);
    double worst = 0;
    Index right = 0, right8 = 0;
    for (Index r = 0; r < rows; ++r) {
      float y[10], y8[10];
      predict(x.data() + r * data.features().size(), y);
      predict8(x.data() + r * data.features().size(), y8);
      for (Index o = 0; o < 10; ++o)
        worst = std::max(worst,
                         std::abs(static_cast<double>(y[o]) - static_cast<double>(expected(r, o))));
      const std::int32_t truth = data.test.classes[static_cast<std::size_t>(r)];
      right += std::max_element(y, y + 10) - y == truth;
      right8 += std::max_element(y8, y8 + 10) - y8 == truth;
    }
    EXPECT_LT(worst / scale, 1e-6) << "of " << scale;
    EXPECT_LE(static_cast<double>(right - right8), 0.005 * static_cast<double>(rows));
    std::printf("%s: differs by %.2e of %.3g; right %d, in int8 %d, of %d\n", flags, worst, scale,
                static_cast<int>(right), static_cast<int>(right8), static_cast<int>(rows));
  }
}

TEST(CExport, DigitsInFloatAndInt8) {
  check_export(data::digits({.train = 3000, .test = 1000}), 1000);
}

TEST(CExport, MnistInFloatAndInt8) {
  const char* folder = std::getenv("CHAINRULE_MNIST");
  if (folder == nullptr) GTEST_SKIP() << "CHAINRULE_MNIST does not name the folder of MNIST";
  check_export(data::mnist(folder), 10000);
}

}  // namespace
}  // namespace chainrule
