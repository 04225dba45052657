#include "chainrule/data/glyphs.h"

#include <array>
#include <sstream>
#include <string>
#include <string_view>

namespace chainrule::data {
namespace {

/// Points in percent, "!" after a corner, "|" between strokes.
constexpr std::array<std::array<std::string_view, 3>, 10> kWays{{
    {"54,0 20,14 8,50 20,86 50,100 80,86 92,50 80,14 50,1",
     "78,12 46,0 18,22 8,58 24,90 54,99 84,78 92,42 76,10 50,2 36,12"},
    {"52,0 50,50 48,100", "28,28 45,14 55,0! 54,50 53,100",
     "28,25 45,12 53,0! 53,50 52,100 | 22,100 50,99 80,100"},
    {"12,22 30,3 62,0 85,22 75,48 40,78 10,100! 50,97 92,98",
     "15,20 40,0 75,8 80,35 55,65 25,92 8,95 8,80 25,76 50,88 75,99 95,90"},
    {"12,14 40,0 75,8 80,30 60,46 38,49! 70,53 90,72 75,95 40,100 8,88",
     "15,3 50,2 85,0! 65,22 42,42! 75,50 88,72 68,96 35,100 8,90"},
    {"22,0 16,28 12,55! 50,56 90,52 | 72,5 68,50 65,100",
     "62,0 35,32 8,66! 50,67 95,65 | 62,0 61,50 60,100",
     "20,2 14,30 24,52 52,52 76,36 | 82,4 76,50 68,100"},
    {"28,2 24,22 20,44! 50,36 82,52 84,80 55,100 10,92 | 28,2 58,2 90,0",
     "88,3 58,2 30,4! 25,22 20,42! 55,36 85,58 76,90 42,100 8,90"},
    {"75,2 45,14 18,48 12,78 38,100 72,92 82,70 62,52 35,56 15,75",
     "58,0 35,30 15,62 14,84 38,100 70,94 80,74 60,58 34,62 18,78"},
    {"8,5 50,4 92,2! 65,45 42,100", "8,5 50,4 92,2! 65,45 42,100 | 30,52 54,50 80,48",
     "10,22 12,4! 50,5 90,3! 68,40 50,100"},
    {"80,14 50,0 20,18 45,45 78,68 70,95 40,100 15,82 30,56 65,36 82,16 68,4",
     "50,0 24,10 22,34 50,47 76,34 74,10 50,0 | 50,47 18,60 14,88 50,100 86,88 82,60 50,47"},
    {"82,22 60,2 25,8 14,32 38,50 70,42 84,18! 80,60 74,100",
     "82,22 60,2 25,8 14,32 38,50 70,42 84,18! 86,52 70,88 35,100 12,90",
     "78,12 48,0 18,18 24,44 55,46 80,14! 66,55 52,100"},
}};

Glyph parse(std::string_view text) {
  Glyph glyph(1);
  std::istringstream in{std::string(text)};
  for (std::string word; in >> word;) {
    if (word == "|") {
      glyph.emplace_back();
      continue;
    }
    std::size_t comma = 0;
    const double x = std::stod(word, &comma), y = std::stod(word.substr(comma + 1));
    const Point p{x / 100, y / 100};
    glyph.back().push_back(p);
    if (word.ends_with('!')) glyph.back().push_back(p);
  }
  return glyph;
}

}  // namespace

const std::vector<Glyph>& ways_to_write(int digit) {
  static const auto kGlyphs = [] {
    std::array<std::vector<Glyph>, 10> all;
    for (std::size_t i = 0; i < all.size(); ++i)
      for (const std::string_view way : kWays[i])
        if (!way.empty()) all[i].push_back(parse(way));
    return all;
  }();
  return kGlyphs[static_cast<std::size_t>(digit)];
}

}  // namespace chainrule::data
