#include "chainrule/compare/given_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "chainrule/compare/mistakes.h"
#include "chainrule/core/error.h"

namespace chainrule::detail {
namespace {

using Values = std::vector<double>;

bool all_in(const Values& v, double low, double high) {
  return std::ranges::all_of(v,
                             [&](double x) { return x == std::floor(x) && x >= low && x <= high; });
}

struct Targets {
  std::vector<std::int32_t> classes;
  Values numbers;
  std::vector<std::string> notes;
};

/// The targets of `rows` rows; several when they can be meant in several ways.
class TargetReader {
 public:
  TargetReader(const data::NpyArray& y, Index rows, const WantedTargets& wanted)
      : y_(y), rows_(rows), k_(wanted.outputs), wanted_(wanted), values_(y.as<double>()) {}

  std::vector<Targets> read() {
    const auto size = static_cast<Index>(values_.size());
    const bool column = y_.shape.size() == 2 && rows_ > 1;
    if (size == rows_ * k_ && (k_ > 1 || !wanted_.classes)) {
      const bool as_rows = y_.shape.size() < 2 || y_.shape[0] == rows_;
      const bool as_columns = y_.shape.size() == 2 && k_ > 1 && y_.shape[1] == rows_;
      if (as_rows) numbers(values_, {});
      if (as_columns) numbers(transposed(values_, k_, rows_), "the targets of y are columns");
    }
    if (size == rows_ && k_ > 1) {
      const char* note = !column            ? ""
                         : y_.shape[1] == 1 ? "y is a column"
                                            : "y is a row of two axes";
      if (all_in(values_, 0, static_cast<double>(k_ - 1))) classes(values_, 0, note);
      if (all_in(values_, 1, static_cast<double>(k_))) classes(values_, 1, note);
    }
    if (k_ == 1 && wanted_.binary && size == 2 * rows_ && y_.shape.size() == 2) {
      const bool as_rows = y_.shape[0] == rows_;
      const Values v = as_rows ? values_ : transposed(values_, 2, rows_);
      Values second;
      for (std::size_t i = 1; i < v.size(); i += 2) second.push_back(v[i]);
      if (all_in(v, 0, 1)) add({{}, second, {"y is one-hot; its second column counts"}});
    }
    return all_;
  }

 private:
  void add(Targets t) {
    std::erase(t.notes, std::string());
    all_.push_back(std::move(t));
  }

  void classes(const Values& v, int from, const std::string& note) {
    Targets t;
    for (const double x : v) t.classes.push_back(static_cast<std::int32_t>(x) - from);
    t.notes = {note, from == 1 ? "the classes of y are numbered from 1" : ""};
    add(std::move(t));
  }

  /// [rows, k] values, whatever they are.
  void numbers(const Values& v, const std::string& note) {
    const auto k = static_cast<std::size_t>(k_);
    if (!wanted_.classes) {
      Targets t{{}, v, {note}};
      const bool signs =
          wanted_.binary && std::ranges::all_of(v, [](double x) { return x == -1 || x == 1; });
      if (signs && std::ranges::count(v, -1.0) > 0) {
        for (double& x : t.numbers) x = x > 0 ? 1 : 0;
        t.notes.emplace_back("y holds -1 and 1, taken as 0 and 1");
      }
      return add(std::move(t));
    }
    Targets t;
    for (std::size_t at = 0; at < v.size(); at += k) {
      const auto row = std::span(v).subspan(at, k);
      if (std::ranges::count(row, 1.0) != 1 || std::ranges::count(row, 0.0) != k_ - 1) return;
      t.classes.push_back(static_cast<std::int32_t>(std::ranges::find(row, 1.0) - row.begin()));
    }
    t.notes = {cat("y is one-hot", y_.kind == 'b' ? " (bool)" : ""), note};
    add(std::move(t));
  }

  const data::NpyArray& y_;
  Index rows_, k_;
  const WantedTargets& wanted_;
  Values values_;
  std::vector<Targets> all_;
};

Dataset batch_of(std::vector<float> x, Index width, Targets t, Index outputs) {
  Dataset d;
  d.name = "x";
  d.features = {width};
  d.floats = std::move(x);
  const bool classes = !t.classes.empty();
  for (Index c = 0; c < outputs; ++c) (classes ? d.class_names : d.target_names).push_back(cat(c));
  d.classes = std::move(t.classes);
  d.targets.assign(t.numbers.begin(), t.numbers.end());
  return d;
}

/// How many rows, and whether they are columns.
struct Lie {
  Index rows;
  bool turned;
};

std::vector<Lie> ways_to_lie(const data::NpyArray& x, Index features) {
  std::vector<Lie> ways;
  if (x.shape.empty() || x.size() == 0) return ways;
  const auto add = [&](Index rows, bool turned) {
    if (rows <= std::numeric_limits<std::int32_t>::max() &&
        (features == 0 || x.size() / rows == features))
      ways.push_back({rows, turned});
  };
  add(x.shape[0], false);
  if (x.shape.size() == 2) add(x.shape[1], true);
  if (x.shape.size() == 1) add(1, false);
  return ways;
}

}  // namespace

std::vector<RowsReading> read_rows(const data::NpyArray& x, const data::NpyArray& y, Index features,
                                   const WantedTargets& wanted) {
  std::vector<RowsReading> all;
  for (const Lie& way : ways_to_lie(x, features)) {
    const Index width = x.size() / way.rows;
    std::vector<float> values = x.as<float>();
    if (way.turned) {
      const Values turned =
          transposed(Values(values.begin(), values.end()), x.shape[0], x.shape[1]);
      values.assign(turned.begin(), turned.end());
    }
    const bool bytes = x.kind == 'u' && x.item_size == 1;
    for (Targets& t : TargetReader(y, way.rows, wanted).read()) {
      for (const bool scaled : {true, false}) {
        if (scaled && !bytes) continue;
        std::vector<float> v = values;
        if (scaled)
          for (float& f : v) f /= 255;
        RowsReading reading{batch_of(std::move(v), width, t, wanted.outputs), t.notes};
        if (way.turned) reading.notes.insert(reading.notes.begin(), "the samples of x are columns");
        if (bytes)
          reading.notes.push_back(scaled ? "the bytes of x count 1/255 each"
                                         : "the bytes of x count as they are, 0 to 255");
        all.push_back(std::move(reading));
      }
    }
  }
  const auto finite = [](const RowsReading& r) {
    return std::ranges::all_of(r.batch.floats, [](float v) { return std::isfinite(v); }) &&
           std::ranges::all_of(r.batch.targets, [](float v) { return std::isfinite(v); });
  };
  if (!all.empty() && !finite(all[0])) throw DataError("x or y holds NaN or infinity");
  if (all.empty())
    throw DataError(cat("x has shape ", data::shape_text(x.shape), ", y ",
                        data::shape_text(y.shape), ": expected N rows of ",
                        features > 0 ? cat(features, features == 1 ? " number" : " numbers")
                                     : std::string("numbers"),
                        ", and N ",
                        wanted.classes ? cat("classes from 0 to ", wanted.outputs - 1,
                                             " or N one-hot rows of ", wanted.outputs)
                                       : cat("targets of ", wanted.outputs,
                                             wanted.outputs == 1 ? " number" : " numbers")));
  return all;
}

}  // namespace chainrule::detail
