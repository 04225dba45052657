#include "chainrule/data/csv.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "chainrule/core/error.h"
#include "chainrule/data/encode.h"
#include "chainrule/data/look.h"
#include "chainrule/data/partition.h"

namespace chainrule::data {
namespace {

using Rows = std::vector<std::int32_t>;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

const std::string& name_of(const Table& t, Index column) { return t.header[at(column)]; }

template <class T>
std::vector<T> pick(const std::vector<T>& all, const Rows& which) {
  std::vector<T> some;
  if (!all.empty())
    for (const std::int32_t i : which) some.push_back(all[at(i)]);
  return some;
}

/// The different values of a target, in the order of classes.
struct Values {
  std::vector<std::string> names;
  bool numbers = true, whole = true;  ///< all are
};

Rows all_rows_with(const Table& t, Index column) {
  Rows rows;
  for (Index row = 0; row < t.rows(); ++row)
    if (t.read(row, column).kind != Cell::missing) rows.push_back(static_cast<std::int32_t>(row));
  return rows;
}

Values values_of(const Table& t, Index column, const Rows& rows) {
  std::set<std::string, std::less<>> texts, names;
  std::map<std::string, double> numbers;
  Values v;
  bool codes = false;
  for (const std::int32_t row : rows) {
    const std::string_view text = t.cell(row, column);
    const Cell cell = t.read(row, column);
    v.numbers &= cell.kind == Cell::number;
    v.whole &= cell.kind == Cell::number && cell.value == std::floor(cell.value);
    codes |= is_code(text);
    if (!texts.insert(std::string(text)).second) continue;
    numbers[*names.insert(canonical(t, row, column)).first] = cell.value;
  }
  // Codes such as "01" are texts, and "1" beside them is another one.
  if (codes) v.numbers = v.whole = false;
  const auto& different = codes ? texts : names;
  v.names.assign(different.begin(), different.end());
  if (v.numbers)
    std::ranges::sort(v.names, {}, [&](const std::string& name) { return numbers.at(name); });
  return v;
}

[[noreturn]] void refuse_same(const Table& t, Index column, const std::string& value) {
  throw DataError(cat(t.name, ": the target ", shown(name_of(t, column)), " is ", value,
                      " in every row, there is nothing to learn"));
}

Task task_of_one(const Table& t, Index column, const Values& v, Index rows, Task asked) {
  if (asked != Task::automatic) return asked;
  constexpr Index kMostWhole = 20;
  const auto different = static_cast<Index>(v.names.size());
  const bool few = different == 2 || (different <= kMostWhole && different * 5 <= rows);
  if (!v.numbers) {
    const ColumnLook look = look_at(t, column);
    if (is_number_with_strangers(look)) refuse_strangers(t, column, look);
    if (look.texts == 0 && look.infinite > 0) number_at(t, look.first_infinite, column);
    return Task::classification;
  }
  return v.whole && few ? Task::classification : Task::regression;
}

/// Task, targets and labels of the schema; what needs training rows comes later.
void describe_targets(const Table& t, const std::vector<Index>& targets, const Rows& rows,
                      Task asked, Schema& s) {
  std::vector<Values> values;
  for (const Index c : targets) {
    s.targets.push_back({.name = name_of(t, c)});
    values.push_back(values_of(t, c, rows));
    if (values.back().names.size() == 1) refuse_same(t, c, shown(values.back().names[0]));
  }
  const bool all_two =
      std::ranges::all_of(values, [](const Values& v) { return v.names.size() == 2; });
  s.task = targets.size() == 1 ? task_of_one(t, targets[0], values[0], std::ssize(rows), asked)
           : asked != Task::automatic ? asked
           : all_two                  ? Task::multilabel
                                      : Task::regression;
  if (s.task == Task::classification) {
    if (targets.size() > 1)
      throw DataError(cat(t.name, ": ", targets.size(),
                          " targets were named; classes are those of one, several are numbers, "
                          "or yes and no each"));
    s.labels = values[0].names;
    s.label_type = label_type_of(s.labels);
    if (static_cast<Index>(s.labels.size()) > kMaxClasses)
      throw DataError(cat(t.name, ": the target ", shown(s.targets[0].name), " has ",
                          s.labels.size(), " different values, more than the limit of ",
                          kMaxClasses, " classes"));
  }
  std::vector<std::string> all_labels;
  for (std::size_t k = 0; k < targets.size() && s.task == Task::multilabel; ++k) {
    if (values[k].names.size() != 2)
      throw DataError(cat(t.name, ": the target ", shown(s.targets[k].name), " has ",
                          values[k].names.size(), " different values, a label has two"));
    s.targets[k].labels = values[k].names;
    all_labels.insert(all_labels.end(), values[k].names.begin(), values[k].names.end());
  }
  if (s.task == Task::multilabel) s.label_type = label_type_of(all_labels);
  if (s.task == Task::regression && targets.size() > 1)
    for (std::size_t k = 0; k < targets.size(); ++k)
      if (!values[k].numbers)
        throw DataError(cat(t.name,
                            ": of several targets each is a number, or each has two "
                            "values; ",
                            shown(s.targets[k].name), " has ", values[k].names.size(),
                            " different texts"));
}

std::vector<double> numbers_of(const Table& t, Index column, const Rows& rows, bool date) {
  std::vector<double> numbers;
  for (const std::int32_t row : rows)
    if (t.read(row, column).kind != Cell::missing)
      numbers.push_back(number_at(t, row, column, date));
  return numbers;
}

Input fit_category(const Table& t, Index column, const Rows& rows) {
  Input input{.name = name_of(t, column), .kind = InputKind::category};
  std::set<std::string> texts, names;
  bool codes = false;
  for (const std::int32_t row : rows) {
    if (t.read(row, column).kind == Cell::missing) {
      input.missing_category = true;
      continue;
    }
    texts.emplace(t.cell(row, column)), names.insert(canonical(t, row, column));
    codes |= is_code(t.cell(row, column));
  }
  const auto& different = codes ? texts : names;  // 1 and 1.0 are the same, 01 is not
  if (different.empty())
    throw DataError(
        cat(t.name, ": column ", shown(input.name), " has no values in the training part"));
  if (static_cast<Index>(different.size()) > kMaxClasses)
    throw DataError(cat(t.name, ": column ", shown(input.name), " has ", different.size(),
                        " different values, more than the limit of ", kMaxClasses, " categories"));
  input.categories.assign(different.begin(), different.end());
  input.missing = t.missing(column);
  return input;
}

Input fit_number(const Table& t, const FeatureColumn& c, const Rows& rows, Scaling scaling) {
  const std::vector<double> numbers = numbers_of(t, c.column, rows, c.date);
  if (numbers.empty())
    throw DataError(cat(t.name, ": column ", shown(name_of(t, c.column)),
                        " has no values in the training part"));
  Input input = fit_input(name_of(t, c.column), numbers, scaling);
  input.date = c.date;
  input.missing = t.missing(c.column);
  const bool whole = std::ranges::all_of(numbers, [](double x) { return x == std::floor(x); });
  if (whole) input.element = ElementType::whole;
  return input;
}

void say_missing(const Table& t, const Binding& e, std::vector<std::string>& notes) {
  if (e.missing != Missing::mean) return;
  std::string text;
  std::size_t columns = 0;
  for (std::size_t i = 0; i < e.columns.size(); ++i) {
    Index count = 0;
    for (Index row = 0; row < t.rows(); ++row)
      count += t.read(row, e.columns[i]).kind == Cell::missing;
    constexpr std::size_t kMost = 6;
    if (count == 0 || ++columns > kMost) continue;
    const Input& input = e.schema.inputs[i];
    text += cat(text.empty() ? "" : ", ", shown(input.name), " ", grouped(count), " (",
                input.kind != InputKind::category ? cat("mean ", short_number(input.fill))
                : input.missing_category          ? std::string("a category of its own")
                                                  : std::string("no category"),
                ")");
    if (columns == kMost) text += ", …";
  }
  if (columns > 0) notes.push_back("missing cells are filled: " + text);
}

/// Ranges, categories and scaling by the training rows. Categories that are there already stay.
void fit_schema(const Table& t, const Binding& e, const std::vector<FeatureColumn>& features,
                const Rows& rows, const CsvOptions& o, Schema& s) {
  const bool anew = s.inputs.empty();
  for (std::size_t i = 0; i < features.size(); ++i) {
    const bool category = features[i].kind == InputKind::category;
    if (anew)
      s.inputs.push_back(category ? fit_category(t, features[i].column, rows)
                                  : fit_number(t, features[i], rows, o.scaling));
    else if (!category)
      s.inputs[i] = fit_number(t, features[i], rows, o.scaling);
  }
  for (std::size_t k = 0; k < e.targets.size() && s.task == Task::regression; ++k) {
    const Input fitted = fit_input("", numbers_of(t, e.targets[k], rows, false), o.scaling);
    s.targets[k].offset = fitted.offset, s.targets[k].scale = fitted.scale;
  }
}

/// The columns of a table that a model's schema names.
std::vector<FeatureColumn> bind_kept(const Table& t, const CsvOptions& o, const Schema& s,
                                     Binding& e) {
  if (!s.has_columns())
    throw DataError(t.name + ": a table was given to a model that was not trained on a table");
  std::vector<FeatureColumn> features;
  for (const Input& input : s.inputs) {
    features.push_back({t.find(input.name), input.kind, input.date});
    e.columns.push_back(features.back().column);
    if (input.kind == InputKind::category) continue;
    const ColumnLook look = look_at(t, features.back().column);
    if (!input.date && look.texts > look.numbers)
      throw DataError(cat(t.name, ": ", shown(input.name), " is a number to the model, here it is ",
                          shown(t.cell(look.first_text, features.back().column)), " and the like"));
  }
  std::vector<std::string> names;
  for (const Target& target : s.targets) names.push_back(target.name);
  for (const Index c : columns_of(t, o.targets))
    if (std::ranges::find(names, name_of(t, c)) == names.end())
      throw DataError(cat(t.name, ": the model predicts ", shown(names.empty() ? "" : names[0]),
                          ", the target is to be ", shown(name_of(t, c))));
  for (const std::string& name : names) e.targets.push_back(t.find(name));
  if (s.task != Task::classification) return features;
  const Values v = values_of(t, e.targets[0], all_rows_with(t, e.targets[0]));
  for (const std::string& name : v.names)
    if (std::ranges::find(s.labels, name) == s.labels.end()) {
      Schema other = s;
      other.labels = v.names;
      throw DataError(cat(t.name, ": ", difference_of(s, other)));
    }
  return features;
}

}  // namespace

Splits csv(Table t, const CsvOptions& o) {
  for (const Index c : columns_of(t, o.numeric)) t.set_kind(c, ColumnKind::number);
  if (o.keep != nullptr) tell_kinds(*o.keep, t);
  Splits s;
  Binding e{.schema = s.schema, .columns = {}, .targets = {}, .missing = o.missing};
  std::vector<FeatureColumn> features;
  Rows rows;
  if (o.keep != nullptr) {
    s.schema = *o.keep;
    features = bind_kept(t, o, s.schema, e);
    rows = usable_rows(t, e.columns, e.targets, o.missing, s.notes);
  } else {
    e.targets = columns_of(
        t, o.targets.empty() && !t.target.empty() ? std::vector<std::string>{t.target} : o.targets);
    if (e.targets.empty()) throw Error(t.name + ": no target was named");
    features = feature_columns(t, o, e.targets, s.notes);
    for (const FeatureColumn& f : features) e.columns.push_back(f.column);
    rows = usable_rows(t, e.columns, e.targets, o.missing, s.notes);
    describe_targets(t, e.targets, rows, o.task, s.schema);
  }
  std::vector<std::int32_t> classes;
  if (s.schema.task == Task::classification) {
    Dataset all;
    all.origin = rows;
    read_targets(t, e, all);
    classes = std::move(all.classes);
  }
  const Partition parts = partition(std::ssize(rows), classes,
                                    {.test = o.test_fraction,
                                     .validation = o.validation_fraction,
                                     .seed = o.seed,
                                     .folds = o.folds,
                                     .fold = o.fold,
                                     .in_order = o.in_order});
  const Rows train_rows = pick(rows, parts.train);
  if (o.keep == nullptr || o.refit) fit_schema(t, e, features, train_rows, o, s.schema);
  if (o.refit) s.notes.emplace_back("inputs and targets are scaled by the new rows (--refit)");
  say_missing(t, e, s.notes);
  const auto part = [&](const Rows& which) {
    Dataset d;
    encode(t, e, which, d);
    read_targets(t, e, d);
    read_weights(t, o.weight.empty() ? -1 : t.column(o.weight), d);
    if (o.keep != nullptr) s.notes.insert(s.notes.end(), d.notes.begin(), d.notes.end());
    d.notes.clear();
    d.validate();
    return d;
  };
  s.train = part(train_rows);
  s.validation = part(pick(rows, parts.validation));
  s.test = part(pick(rows, parts.test));
  return s;
}

Dataset learn_inputs(Table t, const CsvOptions& o, Schema& schema) {
  for (const Index c : columns_of(t, o.numeric)) t.set_kind(c, ColumnKind::number);
  Dataset d;
  Binding e{.schema = schema, .columns = {}, .targets = {}, .missing = o.missing};
  const std::vector<FeatureColumn> features = feature_columns(t, o, {}, d.notes);
  for (const FeatureColumn& f : features) e.columns.push_back(f.column);
  const Rows rows = usable_rows(t, e.columns, {}, o.missing, d.notes);
  fit_schema(t, e, features, rows, o, schema);
  say_missing(t, e, d.notes);
  encode(t, e, rows, d);
  return d;
}

Splits csv(const std::filesystem::path& path, const CsvOptions& options) {
  return csv(read_table(path), options);
}

std::vector<double> balanced_weights(const Dataset& data) {
  std::vector<double> weights(at(data.class_count()));
  for (const std::int32_t c : data.classes) ++weights[at(c)];
  const double rows = static_cast<double>(data.classes.size());
  const double classes = static_cast<double>(weights.size());
  for (double& w : weights) w = w == 0 ? 0 : rows / (classes * w);
  return weights;
}

void weigh_classes(Dataset& data, const std::vector<double>& by_class) {
  if (!data.has_classes()) throw Error("weights of classes need classes; here numbers are learnt");
  data.weights.resize(data.classes.size(), 1.0F);
  for (std::size_t i = 0; i < data.classes.size(); ++i)
    data.weights[i] =
        static_cast<float>(static_cast<double>(data.weights[i]) * by_class[at(data.classes[i])]);
}

}  // namespace chainrule::data
