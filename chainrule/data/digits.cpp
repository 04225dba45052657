#include "chainrule/data/digits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/core/random.h"
#include "chainrule/core/thread_pool.h"
#include "chainrule/data/glyphs.h"

namespace chainrule::data {
namespace {

constexpr int kSide = 28;
constexpr double kBox = 20;  // the longer side of the ink, in pixels

/// How strongly writers differ: standard deviations, lengths as a part of the digit's height.
constexpr double kJitter = 0.024;  // of a stroke's points
constexpr double kShift = 0.025;   // of a stroke as a whole
constexpr double kSlant = 0.22;    // to the right per unit upwards; writers lean by 0.12
constexpr double kLean = 0.12;
constexpr double kTurn = 0.12;   // radians
constexpr double kWave = 0.026;  // amplitude of each wave of the distortion
constexpr double kAspect = 0.2;  // of the logarithm of width / height
constexpr double kHaste = 0.35;  // of the logarithm of a factor to jitter, shift and wave
constexpr double kTaper = 0.25;  // width at the top against the bottom

/// Smooth random displacement of the plane: a sum of waves of about one length of the digit.
class Distortion {
 public:
  Distortion(double size, Random& random) {
    for (Wave& w : waves_) {
      const double angle = random.uniform(0, 2 * std::numbers::pi);
      const double number = random.uniform(2, 7);  // radians per unit of length
      w = {number * std::cos(angle),
           number * std::sin(angle),
           random.uniform(0, 2 * std::numbers::pi),
           {size * random.normal(), size * random.normal()}};
    }
  }
  Point operator()(Point p) const {
    Point moved = p;
    for (const Wave& w : waves_)
      moved = moved + std::sin(w.kx * p.x + w.ky * p.y + w.phase) * w.amplitude;
    return moved;
  }

