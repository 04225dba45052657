#include "chainrule/train/scores.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "chainrule/core/json.h"
#include "chainrule/core/random.h"
#include "chainrule/train/metrics.h"

namespace chainrule {
namespace {

namespace fs = std::filesystem;

TEST(Scores, AreaUnderTheCurveByHand) {
  const std::vector<double> scores{0.1, 0.4, 0.35, 0.8};
  const std::vector<std::uint8_t> truth{0, 0, 1, 1};
  EXPECT_DOUBLE_EQ(roc_auc(scores, truth), 0.75);
  EXPECT_DOUBLE_EQ(average_precision(scores, truth), 0.5 + 0.5 * 2 / 3);
  const std::vector<double> same{1, 1, 1, 1};
  EXPECT_DOUBLE_EQ(roc_auc(same, truth), 0.5);  // ties by half
  EXPECT_TRUE(std::isnan(roc_auc(scores, std::vector<std::uint8_t>{1, 1, 1, 1})));
  EXPECT_EQ(average_precision(scores, std::vector<std::uint8_t>{0, 0, 0, 0}), 0);
}

TEST(Scores, ThresholdThatFindsMostOfBoth) {
  const std::vector<double> p{0.1, 0.2, 0.3, 0.4, 0.9};
  const std::vector<std::uint8_t> truth{0, 0, 1, 1, 1};
  EXPECT_DOUBLE_EQ(best_threshold(p, truth), 0.25);
  EXPECT_EQ(best_threshold(p, std::vector<std::uint8_t>{1, 1, 1, 1, 1}), 0.5);
}

TEST(Scores, CalibrationAndQuantiles) {
  const std::vector<double> p{0.05, 0.95, 0.97, 1.0};
  const std::vector<std::uint8_t> truth{0, 1, 0, 1};
  const std::vector<CalibrationBin> bins = calibration(p, truth);
  ASSERT_EQ(bins.size(), 2u);
  EXPECT_EQ(bins[1].rows, 3);
  EXPECT_NEAR(bins[1].observed, 2 / 3.0, 1e-12);
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 0.9), 3.7);
  EXPECT_TRUE(std::isnan(quantile({}, 0.5)));
}

/// Few different values, so that many are equal.
double coarse(Random& random) { return std::floor(random.uniform() * 8) / 8; }

std::vector<double> random_weights(Random& random, std::size_t rows, int kind) {
  std::vector<double> w(rows, 1.0);
  for (double& x : w)
    if (kind > 0) x = kind == 1 ? random.uniform() + 0.1 : std::floor(random.uniform() * 3);
  if (kind == 2) w[0] = 1;
  return w;
}

std::string class_case(Random& random, int number) {
  const std::size_t rows = 1 + static_cast<std::size_t>(random.uniform() * 30);
  const Index classes = 2 + static_cast<Index>(random.uniform() * 4);
  // Some batches hold one class only, some never the last one.
  const double most = number % 7 == 0 ? 1 : static_cast<double>(classes - (number % 3 == 0));
  std::vector<std::int32_t> truth, predicted;
  Tensor<double> p(static_cast<Index>(rows), classes);
  WeightedConfusion counts(classes);
  Confusion confusion(classes);
  const std::vector<double> w = random_weights(random, rows, number % 3);
  for (std::size_t i = 0; i < rows; ++i) {
    truth.push_back(static_cast<std::int32_t>(random.uniform() * most));
    predicted.push_back(static_cast<std::int32_t>(random.uniform() * static_cast<double>(classes)));
    double sum = 0;
    for (double& x : p.row(static_cast<Index>(i))) x = coarse(random) + 1e-3, sum += x;
    for (double& x : p.row(static_cast<Index>(i))) x /= sum;
    counts.add(truth[i], predicted[i], w[i]);
    confusion.add(truth[i], predicted[i]);
  }
  std::vector<double> aucs, aps;
  std::vector<std::vector<double>> lists;
  for (Index c = 0; c < classes; ++c) {
    std::vector<double> scores;
    std::vector<std::uint8_t> is;
    for (std::size_t i = 0; i < rows; ++i)
      scores.push_back(p(static_cast<Index>(i), c)), is.push_back(truth[i] == c);
    aucs.push_back(roc_auc(scores, is, w));
    aps.push_back(average_precision(scores, is, w));
  }
  for (std::size_t i = 0; i < rows; ++i) {
    const auto row = p.row(static_cast<Index>(i));
    lists.emplace_back(row.begin(), row.end());
  }
  const ClassScore macro = confusion.macro();
  return JsonObject()
      .add("truth", truth)
      .add("predicted", predicted)
      .add("p", lists)
      .add("w", w)
      .add("aucs", aucs)
      .add("aps", aps)
      .add("log_loss", log_loss(p.view(), truth, w))
      .add("matthews", matthews(counts))
      .add("balanced_accuracy", balanced_accuracy(counts))
      .add("precision", macro.precision)
      .add("recall", macro.recall)
      .add("f1", macro.f1)
      .str();
}

std::string number_case(Random& random, int number) {
  const std::size_t rows = 1 + static_cast<std::size_t>(random.uniform() * 30);
  const std::size_t outputs = 1 + static_cast<std::size_t>(random.uniform() * 3);
  const double offset = number % 4 == 0 ? 1e6 : 0;
  const std::vector<double> w = random_weights(random, rows, number % 2);
  Regression r(static_cast<Index>(outputs));
  std::vector<std::vector<double>> truth, predicted;
  std::vector<double> errors;
  for (std::size_t i = 0; i < rows; ++i) {
    std::vector<double> t, y;
    for (std::size_t k = 0; k < outputs; ++k) {
      t.push_back(number % 5 == 0 && k == 0 ? 3 : offset + coarse(random));
      y.push_back(number % 10 == 0 && k == 0 ? 3 : offset + random.uniform());
      errors.push_back(std::abs(t[k] - y[k]));
    }
    r.add(t, y, w[i]);
    truth.push_back(t), predicted.push_back(y);
  }
  return JsonObject()
      .add("truth", truth)
      .add("predicted", predicted)
      .add("w", w)
      .add("mse", r.mse())
      .add("rmse", r.rmse())
      .add("mae", r.mae())
      .add("r2", r.r2())
      .add("median", quantile(errors, 0.5))
      .str();
}

TEST(Scores, AgreeWithScikitLearn) {
  if (!fs::exists("/usr/bin/python3")) GTEST_SKIP() << "/usr/bin/python3 is missing";
  std::string name = (fs::temp_directory_path() / "chainrule-scores-XXXXXX").string();
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  const fs::path folder = name;
  {
    std::ofstream cases(folder / "cases");
    Random random(1, 0);
    for (int i = 0; i < 500; ++i)
      cases << (i % 2 == 0 ? class_case(random, i / 2) : number_case(random, i / 2)) << '\n';
  }
  const int status = std::system(
      ("/usr/bin/python3 -W ignore " CHAINRULE_SOURCE_DIR "/tests/train/scores_check.py " +
       (folder / "cases").string() + " >" + (folder / "out").string() + " 2>&1")
          .c_str());
  std::stringstream text;
  text << std::ifstream(folder / "out").rdbuf();
  fs::remove_all(folder);
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << text.str();
  EXPECT_EQ(status, 0) << text.str();
  EXPECT_EQ(text.str(), "500 cases agree\n");
}

}  // namespace
}  // namespace chainrule
