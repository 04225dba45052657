// Pictures as pixels.
#include <cmath>
#include <gtest/gtest.h>

#include "chainrule/train/raster.h"
#include "chainrule/train/stroke_font.h"
#include "chainrule/train/svg.h"

namespace chainrule::testing {
namespace {

TEST(Raster, ALineCoversWhatItShould) {
  svg::Raster r(20, 10, 2);
  EXPECT_EQ(r.width(), 40);
  r.lines({{{5, 5}, {15, 5}}}, 2, {0, 0, 0});
  double ink = 0;
  for (const std::uint8_t p : r.pixels()) ink += (255 - p) / 255.0 / 3;
  // A bar of 20 x 4 pixels and two half discs of radius 2 at its ends.
  EXPECT_NEAR(ink, 80 + 4 * 3.1416, 2);
  r.lines({{}, {{5, 5}, {15, 5}}}, 2, {0, 0, 0});
  r.lines({{{-1e9, 4}, {1e9, 4}}}, 1, {1, 2, 3});  // much of it is not on the sheet
  r.rect(-5, -5, 1e9, 1e9, {255, 255, 255});
  for (const std::uint8_t p : r.pixels()) ASSERT_EQ(p, 255);
}

TEST(Raster, Colours) {
  EXPECT_EQ(svg::parse_colour("#fff"), (svg::Colour{255, 255, 255}));
  EXPECT_EQ(svg::parse_colour("#0b62a8"), (svg::Colour{11, 98, 168}));
  for (const char* text : {"none", "", "#12", "#12345g", "red"})
    EXPECT_FALSE(svg::parse_colour(text)) << text;
}

TEST(StrokeFont, EveryPrintableCharacterIsDrawn) {
  const auto box = svg::strokes_of("\u4e2d", 10);
  ASSERT_EQ(box.size(), 1U);
  EXPECT_EQ(box[0].size(), 5U) << "what the font does not have is a box";
  for (char c = '!'; c < '\x7f'; ++c) {
    if (std::string_view("$&@\\^`{}~").find(c) != std::string_view::npos) continue;
    const std::string text(1, c);
    EXPECT_NE(svg::strokes_of(text, 10), box) << text;
    EXPECT_GT(svg::stroke_width_of(text + text, 10), svg::stroke_width_of(text, 10));
    EXPECT_LT(svg::stroke_width_of(text, 10), 12);
  }
  EXPECT_EQ(svg::stroke_width_of("", 10), 0);
}

TEST(Svg, TheSamePictureAsPixels) {
  svg::Picture p(40, 30, "title", "words");
  p.rect(5, 5, 10, 10, "fill=\"#f00\"");
  p.circle(25, 10, 5, "fill=\"#00f\" stroke=\"#fff\"");
  p.line(2, 20, 38, 20, "stroke=\"#000\" stroke-dasharray=\"4 4\"");
  p.path({}, "stroke=\"#000\"");
  p.path({{1, 1}, {1, 1}}, "stroke=\"#000\" stroke-dasharray=\"1 1\"");
  p.text(20, 28, "middle", "ab", "fill=\"#222\"", -90);
  const std::vector<std::uint8_t> png = p.png(3);
  ASSERT_GT(png.size(), 100U);
  EXPECT_EQ(png[19], 120);
  EXPECT_EQ(png[23], 90);
  EXPECT_EQ(png, p.png(3));
  EXPECT_NE(png, svg::Picture(40, 30, "", "").png(3));
}

}  // namespace
}  // namespace chainrule::testing
