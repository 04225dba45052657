#include "chainrule/layers/init.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "chainrule/core/number.h"

namespace chainrule {
namespace init {
namespace {

double fan_in(const Shape& s) { return static_cast<double>(s.size() / s.last()); }
double fan_out(const Shape& s) { return static_cast<double>(s.last()); }

/// Draws from a distribution whose variance depends on the shape.
Initializer scaled(std::string name, bool is_uniform, double (*variance)(const Shape&)) {
  const auto draw = [=](std::span<double> values, const Shape& shape, Random& random) {
    const double std = std::sqrt(variance(shape)), bound = std::sqrt(3 * variance(shape));
    for (double& v : values) v = is_uniform ? random.uniform(-bound, bound) : std * random.normal();
  };
  return {draw, std::move(name)};
}

double glorot(const Shape& s) { return 2 / (fan_in(s) + fan_out(s)); }
double he(const Shape& s) { return 2 / fan_in(s); }
double lecun(const Shape& s) { return 1 / fan_in(s); }

}  // namespace

Initializer zeros() { return constant(0); }

Initializer constant(double value) {
  const auto fill = [=](std::span<double> values, const Shape&, Random&) {
    std::ranges::fill(values, value);
  };
  return {fill, "constant:" + exact(value)};
}

Initializer normal(double std) {
  if (!(std >= 0 && std::isfinite(std)))
    throw Error(cat("normal: the standard deviation is ", std, ", expected a number from 0"));
  const auto draw = [=](std::span<double> values, const Shape&, Random& random) {
    for (double& v : values) v = std * random.normal();
  };
  return {draw, "normal:" + exact(std)};
}

Initializer uniform(double low, double high) {
  if (!(low < high && std::isfinite(high - low)))
    throw Error(cat("uniform: from ", low, " to ", high, ", expected two rising numbers"));
  const auto draw = [=](std::span<double> values, const Shape&, Random& random) {
    for (double& v : values) v = random.uniform(low, high);
  };
  return {draw, cat("uniform:", exact(low), ":", exact(high))};
}

Initializer glorot_uniform() { return scaled("glorot_uniform", true, glorot); }
Initializer glorot_normal() { return scaled("glorot_normal", false, glorot); }
Initializer he_uniform() { return scaled("he_uniform", true, he); }
Initializer he_normal() { return scaled("he_normal", false, he); }
Initializer lecun_uniform() { return scaled("lecun_uniform", true, lecun); }
Initializer lecun_normal() { return scaled("lecun_normal", false, lecun); }

Initializer orthogonal(double gain) {
  if (!std::isfinite(gain)) throw Error(cat("orthogonal: the gain is ", gain));
  const auto draw = [=](std::span<double> values, const Shape& shape, Random& random) {
    // Gram and Schmidt on the rows of a normal matrix, in the form that removes each row from all
    // later ones at once, which rounds less. The matrix lies so that its rows are the fewer.
    const auto rows = static_cast<std::size_t>(shape.size() / shape.last());
    const auto cols = static_cast<std::size_t>(shape.last());
    const std::size_t n = std::min(rows, cols), length = std::max(rows, cols);
    std::vector<double> q(values.size());
    for (double& v : q) v = random.normal();
    for (std::size_t i = 0; i < n; ++i) {
      const std::span a(&q[i * length], length);
      const double norm = std::sqrt(std::inner_product(a.begin(), a.end(), a.begin(), 0.0));
      for (double& v : a) v /= norm;
      for (std::size_t k = i + 1; k < n; ++k) {
        const std::span b(&q[k * length], length);
        const double along = std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
        for (std::size_t j = 0; j < length; ++j) b[j] -= along * a[j];
      }
    }
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < cols; ++c)
        values[r * cols + c] = gain * (rows < cols ? q[r * length + c] : q[c * length + r]);
  };
  return {draw, "orthogonal:" + exact(gain)};
}

}  // namespace init

namespace {

/// The library's, then those of the program.
std::vector<InitializerKind>& known_initializers() {
  static std::vector<InitializerKind> all = {
      {"zeros", 0, 0, "zeros", [](auto) { return init::zeros(); }},
      {"constant", 1, 1, "constant:VALUE", [](auto v) { return init::constant(v[0]); }},
      {"normal", 1, 1, "normal:STD", [](auto v) { return init::normal(v[0]); }},
      {"uniform", 2, 2, "uniform:LOW:HIGH", [](auto v) { return init::uniform(v[0], v[1]); }},
      {"glorot_uniform", 0, 0, "glorot_uniform", [](auto) { return init::glorot_uniform(); }},
      {"glorot_normal", 0, 0, "glorot_normal", [](auto) { return init::glorot_normal(); }},
      {"he_uniform", 0, 0, "he_uniform", [](auto) { return init::he_uniform(); }},
      {"he_normal", 0, 0, "he_normal", [](auto) { return init::he_normal(); }},
      {"lecun_uniform", 0, 0, "lecun_uniform", [](auto) { return init::lecun_uniform(); }},
      {"lecun_normal", 0, 0, "lecun_normal", [](auto) { return init::lecun_normal(); }},
      {"orthogonal", 0, 1, "orthogonal[:GAIN]",
       [](auto v) { return v.empty() ? init::orthogonal() : init::orthogonal(v[0]); }},
  };
  return all;
}

}  // namespace

Initializer initializer(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::string_view rest = text;;) {
    const auto colon = rest.find(':');
    parts.push_back(rest.substr(0, colon));
    if (colon == rest.npos) break;
    rest.remove_prefix(colon + 1);
  }
  const auto& known = known_initializers();
  const auto entry = std::ranges::find(known, parts[0], &InitializerKind::name);
  if (entry == known.end()) {
    std::vector<std::string_view> names;
    for (const InitializerKind& e : known) names.push_back(e.name);
    throw Error(cat("unknown initialiser '", parts[0], "'", did_you_mean(parts[0], names)));
  }
  if (parts.size() - 1 < entry->least || parts.size() - 1 > entry->most)
    throw Error(cat("initialiser '", text, "', expected ", entry->usage));
  std::vector<double> numbers;
  for (const std::string_view part : std::span(parts).subspan(1)) {
    double v = 0;
    const auto [end, error] = read_number(part.data(), part.data() + part.size(), v);
    if (error != std::errc() || end != part.data() + part.size() || !std::isfinite(v))
      throw Error(
          cat("initialiser '", text, "': '", part, "' is no number, expected ", entry->usage));
    numbers.push_back(v);
  }
  Initializer made = entry->make(numbers);
  return {made, std::string(text)};
}

void register_initializer(InitializerKind kind) {
  auto& known = known_initializers();
  if (std::ranges::find(known, kind.name, &InitializerKind::name) != known.end())
    throw Error(cat("there is an initialiser '", kind.name, "' already"));
  known.push_back(std::move(kind));
}

std::vector<std::string_view> initializer_names() {
  std::vector<std::string_view> names;
  for (const InitializerKind& e : known_initializers()) names.push_back(e.usage);
  return names;
}

}  // namespace chainrule
