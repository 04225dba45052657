#include "cli/inspect_numbers.h"

#include <algorithm>
#include <cmath>

#include "chainrule/core/error.h"
#include "cli/format.h"

namespace chainrule::cli {
namespace {

std::string number_cell(double value) { return std::isnan(value) ? "–" : compact(value); }

}  // namespace

void NumberSummary::add(double x) {
  if (!std::isfinite(x)) {
    ++(std::isnan(x) ? nan_ : infinite_);
    return;
  }
  ++finite_;
  zeros_ += x == 0 ? 1 : 0;
  const double from_mean = x - mean_;
  mean_ += from_mean / static_cast<double>(finite_);
  squares_ += from_mean * (x - mean_);
  least_ = std::min(least_, x);
  greatest_ = std::max(greatest_, x);
}

double NumberSummary::deviation() const {
  return finite_ > 0 ? std::sqrt(squares_ / static_cast<double>(finite_)) : kNone;
}

void in_pieces(std::span<const std::byte> bytes, std::size_t element,
               const std::function<void(std::span<const std::byte>)>& add) {
  constexpr std::size_t kElements = 1 << 14;
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), kElements * element);
    add(bytes.first(size));
    bytes = bytes.subspan(size);
  }
}

std::string sizes_text(std::span<const Index> shape) {
  std::string text;
  for (const Index size : shape) text += (text.empty() ? "" : " × ") + grouped(size);
  return text.empty() ? "one number" : text;
}

std::string finite_text(std::span<const ArrayLine> arrays) {
  std::int64_t nan = 0, infinite = 0;
  for (const ArrayLine& a : arrays) nan += a.numbers.nan(), infinite += a.numbers.infinite();
  if (nan + infinite == 0) return "all finite";
  return grouped(nan) + " NaN and " + grouped(infinite) + " infinite";
}

void show_arrays(Sheet& sheet, const std::string& title, std::string_view field,
                 std::span<const ArrayLine> arrays, std::size_t most) {
  const bool bad = finite_text(arrays) != "all finite";
  std::vector<ColumnStyle> columns = {{title, true}, {"shape", true}, {"type", true}, {"count"},
                                      {"mean"},      {"std"},         {"min"},        {"max"}};
  if (bad) columns.insert(columns.end(), {{"NaN"}, {"Inf"}});
  std::vector<std::vector<std::string>> rows;
  std::vector<JsonObject> objects;
  for (const ArrayLine& a : arrays) {
    const NumberSummary& n = a.numbers;
    rows.push_back({printable(a.name, 32), sizes_text(a.shape), a.type, grouped(a.count),
                    number_cell(n.mean()), number_cell(n.deviation()), number_cell(n.least()),
                    number_cell(n.greatest())});
    if (bad) rows.back().insert(rows.back().end(), {grouped(n.nan()), grouped(n.infinite())});
    objects.push_back(JsonObject()
                          .add("name", a.name)
                          .add("shape", a.shape)
                          .add("type", a.type)
                          .add("count", a.count)
                          .add("mean", n.mean())
                          .add("std", n.deviation())
                          .add("min", n.least())
                          .add("max", n.greatest())
                          .add("nan", n.nan())
                          .add("infinite", n.infinite()));
  }
  sheet.table(std::move(columns), rows, most);
  sheet.json.add(field, objects);
}

}  // namespace chainrule::cli