 private:
  struct Wave {
    double kx, ky, phase;
    Point amplitude;
  };
  std::array<Wave, 5> waves_;
};

/// The stroke as a line through many points (Catmull and Rom's spline between corners).
Stroke flatten(const Stroke& s) {
  constexpr int kSteps = 6;
  Stroke line{s[0]};
  for (std::size_t i = 0; i + 1 < s.size(); ++i) {
    const auto same = [&](std::size_t j) { return s[j].x == s[j + 1].x && s[j].y == s[j + 1].y; };
    if (same(i)) continue;
    const Point b = s[i], c = s[i + 1];
    const Point a = i > 0 && !same(i - 1) ? s[i - 1] : 2 * b - c;
    const Point d = i + 2 < s.size() && !same(i + 1) ? s[i + 2] : 2 * c - b;
    for (int k = 1; k <= kSteps; ++k) {
      const double t = static_cast<double>(k) / kSteps;
      line.push_back(0.5 * (2 * b + t * (c - a) + t * t * (2 * a - 5 * b + 4 * c - d) +
                            t * t * t * (3 * b - a - 3 * c + d)));
    }
  }
  return line;
}

/// One writer's version of a glyph, in units of its height.
Glyph write(const Glyph& glyph, Random& random) {
  const double width = 0.72 * std::exp(kAspect * random.normal());
  const double slant = kLean + kSlant * random.normal();
  const double turn = kTurn * random.normal(), c = std::cos(turn), s = std::sin(turn);
  const double taper = kTaper * random.normal();
  const double haste = std::exp(kHaste * random.normal());
  const double jitter = haste * kJitter, jump = haste * kShift;
  const Distortion distortion(haste * kWave, random);
  Glyph lines;
  for (const Stroke& stroke : glyph) {
    const Point shift{jump * random.normal(), jump * random.normal()};
    Stroke moved;
    for (std::size_t i = 0; i < stroke.size(); ++i) {
      if (i > 0 && stroke[i].x == stroke[i - 1].x && stroke[i].y == stroke[i - 1].y) {
        moved.push_back(moved.back());
        continue;
      }
      const Point p = stroke[i] + shift + Point{jitter * random.normal(), jitter * random.normal()};
      const double y = p.y - 0.5, x = (p.x - 0.5) * width * (1 + taper * y) - slant * y;
      moved.push_back(distortion({c * x - s * y, s * x + c * y}));
    }
    lines.push_back(flatten(moved));
  }
  return lines;
}

/// Scales the lines to the box of 20 x 20 pixels and puts their centre of mass into the middle
/// (where strokes cross, both count).
void centre(Glyph& lines, double pen) {
  Point low{1e9, 1e9}, high{-1e9, -1e9};
  for (const Stroke& line : lines)
    for (const Point p : line) {
      low = {std::min(low.x, p.x), std::min(low.y, p.y)};
      high = {std::max(high.x, p.x), std::max(high.y, p.y)};
    }
  const double scale = (kBox - 2 * pen) / std::max(high.x - low.x, high.y - low.y);
  Point mass{0, 0};
  double length = 0;
  for (const Stroke& line : lines)
    for (std::size_t i = 1; i < line.size(); ++i) {
      const double l = std::hypot(line[i].x - line[i - 1].x, line[i].y - line[i - 1].y);
      mass = mass + 0.5 * l * (line[i] + line[i - 1]);
      length += l;
    }
  const Point middle{kSide / 2.0, kSide / 2.0};
  for (Stroke& line : lines)
    for (Point& p : line) p = middle + scale * (p - (1 / length) * mass);
}

/// Draws lines with a round pen of radius `pen`, which presses harder here and softer there.
void draw(const Glyph& lines, double pen, Random& random, std::uint8_t* pixels) {
  constexpr double kSoft = 0.75;  // pixels over which the edge fades, inwards and outwards
  std::array<double, kSide * kSide> depth;  // of the ink above each pixel's middle
  depth.fill(-kSoft);
  const double phase = random.uniform(0, 2 * std::numbers::pi), swing = random.uniform(0, 0.2);
  const double ink = random.uniform(0.9, 1.0);
  double travelled = 0;
  for (const Stroke& line : lines) {
    for (std::size_t i = 1; i < line.size(); ++i) {
      const Point a = line[i - 1], ab = line[i] - a;
      const double square = ab.x * ab.x + ab.y * ab.y;
      travelled += std::sqrt(square);
      const double inverse = square > 0 ? 1 / square : 0;
      const double radius = pen * (1 + swing * std::sin(phase + travelled / 4));
      const double reach = radius + kSoft;
      const auto pixel = [](double v) { return std::clamp(static_cast<int>(v), 0, kSide - 1); };
      const int top = pixel(std::min(a.y, a.y + ab.y) - reach),
                bottom = pixel(std::max(a.y, a.y + ab.y) + reach);
      const int left = pixel(std::min(a.x, a.x + ab.x) - reach),
                right = pixel(std::max(a.x, a.x + ab.x) + reach);
      for (int y = top; y <= bottom; ++y) {
        for (int x = left; x <= right; ++x) {
          const Point ap = Point{x + 0.5, y + 0.5} - a;
          const double t = std::clamp((ap.x * ab.x + ap.y * ab.y) * inverse, 0.0, 1.0);
          const Point away = ap - t * ab;
          double& d = depth[static_cast<std::size_t>(y * kSide + x)];
          d = std::max(d, radius - std::sqrt(away.x * away.x + away.y * away.y));
        }
      }
    }
  }
  for (std::size_t i = 0; i < depth.size(); ++i) {
    const double t = std::clamp((depth[i] + kSoft) / (2 * kSoft), 0.0, 1.0);
    pixels[i] = static_cast<std::uint8_t>(std::lround(255 * ink * t * t * (3 - 2 * t)));
  }
}

Dataset part(Index rows, std::uint64_t seed, std::uint64_t stream, ThreadPool& pool) {
  constexpr Index kMostRows = 10'000'000;
  if (rows < 0 || rows > kMostRows)
    throw Error(cat(rows, " digits were asked for, expected 0 to ", grouped(kMostRows)));
  constexpr Index kPixels = kSide * kSide;
  Dataset d;
  d.name = "digits";
  d.features = {kPixels};
  d.image = {kSide, kSide};
  d.bytes.resize(static_cast<std::size_t>(rows * kPixels));
  d.classes.resize(static_cast<std::size_t>(rows));
  for (int i = 0; i < 10; ++i) d.class_names.push_back(std::to_string(i));
  pool.split(rows, 64, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      Random random(seed, stream + static_cast<std::uint64_t>(i));
      const auto digit = static_cast<int>(random.below(10));
      const std::vector<Glyph>& ways = ways_to_write(digit);
      Glyph lines = write(ways[random.below(static_cast<std::uint32_t>(ways.size()))], random);
      const double pen = std::clamp(1.25 * std::exp(0.25 * random.normal()), 0.7, 2.3);
      centre(lines, pen);
      draw(lines, pen, random, d.bytes.data() + i * kPixels);
      d.classes[static_cast<std::size_t>(i)] = digit;
    }
  });
  return d;
}

}  // namespace

Splits digits(const DigitsOptions& options) {
  constexpr std::uint64_t kTrainStream = 0x64696769'00000000;  // "digi"
  constexpr std::uint64_t kTestStream = 0x74657374'00000000;   // "test"
  ThreadPool pool(options.threads);
  Splits s;
  s.train = part(options.train, options.seed, kTrainStream, pool);
  s.test = part(options.test, options.seed, kTestStream, pool);
  s.validation = s.train.subset({});
  return s;
}

}  // namespace chainrule::data
