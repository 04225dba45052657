// Raw rows to a network's inputs, by a schema: what trains and what predicts go through here.
#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "chainrule/core/error.h"
#include "chainrule/data/csv.h"
#include "chainrule/data/encode.h"
#include "chainrule/data/look.h"

namespace chainrule::data {
namespace {

constexpr Index kMostNumbers = Index{1} << 30;

std::string lower(std::string_view text) {
  std::string s(text);
  for (char& c : s)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return s;
}

/// Places of names by what a cell may say: the name itself, the same number written otherwise, and
/// of yes-and-no names other capitals.
class Names {
 public:
  explicit Names(const std::vector<std::string>& names) {
    boolean_ = names.size() <= 2 && std::ranges::all_of(names, [](const std::string& name) {
                 return lower(name) == "true" || lower(name) == "false";
               });
    for (std::size_t i = 0; i < names.size(); ++i)
      places_.emplace(boolean_ ? lower(names[i]) : names[i], static_cast<Index>(i));
  }
  /// -1 when no name is meant.
  Index find(const Table& t, Index row, Index column) const {
    const std::string_view cell = t.cell(row, column);
    const auto place = [&](const std::string& name) {
      const auto it = places_.find(name);
      return it == places_.end() ? Index{-1} : it->second;
    };
    const Index as_it_is = place(boolean_ ? lower(cell) : std::string(cell));
    return as_it_is >= 0 ? as_it_is : place(canonical(t, row, column));
  }

 private:
  bool boolean_;
  std::unordered_map<std::string, Index> places_;
};

/// What one input's cells were, for the notes.
struct Seen {
  Index cells = 0, unknown = 0, outside = 0;
  std::vector<std::string> names;  // the first few unknown ones
};

void note_unknown(Seen& seen, std::string_view text) {
  constexpr std::size_t kShown = 3;
  ++seen.unknown;
  if (std::string name = shown(text);
      seen.names.size() < kShown && std::ranges::find(seen.names, name) == seen.names.end())
    seen.names.push_back(std::move(name));
}

void say_seen(const Schema& schema, const std::vector<Seen>& seen,
              std::vector<std::string>& notes) {
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const Seen& s = seen[i];
    const Input& input = schema.inputs[i];
    if (s.unknown > 0) {
      std::string names;
      for (const std::string& name : s.names) names += (names.empty() ? "" : ", ") + name;
      notes.push_back(cat(shown(input.name), ": ", grouped(s.unknown), " of ", grouped(s.cells),
                          " cells hold categories that were not in training, and count as none (",
                          names, s.unknown > static_cast<Index>(s.names.size()) ? ", …)" : ")"));
    }
    if (s.outside > 0)
      notes.push_back(cat(shown(input.name), ": ", grouped(s.outside), " of ", grouped(s.cells),
                          " values lie outside the ", input.least, " to ", input.greatest,
                          " of training"));
  }
}

/// Writes the features of one row behind `out`.
class RowWriter {
 public:
  RowWriter(const Table& t, const Binding& e) : t_(t), e_(e) {
    for (const Input& input : e.schema.inputs) names_.emplace_back(input.categories);
    seen.resize(e.schema.inputs.size());
  }

  void write(Index row, std::vector<float>& out) {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (e_.schema.inputs[i].kind == InputKind::category)
        write_category(row, i, out);
      else
        out.push_back(number(row, i));
    }
  }

  std::vector<Seen> seen;

 private:
  float number(Index row, std::size_t i) {
    const Input& input = e_.schema.inputs[i];
    const bool absent = t_.read(row, e_.columns[i]).kind == Cell::missing;
    if (absent && (e_.missing != Missing::mean || std::isnan(input.fill)))
      refuse_cell(t_, row, e_.columns[i], "the value is missing");
    const double value = absent ? input.fill : number_at(t_, row, e_.columns[i], input.date);
    ++seen[i].cells;
    seen[i].outside += value < input.least || value > input.greatest;
    const double feature = (value - input.offset) / input.scale;
    if (!(std::abs(feature) <= std::numeric_limits<float>::max()))
      refuse_cell(t_, row, e_.columns[i],
                  shown(t_.cell(row, e_.columns[i])) + " is too far from the values of training");
    return static_cast<float>(feature);
  }

