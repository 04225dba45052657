#include "chainrule/train/history.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "chainrule/core/error.h"

namespace chainrule {
namespace {

History two_epochs() {
  History h;
  h.epochs.push_back({1, 600, 0.1, {0.5, 0.875}, {}, {0.25, 0.9375}, 1.5});
  h.epochs.push_back({2, 1200, 0.05, {0.125, 0.9}, {}, {1.0 / 3, 1}, 1.25});
  h.best_epoch = 2;
  return h;
}

TEST(History, ALongRunKeepsEverySecondRowThenEveryFourth) {
  History h;
  const auto most = static_cast<Index>(History::kMostRows);
  for (Index epoch = 1; epoch <= 3 * most; ++epoch) {
    h.add({.epoch = epoch});
    ASSERT_LE(h.epochs.size(), History::kMostRows);
    ASSERT_EQ(h.epochs.back().epoch, epoch);
    if (epoch <= most) {
      ASSERT_EQ(static_cast<Index>(h.epochs.size()), epoch);
    }
  }
  EXPECT_EQ(h.stride, 4);
  for (std::size_t i = 0; i + 1 < h.epochs.size(); ++i)
    ASSERT_EQ(h.epochs[i].epoch, 4 * static_cast<Index>(i + 1));
  h.best_epoch = 4 * 7 + 1;
  EXPECT_EQ(h.best()->epoch, 4 * 7);
}

TEST(History, Csv) {
  EXPECT_EQ(two_epochs().csv(),
            "epoch,step,learning_rate,train_loss,train_accuracy,validation_loss,"
            "validation_accuracy,test_loss,test_accuracy,seconds\n"
            "1,600,0.1,0.5,0.875,,,0.25,0.9375,1.5\n"
            "2,1200,0.05,0.125,0.9,,,0.333333333,1,1.25\n");
}

TEST(History, Best) {
  EXPECT_EQ(two_epochs().best()->step, 1200);
  EXPECT_EQ(History().best(), nullptr);
}

TEST(History, SaysWhichFileCannotBeWritten) {
  const std::filesystem::path path = "/nowhere/at/all/history.csv";
  try {
    two_epochs().write_csv(path);
    FAIL() << "wrote " << path;
  } catch (const DataError& e) {
    EXPECT_NE(std::string(e.what()).find(path.string()), std::string::npos) << e.what();
  }
}

TEST(History, NamesOfReasons) {
  EXPECT_EQ(to_string(StopReason::finished), "finished");
  EXPECT_EQ(to_string(StopReason::early), "early");
  EXPECT_EQ(to_string(StopReason::interrupted), "interrupted");
  EXPECT_EQ(to_string(StopReason::diverged), "diverged");
}

}  // namespace
}  // namespace chainrule
