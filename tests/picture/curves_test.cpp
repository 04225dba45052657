#include "chainrule/picture/curves.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <string>
#include <vector>

#include "chainrule/picture/svg.h"

namespace chainrule {
namespace {

/// Well-formed as far as these pictures go: elements nest, attributes are quoted, no bare markup.
::testing::AssertionResult well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (std::size_t i = 0; i < xml.size();) {
    if (xml[i] == '&') {
      const std::string rest = xml.substr(i, 6);
      if (rest.find("&amp;") != 0 && rest.find("&lt;") != 0 && rest.find("&gt;") != 0 &&
          rest.find("&quot;") != 0)
        return ::testing::AssertionFailure() << "bare & in " << rest;
    }
    if (xml[i] == '>') return ::testing::AssertionFailure() << "bare > at " << i;
    if (xml[i] != '<') {
      ++i;
      continue;
    }
    const std::size_t end = xml.find('>', i);
    if (end == std::string::npos) return ::testing::AssertionFailure() << "unclosed tag";
    const std::string tag = xml.substr(i + 1, end - i - 1);
    if (tag.find('<') != std::string::npos || std::count(tag.begin(), tag.end(), '"') % 2 != 0)
      return ::testing::AssertionFailure() << "broken tag " << tag;
    if (tag[0] == '/') {
      if (open.empty() || open.back() != tag.substr(1))
        return ::testing::AssertionFailure() << "<" << tag << "> closes nothing";
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
    i = end + 1;
  }
  if (!open.empty()) return ::testing::AssertionFailure() << open.back() << " is not closed";
  if (xml.find("nan") != std::string::npos || xml.find("inf") != std::string::npos)
    return ::testing::AssertionFailure() << "a coordinate is not a number";
  return ::testing::AssertionSuccess();
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

History history(Index epochs, bool classes) {
  History h;
  for (Index e = 1; e <= epochs; ++e) {
    const double t = static_cast<double>(e);
    EpochRow row{.epoch = e, .step = e * 10, .lr = 0.1};
    row.train = {1 / t, classes ? 1 - 0.1 / t : std::nan("")};
    row.test = {1.5 / t, classes ? 1 - 0.2 / t : std::nan("")};
    h.epochs.push_back(row);
  }
  h.best_epoch = epochs;
  return h;
}

TEST(Svg, Ticks) {
  EXPECT_EQ(svg::ticks(0, 1, 5), (std::vector<double>{0, 0.2, 0.4, 0.2 * 3, 0.8, 1}));
  EXPECT_EQ(svg::ticks(0, 7, 5), (std::vector<double>{0, 2, 4, 6, 8}));
  EXPECT_EQ(svg::ticks(93, 98.2, 5), (std::vector<double>{92, 94, 96, 98, 100}));
  EXPECT_EQ(svg::ticks(1, 3, 6, 1), (std::vector<double>{1, 2, 3}));
  EXPECT_GE(svg::ticks(5, 5, 5).size(), 2u);
  EXPECT_GE(svg::ticks(0, 0, 5).size(), 2u);
  EXPECT_EQ(svg::tick_text(0.4, 0.2), "0.4");
  EXPECT_EQ(svg::tick_text(0.25, 0.05), "0.25");
  EXPECT_EQ(svg::tick_text(20, 10), "20");
  EXPECT_EQ(svg::tick_text(3e7, 1e7), "3e+07");
}

TEST(Svg, Text) {
  EXPECT_EQ(svg::escape("a<b & \"c\">"), "a&lt;b &amp; &quot;c&quot;&gt;");
  EXPECT_EQ(svg::escape("é€😀"), "é€😀");
  EXPECT_EQ(svg::escape("a\x01z\n"), "a?z?");
  EXPECT_EQ(svg::escape("\xc3(\xff\xe2\x82"), "?(???");
  EXPECT_EQ(svg::escape("\xc0\xaf\xed\xa0\x80"), "?????");  // overlong, surrogate
  EXPECT_EQ(svg::shortened("versicolor", 10), "versicolor");
  EXPECT_EQ(svg::shortened("versicolor", 5), "vers…");
  EXPECT_EQ(svg::shortened("éééé", 3), "éé…");
}

TEST(Curves, ShowsEachPartAndItsLastValue) {
  const std::string svg = curves_svg(history(4, true), "A < B");
  EXPECT_TRUE(well_formed(svg));
  EXPECT_TRUE(has(svg, "<title>A &lt; B</title>"));
  EXPECT_TRUE(has(svg, ">train 0.25<"));
  EXPECT_TRUE(has(svg, ">test 0.375<"));
  EXPECT_TRUE(has(svg, ">train 97.5<"));
  EXPECT_TRUE(has(svg, ">test 95.0<"));
  EXPECT_FALSE(has(svg, "validation"));
  EXPECT_FALSE(has(svg, "best: epoch"));
}

TEST(Curves, MarksTheBestEpoch) {
  History h = history(4, true);
  h.best_epoch = 2;
  EXPECT_TRUE(has(curves_svg(h), ">best: epoch 2<"));
}

TEST(Curves, NumbersHaveNoAccuracy) {
  const std::string svg = curves_svg(history(4, false));
  EXPECT_TRUE(well_formed(svg));
  EXPECT_FALSE(has(svg, "accuracy"));
}

TEST(Curves, AnyNumberOfEpochs) {
  for (const Index epochs : {0, 1, 2, 3, 100})
    EXPECT_TRUE(well_formed(curves_svg(history(epochs, true)))) << epochs;
  EXPECT_LT(curves_svg(history(100000, true)).size(), 100000u);
}

TEST(Curves, OddValues) {
  History h = history(4, true);
  h.epochs[1].train.loss = std::numeric_limits<double>::infinity();
  h.epochs[2].test = {};
  EXPECT_TRUE(well_formed(curves_svg(h)));
  for (EpochRow& row : h.epochs) row.train = row.test = {0, 0};
  EXPECT_TRUE(well_formed(curves_svg(h)));
  for (EpochRow& row : h.epochs) row.train = {-1e30, 1};
  EXPECT_TRUE(well_formed(curves_svg(h)));
}

TEST(ConfusionPicture, ShowsCountsAndScores) {
  Confusion c(2);
  for (int i = 0; i < 1500; ++i) c.add(0, 0);
  for (int i = 0; i < 500; ++i) c.add(0, 1);
  const std::vector<std::string> names{"no & never", "yes"};
  const std::string svg = confusion_svg(c, names);
  EXPECT_TRUE(well_formed(svg));
  EXPECT_TRUE(has(svg, ">1,500<"));
  EXPECT_TRUE(has(svg, ">75.0 %<"));  // recall of the first class
  EXPECT_TRUE(has(svg, ">no &amp; never<"));
  EXPECT_TRUE(has(svg, "2,000 rows, 75.0 % right"));
}

TEST(ConfusionPicture, AnyNumberOfClasses) {
  for (const Index classes : {0, 1, 3, 60, 300}) {
    Confusion c(classes);
    if (classes > 0) c.add(0, static_cast<std::int32_t>(classes - 1));
    EXPECT_TRUE(well_formed(confusion_svg(c, {}))) << classes;
  }
}

// Many classes share squares: the picture's size does not grow with their number.
TEST(ConfusionPicture, ManyClassesStaySmall) {
  Confusion c(1003);
  for (std::int32_t truth = 0; truth < 1003; ++truth)
    for (std::int32_t p = 0; p < 1003; p += 3) c.add(truth, p);
  const std::string svg = confusion_svg(c, {});
  EXPECT_TRUE(well_formed(svg));
  EXPECT_LT(svg.size(), 2'000'000u);
  EXPECT_TRUE(has(svg, "each square stands for 11 by 11 of 1,003 classes"));
  EXPECT_TRUE(has(svg, ">0–10<"));
}

}  // namespace
}  // namespace chainrule