  void write_category(Index row, std::size_t i, std::vector<float>& out) {
    const Input& input = e_.schema.inputs[i];
    const std::string_view text = t_.cell(row, e_.columns[i]);
    const bool absent = t_.read(row, e_.columns[i]).kind == Cell::missing;
    const std::size_t begin = out.size();
    out.resize(begin + static_cast<std::size_t>(input.features()));
    ++seen[i].cells;
    if (absent) {
      if (input.missing_category) out.back() = 1;
      return;
    }
    const Index place = names_[i].find(t_, row, e_.columns[i]);
    if (place >= 0)
      out[begin + static_cast<std::size_t>(place)] = 1;
    else
      note_unknown(seen[i], text);
  }

  const Table& t_;
  const Binding& e_;
  std::vector<Names> names_;
};

}  // namespace

void tell_kinds(const Schema& schema, Table& t) {
  for (const Input& input : schema.inputs) {
    const Index column = t.find(input.name);
    if (input.kind == InputKind::number && !input.date) t.set_kind(column, ColumnKind::number);
    for (const std::string& word : input.missing) t.count_as_missing(column, word);
  }
}

std::vector<std::string> feature_names(const Schema& schema) {
  std::vector<std::string> names;
  for (const Input& input : schema.inputs) {
    if (input.kind != InputKind::category) names.push_back(input.name);
    for (const std::string& category : input.categories)
      names.push_back(input.name + "=" + category);
    if (input.missing_category) names.push_back(input.name + " missing");
  }
  return names;
}

void encode(const Table& t, const Binding& e, std::span<const std::int32_t> rows, Dataset& d,
            std::vector<RefusedRow>* refused) {
  d.name = std::filesystem::path(t.name).stem().string();
  d.feature_names = feature_names(e.schema);
  const Index width = static_cast<Index>(d.feature_names.size());
  if (width == 0) throw DataError(t.name + ": there are no features");
  if (static_cast<Index>(rows.size()) > kMostNumbers / width)
    throw DataError(cat(t.name, ": ", rows.size(), " rows of ", width,
                        " features are more than the limit of 2^30 numbers"));
  d.features = {width};
  d.floats.reserve(rows.size() * static_cast<std::size_t>(width));
  RowWriter writer(t, e);
  for (const std::int32_t row : rows) {
    const std::size_t before = d.floats.size();
    try {
      writer.write(row, d.floats);
      d.origin.push_back(row);
    } catch (const DataError& error) {
      if (refused == nullptr) throw;
      d.floats.resize(before);
      refused->push_back({row, error.what()});
    }
  }
  say_seen(e.schema, writer.seen, d.notes);
}

void read_targets(const Table& t, const Binding& e, Dataset& d) {
  const Schema& s = e.schema;
  if (s.task == Task::classification) {
    d.class_names = s.labels;
    const Names names(s.labels);
    for (const std::int32_t row : d.origin) {
      const Index place = names.find(t, row, e.targets[0]);
      if (place < 0)
        refuse_cell(t, row, e.targets[0],
                    shown(t.cell(row, e.targets[0])) + " is not a class of the model");
      d.classes.push_back(static_cast<std::int32_t>(place));
    }
    return;
  }
  std::vector<Names> names;
  for (const Target& target : s.targets) {
    d.target_names.push_back(target.name);
    names.emplace_back(target.labels);
  }
  for (const std::int32_t row : d.origin)
    for (std::size_t k = 0; k < s.targets.size(); ++k) {
      const Index column = e.targets[k];
      if (s.task == Task::multilabel) {
        const Index place = names[k].find(t, row, column);
        if (place < 0)
          refuse_cell(t, row, column,
                      cat(shown(t.cell(row, column)), " is neither ", shown(s.targets[k].labels[0]),
                          " nor ", shown(s.targets[k].labels[1])));
        d.targets.push_back(static_cast<float>(place));
      } else {
        d.targets.push_back(static_cast<float>((number_at(t, row, column) - s.targets[k].offset) /
                                               s.targets[k].scale));
      }
    }
}

