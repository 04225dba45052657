// Findings about inputs and labels.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "chainrule/core/error.h"
#include "chainrule/doctor/doctor_vitals.h"

namespace chainrule::detail {
namespace {

constexpr Index kRows = 2000;       // looked at
constexpr Index kNeighbours = 500;  // compared with each other, a quadratic effort

struct Columns {
  Index rows = 0, count = 0;
  std::vector<float> values;  // [rows, count]
  std::vector<double> mean, deviation, rms;
};

Columns columns_of(const Dataset& data) {
  const std::vector<std::int32_t> rows = spread_rows(data.rows(), kRows);
  Columns c{.rows = static_cast<Index>(rows.size()), .count = data.features.size()};
  c.values.resize(static_cast<std::size_t>(c.rows * c.count));
  data.gather(rows, std::span<float>(c.values));
  const auto n = static_cast<double>(c.rows);
  for (Index j = 0; j < c.count; ++j) {
    double sum = 0, squares = 0, spread = 0;
    const auto at = [&](Index r) {
      return static_cast<double>(c.values[static_cast<std::size_t>(r * c.count + j)]);
    };
    for (Index r = 0; r < c.rows; ++r) sum += at(r), squares += at(r) * at(r);
    for (Index r = 0; r < c.rows; ++r) spread += (at(r) - sum / n) * (at(r) - sum / n);
    c.mean.push_back(sum / n);
    c.rms.push_back(std::sqrt(squares / n));
    c.deviation.push_back(std::sqrt(spread / n));
  }
  return c;
}

std::string column_name(const Dataset& data, std::size_t j) {
  return j < data.feature_names.size() ? data.feature_names[j] : cat("column ", j + 1);
}

void look_at_scale(const Dataset& data, const Columns& c, std::vector<Finding>& found) {
  const auto widest = static_cast<std::size_t>(std::ranges::max_element(c.rms) - c.rms.begin());
  const double top = c.rms[widest];
  double least = std::numeric_limits<double>::infinity();
  for (const double d : c.deviation)
    if (d > 0) least = std::min(least, d);
  const double most = *std::ranges::max_element(c.deviation);
  const double ratio = least > 0 && std::isfinite(least) ? most / least : 1;
  const bool image = data.image.rank() > 0;
  constexpr double kLarge = 20, kSmall = 0.02, kUneven = 100;
  const bool large = top > kLarge, small = top > 0 && top < kSmall,
             uneven = !image && ratio > kUneven;
  if (!large && !small && !uneven) return;
  Finding f{.cause = "inputs not normalised",
            .severity = large || small ? Severity::serious : Severity::warning,
            .at = column_name(data, widest)};
  f.detail =
      large ? cat("typical inputs are as large as ", shown(top), "; networks are built for about 1")
      : small ? cat("typical inputs are no larger than ", shown(top),
                    "; networks are built for about 1")
              : cat("the widest column varies ", shown(ratio), " times as much as the narrowest");
  f.advice =
      "subtract each column's mean and divide by its standard deviation (for pictures of "
      "bytes, divide by 255)";
  f.evidence = {{"greatest_rms", top}, {"widest_to_narrowest", ratio}};
  found.push_back(f);
}

void look_at_constants(const Dataset& data, const Columns& c, std::vector<Finding>& found) {
  const auto constant = std::ranges::count_if(c.deviation, [](double d) { return !(d > 0); });
  const double part = static_cast<double>(constant) / static_cast<double>(c.count);
  // The edge of pictures is always dark.
  if (c.rows < 2 || constant == 0 || (data.image.rank() > 0 && part < 0.95)) return;
  const auto first = static_cast<std::size_t>(
      std::ranges::find_if(c.deviation, [](double d) { return !(d > 0); }) - c.deviation.begin());
  Finding f{.cause = "constant inputs",
            .severity = part > 0.95  ? Severity::serious
                        : part > 0.3 ? Severity::warning
                                     : Severity::note,
            .at = column_name(data, first)};
  f.detail = cat(constant, " of ", c.count, " columns are the same in every row",
                 part > 0.95 ? ", so the network can only learn how frequent the targets are" : "");
  f.advice = "look at how the data are read; leave such columns out";
  f.evidence = {{"constant_columns", static_cast<double>(constant)},
                {"columns", static_cast<double>(c.count)}};
  found.push_back(f);
}

void look_at_balance(const Dataset& data, std::vector<Finding>& found) {
  if (!data.has_classes() || data.rows() < 20) return;
  std::vector<double> counts(static_cast<std::size_t>(data.class_count()));
  for (const std::int32_t y : data.classes) ++counts[static_cast<std::size_t>(y)];
  const double rows = static_cast<double>(data.rows());
  const auto most = std::ranges::max_element(counts), least = std::ranges::min_element(counts);
  const double fair = 1 / static_cast<double>(counts.size());
  if (*most / rows < 0.9 && *least / rows > 0.1 * fair) return;
  Finding f{.cause = "labels out of balance",
            .severity = *least == 0 || *most / rows > 0.99 ? Severity::serious : Severity::warning,
            .at = data.class_names[static_cast<std::size_t>(most - counts.begin())]};
  f.detail =
      cat("class '", f.at, "' has ", shown(100 * *most / rows), " % of the rows, class '",
          data.class_names[static_cast<std::size_t>(least - counts.begin())], "' ",
          shown(100 * *least / rows), " %: always answering '", f.at, "' already looks good");
  f.advice = "weight the rare rows or draw them more often; judge by recall of each class";
  f.evidence = {{"largest_share", *most / rows}, {"smallest_share", *least / rows}};
  found.push_back(f);
}

/// Of a column x and groups: variance between groups against that within, as deviations of chi^2.
double between_groups(const std::vector<double>& x, const std::vector<std::int32_t>& group,
                      std::size_t groups) {
  const double n = static_cast<double>(x.size());
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
  std::vector<double> sum(groups), count(groups);
  double total = 0;
  for (std::size_t r = 0; r < x.size(); ++r) {
    const auto g = static_cast<std::size_t>(group[r]);
    sum[g] += x[r] - mean, count[g] += 1, total += (x[r] - mean) * (x[r] - mean);
  }
  if (!(total > 0)) return 0;
  double between = 0;
  for (std::size_t g = 0; g < groups; ++g)
    if (count[g] > 0) between += sum[g] * sum[g] / count[g];
  const double free = std::max(1.0, static_cast<double>(groups) - 1);
  return (n * between / total - free) / std::sqrt(2 * free);
}

/// How far the column that tells most about the targets does so beyond chance, in deviations of
/// chance, less what the best of so many columns has by chance.
double association(const Dataset& data) {
  const Dataset some = data.subset(spread_rows(data.rows(), kRows));
  const Dataset x = Scaled(data)(some);
  const auto width = static_cast<std::size_t>(x.features.size());
  const auto n = static_cast<std::size_t>(x.rows());
  double most = 0;
  std::vector<double> column(n);
  for (std::size_t j = 0; j < width; ++j) {
    for (std::size_t r = 0; r < n; ++r) column[r] = x.floats[r * width + j];
    if (x.has_classes()) {
      most = std::max(most,
                      between_groups(column, x.classes, static_cast<std::size_t>(x.class_count())));
      continue;
    }
    // Ten groups by size of the column: the targets may depend on it in any way.
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t r) { return column[r]; });
    std::vector<std::int32_t> group(n);
    for (std::size_t i = 0; i < n; ++i) group[order[i]] = static_cast<std::int32_t>(10 * i / n);
    const auto outputs = static_cast<std::size_t>(x.target_size());
    for (std::size_t c = 0; c < outputs; ++c) {
      std::vector<double> target(n);
      for (std::size_t r = 0; r < n; ++r) target[r] = x.targets[r * outputs + c];
      most = std::max(most, between_groups(target, group, 10));
    }
  }
  return most - std::sqrt(2 * std::log(static_cast<double>(width) + 1));
}

