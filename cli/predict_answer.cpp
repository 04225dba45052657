#include "cli/predict_answer.h"

#include <algorithm>
#include <numeric>

#include "chainrule/core/error.h"
#include "chainrule/data/answer.h"
#include "cli/format.h"

namespace chainrule::cli {
namespace {

constexpr std::size_t kTop = 3;

/// A class in JSON, with the type that its label has.
std::string typed(const Schema& schema, const std::string& label) {
  if (schema.label_type == LabelType::boolean) return label == "True" ? "true" : "false";
  return schema.label_type == LabelType::text ? json_string(label) : label;
}

/// One number of JSON text that is there already.
struct Raw {
  std::string text;
};
std::string to_json(const Raw& raw) { return raw.text; }

struct Guess {
  std::string name;
  double value;
};

std::vector<double> of_each_class(std::span<const float> values) {
  std::vector<double> all(values.begin(), values.end());
  if (all.size() == 1) all.insert(all.begin(), 1 - all[0]);  // of the second class
  return all;
}

/// The most probable classes of one row, the first is the prediction.
std::vector<Guess> guesses(const Schema& schema, const Answer& answer) {
  const std::vector<double> all = of_each_class(answer.values);
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto first = static_cast<std::size_t>(answer.chosen);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if ((a == first) != (b == first)) return a == first;
    return all[a] > all[b];
  });
  order.resize(std::min(order.size(), kTop));
  std::vector<Guess> top;
  for (const std::size_t c : order) top.push_back({schema.label(static_cast<Index>(c)), all[c]});
  return top;
}

std::vector<std::string> target_names(const Schema& schema, std::size_t outputs) {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < outputs; ++k) names.push_back(target_name(schema, k));
  return names;
}

std::string with_unit(const Schema& schema, std::size_t k, double value) {
  const bool unit = k < schema.targets.size() && !schema.targets[k].unit.empty();
  return compact(value) + (unit ? " " + schema.targets[k].unit : "");
}

/// Of several labels, what one is called.
std::string label_of(const Schema& schema, std::size_t k, bool yes) {
  const bool named = k < schema.targets.size() && schema.targets[k].labels.size() == 2;
  return named ? schema.targets[k].labels[yes ? 1 : 0] : yes ? "1" : "0";
}

bool says_yes(const Schema& schema, float probability) {
  return static_cast<double>(probability) > schema.threshold;
}

}  // namespace

std::string target_name(const Schema& schema, std::size_t k) {
  if (k < schema.targets.size() && !schema.targets[k].name.empty()) return schema.targets[k].name;
  return schema.targets.size() > 1 ? cat("value ", k + 1) : "value";
}

std::vector<std::string> on_terminal(const Schema& s, const Answer& a, const Terminal& out) {
  std::vector<std::string> line;
  if (s.task == Task::classification) {
    const bool probabilities = gives_probabilities(s);
    for (const Guess& g : guesses(s, a)) {
      const std::string value = probabilities ? percent(g.value, 1) : compact(g.value);
      line.push_back(line.empty() ? out.good(g.name) : out.dim(g.name));
      line.push_back(line.size() == 1 ? value : out.dim(value));
    }
    return line;
  }
  for (std::size_t k = 0; k < a.values.size(); ++k)
    line.push_back(s.task == Task::multilabel
                       ? label_of(s, k, says_yes(s, a.values[k])) + "  " +
                             out.dim(percent(static_cast<double>(a.values[k]), 1))
                       : with_unit(s, k, static_cast<double>(a.values[k])));
  return line;
}

void in_json(const Schema& s, const Answer& a, JsonObject& item) {
  if (s.task == Task::classification) {
    const std::vector<Guess> top = guesses(s, a);
    const char* what = gives_probabilities(s) ? "probability" : "score";
    std::vector<JsonObject> list;
    for (const Guess& g : top) list.push_back(JsonObject().add("class", g.name).add(what, g.value));
    item.add("class", top[0].name)
        .add("value", Raw{typed(s, top[0].name)})
        .add(what, top[0].value)
        .add("top", list);
  } else if (s.task == Task::multilabel) {
    std::vector<std::string> values;
    for (std::size_t k = 0; k < a.values.size(); ++k)
      values.push_back(typed(s, label_of(s, k, says_yes(s, a.values[k]))));
    std::string list;
    for (const std::string& v : values) list += (list.empty() ? "" : ", ") + v;
    item.add("value", Raw{"[" + list + "]"})
        .add("probabilities", std::vector<float>(a.values.begin(), a.values.end()))
        .add("targets", target_names(s, a.values.size()));
  } else if (a.values.size() == 1) {
    item.add("value", a.values[0]);
  } else {
    item.add("value", std::vector<float>(a.values.begin(), a.values.end()))
        .add("targets", target_names(s, a.values.size()));
  }
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos && !text.empty()) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::vector<std::string> csv_titles(const Schema& s, std::size_t outputs, bool proba) {
  std::vector<std::string> names = target_names(s, outputs);
  if (s.task == Task::regression) return names;
  if (s.task == Task::multilabel) {
    for (std::size_t k = 0; k < outputs && proba; ++k) names.push_back("p(" + names[k] + ")");
    return names;
  }
  names = {s.targets.empty() || s.targets[0].name.empty() ? "class" : s.targets[0].name};
  for (std::size_t c = 0; c < std::max<std::size_t>(outputs, 2) && proba; ++c)
    names.push_back(cat("p(", s.label(static_cast<Index>(c)), ")"));
  return names;
}

std::vector<std::string> in_csv(const Schema& s, const Answer& a, bool proba) {
  std::vector<std::string> cells;
  if (s.task == Task::classification) {
    cells.push_back(s.label(a.chosen));
    if (proba)
      for (const double p : of_each_class(a.values)) cells.push_back(json_number(p));
    return cells;
  }
  for (std::size_t k = 0; k < a.values.size(); ++k)
    cells.push_back(s.task == Task::multilabel ? label_of(s, k, says_yes(s, a.values[k]))
                                               : json_number(static_cast<double>(a.values[k])));
  if (s.task == Task::multilabel && proba)
    for (const float p : a.values) cells.push_back(json_number(static_cast<double>(p)));
  return cells;
}

}  // namespace chainrule::cli
