#include "chainrule/train/stroke_font.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <string>

namespace chainrule::svg {
namespace {

struct Drawn {
  std::string_view character, strokes;
};

/// A capital is 100 high, x-height 70, y goes up from the base line. "L": straight from point to
/// point, "C": a smooth curve through the points.
constexpr std::array kDrawn = {
    Drawn{"0", "C 30,100 10,92 2,70 0,50 2,30 10,8 30,0 50,8 58,30 60,50 58,70 50,92 30,100"},
    Drawn{"1", "L 10,80 34,100 34,0 L 10,0 58,0"},
    Drawn{"2", "C 3,74 9,92 30,100 52,92 57,72 46,50 24,25 2,0 L 2,0 60,0"},
    Drawn{"3", "L 6,100 54,100 26,62 C 26,62 48,56 59,32 50,10 28,0 8,5 1,18"},
    Drawn{"4", "L 44,0 44,100 0,30 60,30"},
    Drawn{"5", "L 52,100 10,100 5,56 C 5,56 28,66 52,56 60,33 50,9 28,0 8,5 1,18"},
    Drawn{"6", "C 52,92 34,100 14,89 3,62 2,34 10,8 31,0 52,9 60,32 52,55 31,64 10,54 2,34"},
    Drawn{"7", "L 1,100 59,100 20,0"},
    Drawn{"8",
          "C 30,100 12,93 6,77 12,60 30,53 48,60 54,77 48,93 30,100 "
          "C 30,53 9,46 1,27 9,7 30,0 51,7 59,27 51,46 30,53"},
    Drawn{"9", "C 8,8 26,0 46,11 57,38 58,66 50,92 29,100 8,91 0,68 8,45 29,36 50,46 58,66"},
    Drawn{"a", "C 46,35 40,61 24,70 8,61 0,35 8,9 24,0 40,9 46,35 L 46,70 46,0"},
    Drawn{"b", "L 0,105 0,0 C 0,35 6,61 23,70 40,61 47,35 40,9 23,0 6,9 0,35"},
    Drawn{"c", "C 43,56 36,67 24,70 8,61 0,35 8,9 24,0 36,3 43,14"},
    Drawn{"d", "C 46,35 40,61 24,70 8,61 0,35 8,9 24,0 40,9 46,35 L 46,105 46,0"},
    Drawn{"e", "L 1,38 46,38 C 46,38 41,61 24,70 8,61 0,35 8,9 24,0 38,4 45,15"},
    Drawn{"f", "C 32,103 21,104 14,98 12,84 L 12,84 12,0 L 0,68 28,68"},
    Drawn{"g",
          "C 46,35 40,61 24,70 8,61 0,35 8,9 24,0 40,9 46,35 L 46,70 46,-8 "
          "C 46,-8 40,-25 22,-30 4,-22"},
    Drawn{"h", "L 0,105 0,0 C 0,44 8,63 24,70 38,63 43,44 L 43,44 43,0"},
    Drawn{"i", "L 3,70 3,0 L 3,94 3,96"},
    Drawn{"j", "L 11,70 11,-14 C 11,-14 8,-27 -4,-29 L 11,94 11,96"},
    Drawn{"k", "L 0,105 0,0 L 40,70 0,28 L 14,42 42,0"},
    Drawn{"l", "L 3,105 3,0"},
    Drawn{"m",
          "L 0,70 0,0 C 0,46 7,63 20,70 33,63 38,46 L 38,46 38,0 "
          "C 38,46 45,63 58,70 71,63 76,46 L 76,46 76,0"},
    Drawn{"n", "L 0,70 0,0 C 0,44 8,63 24,70 38,63 43,44 L 43,44 43,0"},
    Drawn{"o", "C 24,70 8,61 0,35 8,9 24,0 40,9 48,35 40,61 24,70"},
    Drawn{"p", "L 0,70 0,-30 C 0,35 6,61 23,70 40,61 47,35 40,9 23,0 6,9 0,35"},
    Drawn{"q", "C 46,35 40,61 24,70 8,61 0,35 8,9 24,0 40,9 46,35 L 46,70 46,-30"},
    Drawn{"r", "L 0,70 0,0 C 0,42 7,60 18,69 30,69"},
    Drawn{"s", "C 40,57 32,67 20,70 7,65 3,53 9,42 22,37 36,31 42,18 36,5 21,0 8,3 0,14"},
    Drawn{"t", "L 12,92 12,16 C 12,16 15,4 24,0 32,2 L 0,68 28,68"},
    Drawn{"u", "L 0,70 0,26 C 0,26 5,7 19,0 35,7 43,26 L 43,70 43,0"},
    Drawn{"v", "L 0,70 22,0 44,70"},
    Drawn{"w", "L 0,70 17,0 34,66 51,0 68,70"},
    Drawn{"x", "L 0,70 42,0 L 42,70 0,0"},
    Drawn{"y", "L 0,70 22,2 L 44,70 22,2 12,-20 C 12,-20 6,-29 -3,-30"},
    Drawn{"z", "L 2,70 42,70 0,0 44,0"},
    Drawn{"A", "L 0,0 35,100 70,0 L 12,34 58,34"},
    Drawn{"B",
          "L 30,53 0,53 L 32,0 0,0 0,100 30,100 C 30,100 48,94 54,76 48,59 30,53 "
          "C 30,53 52,47 60,27 52,6 32,0"},
    Drawn{"C", "C 66,78 54,95 36,100 14,90 2,66 0,50 2,34 14,10 36,0 54,5 66,22"},
    Drawn{"D", "L 28,0 0,0 0,100 28,100 C 28,100 52,91 64,66 66,50 64,34 52,9 28,0"},
    Drawn{"E", "L 54,100 0,100 0,0 54,0 L 0,53 46,53"},
    Drawn{"F", "L 52,100 0,100 0,0 L 0,52 44,52"},
    Drawn{"G",
          "C 66,78 54,95 36,100 14,90 2,66 0,50 2,34 14,10 36,0 58,8 70,30 L 70,30 70,46 42,46"},
    Drawn{"H", "L 0,0 0,100 L 64,0 64,100 L 0,53 64,53"},
    Drawn{"I", "L 3,0 3,100"},
    Drawn{"J", "L 42,100 42,28 C 42,28 36,7 20,0 5,8 0,26"},
    Drawn{"K", "L 0,0 0,100 L 56,100 0,38 L 18,58 60,0"},
    Drawn{"L", "L 0,100 0,0 50,0"},
    Drawn{"M", "L 0,0 0,100 39,20 78,100 78,0"},
    Drawn{"N", "L 0,0 0,100 64,0 64,100"},
    Drawn{"O", "C 38,100 14,90 2,66 0,50 2,34 14,10 38,0 62,10 74,34 76,50 74,66 62,90 38,100"},
    Drawn{"P", "L 0,0 0,100 32,100 C 32,100 51,93 58,72 51,52 32,45 L 32,45 0,45"},
    Drawn{"Q",
          "C 38,100 14,90 2,66 0,50 2,34 14,10 38,0 62,10 74,34 76,50 74,66 62,90 38,100 "
          "L 48,22 76,-6"},
    Drawn{"R", "L 0,0 0,100 32,100 C 32,100 51,93 58,72 51,52 32,45 L 0,45 32,45 60,0"},
    Drawn{"S", "C 56,82 46,96 30,100 12,94 4,77 10,61 30,53 50,45 58,26 50,6 30,0 12,4 1,20"},
    Drawn{"T", "L 0,100 64,100 L 32,100 32,0"},
    Drawn{"U", "L 0,100 0,34 C 0,34 8,9 31,0 54,9 62,34 L 62,34 62,100"},
    Drawn{"V", "L 0,100 34,0 68,100"},
    Drawn{"W", "L 0,100 24,0 48,96 72,0 96,100"},
    Drawn{"X", "L 0,100 62,0 L 62,100 0,0"},
    Drawn{"Y", "L 0,100 32,48 64,100 L 32,48 32,0"},
    Drawn{"Z", "L 2,100 60,100 0,0 62,0"},
    Drawn{" ", "L 0,0 L 18,0"},
    Drawn{".", "L 3,0 3,2"},
    Drawn{",", "L 6,4 0,-17"},
    Drawn{":", "L 3,0 3,2 L 3,60 3,62"},
    Drawn{";", "L 6,4 0,-17 L 6,60 6,62"},
    Drawn{"!", "L 3,100 3,30 L 3,0 3,2"},
    Drawn{"?", "C 0,80 8,96 24,100 42,92 46,76 38,60 26,48 24,30 L 24,0 24,2"},
    Drawn{"'", "L 3,100 3,74"},
    Drawn{"\"", "L 3,100 3,74 L 20,100 20,74"},
    Drawn{"-", "L 0,37 30,37"},
    Drawn{"\u2212", "L 0,40 50,40"},
    Drawn{"+", "L 25,65 25,15 L 0,40 50,40"},
    Drawn{"\u00d7", "L 4,60 44,20 L 44,60 4,20"},
    Drawn{"*", "L 18,100 18,60 L 0,90 36,70 L 36,90 0,70"},
    Drawn{"=", "L 0,52 50,52 L 0,28 50,28"},
    Drawn{"<", "L 48,68 0,40 48,12"},
    Drawn{">", "L 0,68 48,40 0,12"},
    Drawn{"(", "C 18,112 4,80 0,44 4,8 18,-24"},
    Drawn{")", "C 0,112 14,80 18,44 14,8 0,-24"},
    Drawn{"[", "L 18,108 0,108 0,-20 18,-20"},
    Drawn{"]", "L 0,108 18,108 18,-20 0,-20"},
    Drawn{"/", "L 0,-14 40,108"},
    Drawn{"|", "L 3,112 3,-24"},
    Drawn{"_", "L 0,-16 56,-16"},
    Drawn{"%",
          "L 10,0 70,100 C 17,100 4,92 0,77 4,62 17,54 30,62 34,77 30,92 17,100 "
          "C 63,46 50,38 46,23 50,8 63,0 76,8 80,23 76,38 63,46"},
    Drawn{"#", "L 22,100 10,0 L 52,100 40,0 L 2,66 62,66 L 0,34 60,34"},
    Drawn{"\u00b7", "L 3,38 3,40"},
    Drawn{"\u2026", "L 3,0 3,2 L 33,0 33,2 L 63,0 63,2"},
    Drawn{"\u00b2", "C 0,92 6,101 17,104 28,98 30,88 22,76 0,56 L 0,56 32,56"},
};
constexpr std::string_view kUnknown = "L 0,0 50,0 50,72 0,72 0,0";

constexpr double kGap = 26;        // between two letters
constexpr double kCapital = 0.72;  // of the font's size

struct Letter {
  std::vector<Stroke> strokes;  // y goes up
  double width = 0;
};

/// Through the points (Catmull and Rom), eight pieces between two.
Stroke smooth(const Stroke& p) {
  Stroke curve;
  for (std::size_t k = 0; k + 1 < p.size(); ++k) {
    const bool closed = p.front() == p.back();
    const auto& before = k > 0 ? p[k - 1] : closed ? p[p.size() - 2] : p[0];
    const auto& after = k + 2 < p.size() ? p[k + 2] : closed ? p[1] : p.back();
    for (int i = 0; i <= 8; ++i) {
      const double t = i / 8.0;
      const auto at = [&](double a, double b, double c, double d) {
        return b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
      };
      curve.emplace_back(at(before.first, p[k].first, p[k + 1].first, after.first),
                         at(before.second, p[k].second, p[k + 1].second, after.second));
    }
  }
  return curve;
}

Letter parsed(std::string_view text) {
  Letter letter;
  bool curved = false;
  Stroke points;
  const auto finish = [&] {
    if (points.size() > 1) letter.strokes.push_back(curved ? smooth(points) : points);
    for (const auto& [x, y] : points) letter.width = std::max(letter.width, x);
    points.clear();
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (word == "L" || word == "C") {
      finish();
      curved = word == "C";
    } else {
      int x = 0, y = 0;
      const auto comma = word.data() + word.find(',');
      std::from_chars(word.data(), comma, x);
      std::from_chars(comma + 1, word.data() + word.size(), y);
      points.emplace_back(x, y);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  finish();
  return letter;
}

const Letter& letter(std::string_view character) {
  static const std::map<std::string_view, Letter> kFont = [] {
    std::map<std::string_view, Letter> font;
    for (const Drawn& d : kDrawn) font[d.character] = parsed(d.strokes);
    font[""] = parsed(kUnknown);
    return font;
  }();
  const auto it = kFont.find(character);
  return it != kFont.end() ? it->second : kFont.at("");
}

/// Calls `visit(letter, x)` for each character and gives the width.
template <class Visit>
double walk(std::string_view text, Visit visit) {
  double x = 0;
  while (!text.empty()) {
    std::size_t bytes = 1;
    while (bytes < text.size() && (text[bytes] & 0xc0) == 0x80) ++bytes;
    const Letter& l = letter(text.substr(0, bytes));
    visit(l, x);
    x += l.width + kGap;
    text.remove_prefix(bytes);
  }
  return std::max(0.0, x - kGap);
}

}  // namespace

double stroke_width_of(std::string_view text, double size) {
  return walk(text, [](const Letter&, double) {}) * size * kCapital / 100;
}

std::vector<Stroke> strokes_of(std::string_view text, double size) {
  std::vector<Stroke> strokes;
  const double scale = size * kCapital / 100;
  walk(text, [&](const Letter& l, double left) {
    for (const Stroke& s : l.strokes) {
      Stroke& moved = strokes.emplace_back();
      for (const auto& [x, y] : s) moved.emplace_back((left + x) * scale, -y * scale);
    }
  });
  return strokes;
}

}  // namespace chainrule::svg