/// Rows that lie close together should have the same target more often than two rows at random.
void look_at_labels(const Vitals& v, const Dataset& data, const Columns& c,
                    std::vector<Finding>& found) {
  const std::vector<std::int32_t> of_columns = spread_rows(data.rows(), kRows);
  const std::vector<std::int32_t> some = spread_rows(c.rows, kNeighbours);
  const auto n = static_cast<Index>(some.size());
  constexpr Index kLeast = 50;
  // Whatever a line, the nearest rows or the run itself can tell belongs to the inputs.
  constexpr double kMuch = 5;
  if (v.fine || better(v.jury->linear(), v.jury->constant()) || association(data) > kMuch) return;
  if (n < kLeast || (!data.has_classes() && data.target_size() == 0)) return;
  const auto row = [&](Index i) {
    return c.values.data() + some[static_cast<std::size_t>(i)] * c.count;
  };
  const auto original = [&](Index i) {
    return static_cast<std::size_t>(
        of_columns[static_cast<std::size_t>(some[static_cast<std::size_t>(i)])]);
  };
  std::vector<double> scale(static_cast<std::size_t>(c.count));
  for (std::size_t j = 0; j < scale.size(); ++j)
    // Constant columns say nothing; pixels keep their scale, columns of a table get one.
    scale[j] = data.image.rank() > 0 ? 1 : c.deviation[j] > 0 ? 1 / c.deviation[j] : 0;
  double same = 0, apart = 0;
  for (Index a = 0; a < n; ++a) {
    Index nearest = -1;
    double least = std::numeric_limits<double>::infinity();
    for (Index b = 0; b < n; ++b) {
      if (a == b) continue;
      double distance = 0;
      const float *x = row(a), *y = row(b);
      const double* factor = scale.data();
      for (Index j = 0; j < c.count && distance < least; ++j) {
        const double d = static_cast<double>(x[j] - y[j]) * factor[j];
        distance += d * d;
      }
      if (distance < least) least = distance, nearest = b;
    }
    if (data.has_classes()) {
      same += data.classes[original(a)] == data.classes[original(nearest)];
    } else {
      const auto width = static_cast<std::size_t>(data.target_size());
      const double d = static_cast<double>(data.targets[original(a) * width]) -
                       static_cast<double>(data.targets[original(nearest) * width]);
      apart += d * d;
    }
  }
  const auto count = static_cast<double>(n);
  Finding f{.cause = "labels do not belong to the inputs", .severity = Severity::serious};
  f.advice =
      "look at a few rows with their labels: was one of the two shuffled or sorted alone, or "
      "shifted against the other?";
  if (data.has_classes()) {
    std::vector<double> share(static_cast<std::size_t>(data.class_count()));
    for (Index a = 0; a < n; ++a)
      share[static_cast<std::size_t>(data.classes[original(a)])] += 1 / count;
    double chance = 0;
    for (const double s : share) chance += s * s;
    const double spread = std::sqrt(chance * (1 - chance) / count);
    const double agree = same / count;
    const bool predicts =
        v.test.rows >= kLeast &&
        v.test.accuracy > *std::ranges::max_element(share) +
                              4 * std::sqrt(0.25 / static_cast<double>(v.test.rows));
    if (agree > chance + 3 * spread || chance > 0.98 || predicts) return;
    f.detail =
        cat("rows that are nearest to each other have the same label in ", shown(100 * agree),
            " % of the cases; by chance it would be ", shown(100 * chance), " %");
    f.evidence = {{"nearest_neighbour_agreement", agree}, {"chance", chance}};
  } else {
    const auto width = static_cast<std::size_t>(data.target_size());
    double mean = 0, variance = 0;
    for (Index a = 0; a < n; ++a)
      mean += static_cast<double>(data.targets[original(a) * width]) / count;
    for (Index a = 0; a < n; ++a) {
      const double d = static_cast<double>(data.targets[original(a) * width]) - mean;
      variance += d * d / count;
    }
    const double ratio = variance > 0 ? apart / count / (2 * variance) : 1;
    if (ratio < 0.85 || (v.test.rows >= kLeast && v.test.r2 > 0.2) || !(variance > 0)) return;
    f.detail =
        cat("targets of rows that are nearest to each other differ as much as those of any "
            "two rows (",
            shown(ratio), " of the variance)");
    f.evidence = {{"neighbour_variance_ratio", ratio}};
  }
  found.push_back(f);
}

}  // namespace

void look_at_data(const Vitals& v, std::vector<Finding>& found) {
  const Dataset& data = v.data.train;
  const Columns c = columns_of(data);
  look_at_scale(data, c, found);
  look_at_constants(data, c, found);
  look_at_balance(data, found);
  look_at_labels(v, data, c, found);
}

}  // namespace chainrule::detail