void read_weights(const Table& t, Index column, Dataset& d) {
  if (column < 0) return;
  for (const std::int32_t row : d.origin) {
    const double weight = number_at(t, row, column);
    if (weight < 0) refuse_cell(t, row, column, cat("the weight is ", weight));
    d.weights.push_back(static_cast<float>(weight));
  }
}

std::vector<std::int32_t> usable_rows(const Table& t, const std::vector<Index>& inputs,
                                      const std::vector<Index>& targets, Missing missing,
                                      std::vector<std::string>& notes) {
  std::vector<std::int32_t> rows;
  std::map<Index, std::pair<Index, Index>> holes;  // by column: how many, first row
  Index without_target = 0, without_input = 0;
  const auto is_missing = [&](Index row, Index c) { return t.read(row, c).kind == Cell::missing; };
  for (Index row = 0; row < t.rows(); ++row) {
    bool target = true, input = true;
    for (const Index c : targets)
      if (is_missing(row, c)) target = false, ++holes.try_emplace(c, 0, row).first->second.first;
    for (const Index c : inputs)
      if (is_missing(row, c)) input = false, ++holes.try_emplace(c, 0, row).first->second.first;
    if (!target)
      ++without_target;
    else if (!input && missing == Missing::drop)
      ++without_input;
    else
      rows.push_back(static_cast<std::int32_t>(row));
  }
  if (missing == Missing::error && !holes.empty()) {
    std::string list;
    constexpr std::size_t kMost = 5;
    std::size_t told = 0;
    for (const auto& [c, seen] : holes)
      if (told++ < kMost)
        list += cat(told == 1 ? "" : ", ", shown(t.header[static_cast<std::size_t>(c)]), " ",
                    seen.first, " (first in line ", t.line(seen.second), ")");
    if (told > kMost) list += cat(" and ", told - kMost, " more columns");
    throw DataError(cat(t.name, ": missing values: ", list));
  }
  const auto say = [&](Index count, const std::string& why) {
    if (count > 0)
      notes.push_back(cat(grouped(count), " of ", grouped(t.rows()),
                          count == 1 ? " rows is" : " rows are", " left out: ", why));
  };
  if (without_target > 0) {
    std::string names;
    for (const Index c : targets)
      names += (names.empty() ? "" : ", ") + shown(t.header[static_cast<std::size_t>(c)]);
    say(without_target, cat(names, targets.size() == 1 ? " is missing" : " are not all there"));
  }
  say(without_input, "a cell is missing");
  if (rows.empty()) throw DataError(t.name + ": every row has a missing value");
  return rows;
}

Dataset apply(const Schema& s, Table t, const ApplyOptions& o) {
  if (!s.has_columns())
    throw DataError(t.name + ": a table was given to a model that was not trained on a table");
  tell_kinds(s, t);
  Binding e{.schema = s, .columns = {}, .targets = {}, .missing = o.missing};
  for (const Input& input : s.inputs) e.columns.push_back(t.find(input.name));
  for (std::size_t k = 0; k < s.targets.size() && o.target; ++k) {
    const std::string& name = s.targets[k].name;
    if (std::ranges::find(t.header, name) == t.header.end())
      throw DataError(cat(t.name, ": there is no column ", shown(name),
                          ", which the model predicts; chainrule predict answers rows without it"));
    e.targets.push_back(t.find(name));
  }
  Dataset d;
  const std::vector<std::int32_t> rows = usable_rows(t, e.columns, e.targets, o.missing, d.notes);
  encode(t, e, rows, d, o.refused);
  if (o.target) read_targets(t, e, d);
  read_weights(t, o.weight.empty() ? -1 : t.column(o.weight), d);
  if (d.rows() > 0) d.validate();
  return d;
}

}  // namespace chainrule::data
