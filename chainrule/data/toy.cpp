#include "chainrule/data/toy.h"

#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "chainrule/core/error.h"
#include "chainrule/core/random.h"

namespace chainrule::data {
namespace {

constexpr double kPi = std::numbers::pi;

Dataset plane(const std::string& name, int classes) {
  Dataset d;
  d.name = name;
  d.features = {2};
  d.feature_names = {"x1", "x2"};
  for (int i = 0; i < classes; ++i) d.class_names.push_back(std::to_string(i));
  return d;
}

void add(Dataset& d, double x1, double x2, int label) {
  d.floats.insert(d.floats.end(), {static_cast<float>(x1), static_cast<float>(x2)});
  d.classes.push_back(label);
}

Splits with_columns(Splits s) {
  for (const std::string& name : s.train.feature_names) s.schema.inputs.push_back({.name = name});
  s.schema.targets = {{.name = "class"}};
  return s;
}

Splits gate(const std::string& name, const std::array<int, 4>& outputs) {
  Dataset d = plane(name, 2);
  for (int row = 0; row < 4; ++row)
    add(d, row / 2, row % 2, outputs[static_cast<std::size_t>(row)]);
  return with_columns({.train = d, .validation = d.subset({}), .test = d});
}

/// `point(t, label, random)` gives a point of a class; t runs evenly over [0, 1] in each class.
template <class F>
Splits points(const std::string& name, Index rows, int classes, double noise, std::uint64_t seed,
              F point) {
  constexpr Index kMostRows = 10'000'000;
  constexpr int kMostClasses = 1000;
  if (classes < 1 || classes > kMostClasses)
    throw Error(cat(name, ": ", classes, " classes, expected 1 to ", kMostClasses));
  if (rows < classes || rows > kMostRows)
    throw Error(cat(name, ": ", rows, " rows for ", classes, " classes, expected at least one row ",
                    "for each and at most ", grouped(kMostRows)));
  if (!(noise >= 0 && noise <= 1e6))
    throw Error(cat(name, ": noise is ", noise, ", expected 0 to 1e6"));
  constexpr std::uint64_t kStream = 0x746f7900'00000000;  // "toy"
  constexpr double kTestFraction = 0.2;
  Dataset d = plane(name, classes);
  Random random(seed, kStream);
  for (Index i = 0; i < rows; ++i) {
    const int label = static_cast<int>(i % classes);
    const Index in_class = (rows - label + classes - 1) / classes;
    const double t =
        in_class > 1 ? static_cast<double>(i / classes) / static_cast<double>(in_class - 1) : 0;
    const auto [x1, x2] = point(t, label, random);
    add(d, x1, x2, label);
  }
  auto [train, test] = split(d, kTestFraction, seed);
  return with_columns({.train = train, .validation = d.subset({}), .test = test});
}

struct Point {
  double x1, x2;
};

/// `centre` moved by noise in both directions.
Point near(double x1, double x2, double noise, Random& random) {
  return {x1 + noise * random.normal(), x2 + noise * random.normal()};
}

}  // namespace

Splits and_gate() { return gate("and", {0, 0, 0, 1}); }
Splits or_gate() { return gate("or", {0, 1, 1, 1}); }
Splits xor_gate() { return gate("xor", {0, 1, 1, 0}); }

Splits spiral(const SpiralOptions& o) {
  return points("spiral", o.rows, o.classes, o.noise, o.seed, [&](double t, int label, Random& r) {
    const double angle = 2 * kPi * label / o.classes + 4 * t + o.noise * r.normal();
    return Point{t * std::sin(angle), t * std::cos(angle)};
  });
}

Splits moons(const PointsOptions& o) {
  return points("moons", o.rows, 2, o.noise, o.seed, [&](double t, int label, Random& r) {
    const double x = std::cos(kPi * t), y = std::sin(kPi * t);
    return label == 0 ? near(x, y, o.noise, r) : near(1 - x, 0.5 - y, o.noise, r);
  });
}

Splits circles(const PointsOptions& o) {
  return points("circles", o.rows, 2, o.noise, o.seed, [&](double t, int label, Random& r) {
    const double radius = label == 0 ? 1 : 0.5;
    return near(radius * std::cos(2 * kPi * t), radius * std::sin(2 * kPi * t), o.noise, r);
  });
}

Splits blobs(const BlobsOptions& o) {
  return points("blobs", o.rows, o.classes, o.noise, o.seed, [&](double, int label, Random& r) {
    const double angle = 2 * kPi * label / o.classes;
    return near(2 * std::cos(angle), 2 * std::sin(angle), o.noise, r);
  });
}

}  // namespace chainrule::data
