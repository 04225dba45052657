#include "chainrule/train/tensorboard.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "chainrule/data/digits.h"
#include "chainrule/train/fit.h"

namespace chainrule {
namespace {

namespace fs = std::filesystem;

/// The file as an independent reader sees it: tests/train/tensorboard_read.py, a line per value.
TEST(TensorBoardFile, HoldsTheRun) {
  if (!TensorBoard::available()) GTEST_SKIP() << "built without protozero";
  std::string name = (fs::temp_directory_path() / "chainrule-tb-XXXXXX").string();
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  const fs::path folder = fs::path(name) / "logs" / "first";
  const Splits data = data::digits({.train = 300, .test = 50});
  Model model("linear 8, relu, linear 10", data.features(), {.seed = 1});
  fs::path file;
  History history;
  {
    TensorBoard board(folder, {.every_steps = 2, .histograms = true});
    file = board.file();
    history = fit(model, data, {.epochs = 3, .batch = 60, .observers = {&board}});
    const TensorBoard another(folder);  // in the same second
    EXPECT_NE(another.file(), file);
  }
  const std::string out = (fs::path(name) / "out").string();
  const int status = fs::exists("/usr/bin/python3")
                         ? std::system(("/usr/bin/python3 " CHAINRULE_SOURCE_DIR
                                        "/tests/train/tensorboard_read.py " +
                                        file.string() + " >" + out + " 2>&1")
                                           .c_str())
                         : -1;
  std::stringstream text;
  text << std::ifstream(out).rdbuf();
  fs::remove_all(name);
  if (status == -1) GTEST_SKIP() << "/usr/bin/python3 is missing";
  ASSERT_EQ(status, 0) << text.str();

  // "TAG STEP VALUE"; a histogram's value is its number of elements.
  std::map<std::string, std::vector<std::pair<std::int64_t, double>>> values;
  std::string tag;
  std::int64_t step = 0;
  double value = 0;
  while (text >> tag >> step >> value) values[tag].emplace_back(step, value);
  for (const EpochRow& row : history.epochs) {
    const auto at = static_cast<std::size_t>(row.epoch - 1);
    ASSERT_EQ(values["loss/train"].size(), history.epochs.size());
    EXPECT_EQ(values["loss/train"][at].first, row.step);
    EXPECT_EQ(static_cast<float>(values["loss/train"][at].second),
              static_cast<float>(row.train.loss));
    EXPECT_EQ(static_cast<float>(values["accuracy/test"][at].second),
              static_cast<float>(row.test.accuracy));
  }
  EXPECT_FALSE(values.contains("loss/validation"));  // there are no such rows
  ASSERT_EQ(values["loss/step"].size(), 7U);         // of 15 steps every second
  EXPECT_EQ(values["loss/step"].back().first, 14);
  EXPECT_EQ(values["learning_rate"].size(), 7U);
  ASSERT_EQ(values["fc1.weight"].size(), 3U);
  EXPECT_EQ(values["fc1.weight"][0].second, 784 * 8);
  EXPECT_EQ(values["gradient/fc2.bias"][2].second, 10);
}

TEST(TensorBoardFile, AFolderThatCannotBeIsNamed) {
  if (!TensorBoard::available()) GTEST_SKIP() << "built without protozero";
  try {
    TensorBoard("/proc/nothing/here");
    FAIL();
  } catch (const DataError& e) {
    EXPECT_NE(std::string(e.what()).find("cannot write '/proc/nothing/here/events"),
              std::string::npos)
        << e.what();
  }
}

}  // namespace
}  // namespace chainrule
