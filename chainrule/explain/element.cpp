#include "chainrule/explain/element.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "chainrule/explain/local_column.h"
#include "chainrule/explain/local_run.h"
#include "chainrule/explain/op_text.h"

namespace chainrule {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

using detail::kMostUnits;
using detail::LocalColumn;
using detail::scramble;

template <class T>
class ElementExplainer {
 public:
  ElementExplainer(Tape<T>& tape, Var output, const Element& element, const Pass& pass)
      : tape_(tape), graph_(tape.graph()), output_(output), element_(element), pass_(pass) {}

  ElementExplanation operator()() {
    const View<const T> value = tape_.value(element_.node), gradient = tape_.grad(element_.node);
    const Index index = element_.row * value.cols() + element_.offset;
    e_.name = element_.name;
    e_.value = static_cast<double>(value[index]);
    e_.gradient = static_cast<double>(gradient[index]);
    const std::vector<bool> above = find_above();
    for (int id = 0; id < graph_.size(); ++id) {
      if (!above[at(id)]) continue;
      const Node& node = graph_.node(id);
      for (std::size_t i = 0; i < node.inputs.size(); ++i)
        if (node.inputs[i] == element_.node.id()) add_terms(graph_.var(id), static_cast<int>(i));
      add_path(id, above);
    }
    std::stable_sort(e_.terms.begin(), e_.terms.end(),
                     [](const GradientTerm& a, const GradientTerm& b) {
                       return std::abs(a.amount) > std::abs(b.amount);
                     });
    for (const GradientTerm& t : e_.terms) e_.sum += t.amount, e_.magnitude += std::abs(t.amount);
    e_.difference = e_.sum - e_.gradient;
    return std::move(e_);
  }

 private:
  /// Operations that depend on the element and on which the output depends.
  std::vector<bool> find_above() const {
    std::vector<bool> from(at(graph_.size()), false), to(at(graph_.size()), false);
    from[at(element_.node.id())] = to[at(output_.id())] = true;
    for (int id = 0; id < graph_.size(); ++id)
      for (const int in : graph_.node(id).inputs)
        if (from[at(in)]) from[at(id)] = true;
    for (int id = output_.id(); id >= 0; --id)
      if (to[at(id)])
        for (const int in : graph_.node(id).inputs) to[at(in)] = true;
    for (std::size_t i = 0; i < from.size(); ++i)
      from[i] = from[i] && to[i] && static_cast<int>(i) != element_.node.id();
    return from;
  }

  void add_path(int id, const std::vector<bool>& above) {
    const Node& node = graph_.node(id);
    std::vector<std::string> names;
    int on_path = 0;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      names.push_back(graph_.node(node.inputs[i]).name);
      if (above[at(node.inputs[i])] || node.inputs[i] == element_.node.id())
        on_path = static_cast<int>(i);
    }
    const auto local = detail::local_text(*node.op, on_path, names, node.name);
    double squares = 0;
    for (const T g : tape_.grad(graph_.var(id)))
      squares += static_cast<double>(g) * static_cast<double>(g);
    e_.path.push_back({node.name, std::string(node.op->doc().name),
                       local.is_factor ? "d" + node.name + " * " + local.text : local.text,
                       std::sqrt(squares)});
  }

  /// The terms of one use of the element, by `reader` as its input number `i`.
  void add_terms(Var reader, int i) {
    const bool batched = element_.node.shape().batched();
    if (!reader.shape().batched() || !is_row_wise(reader)) return add_all(reader, i);
    if (batched) return add_one_row(reader, i);
    add_rows(reader, i);
  }

  /// Does each row of the result depend on the same row of the inputs alone, wherever it stands?
  bool is_row_wise(Var reader) {
    const Index rows = tape_.rows();
    if (rows == 1) return true;
    LocalRun<T> two(tape_, reader, pass_, 2);
    scramble(two, 0.1);
    const Index cols = reader.shape().size();
    const std::vector<T> before(two.output().begin(), two.output().begin() + cols);
    const std::vector<int>& inputs = graph_.node(reader).inputs;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const std::span<T> values = two.input(static_cast<int>(k));
      if (!graph_.node(inputs[k]).shape.batched()) continue;
      for (std::size_t j = values.size() / 2; j < values.size(); ++j) values[j] *= T{2};
    }
    two.forward();
    if (!std::equal(before.begin(), before.end(), two.output().begin())) return false;
    LocalRun<T> one(tape_, reader, pass_, 1);
    const T tolerance = std::is_same_v<T, float> ? T(1e-3) : T(1e-9);
    for (const Index row : {Index{0}, rows - 1}) {
      one.load(row);
      const auto stored = tape_.value(reader).row(row);
      for (std::size_t j = 0; j < stored.size(); ++j)
        if (!(std::abs(stored[j] - one.output()[j]) <= tolerance * (1 + std::abs(stored[j]))))
          return false;
    }
    return true;
  }

  /// Another number that equals the local derivative, found by scrambled inputs: input `input`,
  /// element `offset`; or a constant.
  struct Source {
    int input = -1;
    Index offset = 0;
    T constant = 0;
  };

  std::optional<Source> find_source(LocalRun<T>& run, LocalColumn<T>& column, Index unit, int i) {
    const std::vector<int>& inputs = graph_.node(element_reader_).inputs;
    std::optional<Source> source;
    const T first = column.derivative(unit);
    for (std::size_t k = 0; k < inputs.size() && !source; ++k) {
      const std::span<T> values = run.input(static_cast<int>(k));
      const auto it = std::find(values.begin(), values.end(), first);
      if (static_cast<int>(k) != i && it != values.end())
        source = Source{static_cast<int>(k), it - values.begin(), 0};
    }
    if (!source) source = Source{-1, 0, first};
    scramble(run, 0.37);
    const T second = column.derivative(unit);
    const bool holds = source->input >= 0 ? run.input(source->input)[at(source->offset)] == second
                                          : second == source->constant;
    scramble(run, 0.1);
    return holds ? source : std::nullopt;
  }

  double local_of(const Source& s, Var reader, Index row) {
    if (s.input < 0) return static_cast<double>(s.constant);
    const Var v = graph_.var(graph_.node(reader).inputs[at(s.input)]);
    return static_cast<double>(tape_.value(v)(v.shape().batched() ? row : 0, s.offset));
  }

  std::string source_name(const std::optional<Source>& s, Var reader) const {
    if (!s || s->input < 0) return "";
    const Var v = graph_.var(graph_.node(reader).inputs[at(s->input)]);
    return element_name(v, -1, s->offset);
  }

  /// An element without batch axis, a weight: one term for each row.
  void add_rows(Var reader, int i) {
    element_reader_ = reader;
    LocalRun<T> run(tape_, reader, pass_, 1);
    scramble(run, 0.1);
    LocalColumn<T> column(run, i, element_.offset);
    const std::vector<Index> units = column.find();
    const View<const T> upstream = tape_.grad(reader);
    std::optional<Source> source;
    if (units.size() == 1) source = find_source(run, column, units[0], i);
    for (Index row = 0; row < tape_.rows(); ++row) {
      GradientTerm term{.row = row, .local = kUnknown, .upstream = kUnknown};
      if (units.size() == 1) {
        if (!source) run.load(row);
        const double local = source ? local_of(*source, reader, row)
                                    : static_cast<double>(column.derivative(units[0]));
        term.local = local, term.upstream = static_cast<double>(upstream(row, units[0]));
        term.amount = term.local * term.upstream;
        term.through = element_name(reader, -1, units[0]);
        term.local_name = source_name(source, reader);
      } else {
        run.load(row);
        term.amount = static_cast<double>(run.backward(i, upstream.row(row))[at(element_.offset)]);
        term.through = reader.name();
      }
      e_.terms.push_back(std::move(term));
    }
  }

  /// An activation: one term for each number of its row that depends on it.
  void add_one_row(Var reader, int i) {
    element_reader_ = reader;
    LocalRun<T> run(tape_, reader, pass_, 1);
    scramble(run, 0.1);
    LocalColumn<T> column(run, i, element_.offset);
    const std::vector<Index> units = column.find();
    std::vector<std::string> names;
    for (const Index unit : units)
      names.push_back(units.size() <= 64 ? source_name(find_source(run, column, unit, i), reader)
                                         : "");
    run.load(element_.row);
    const auto upstream = tape_.grad(reader).row(element_.row);
    if (units.size() > kMostUnits) {
      e_.terms.push_back(
          {.row = element_.row,
           .through = reader.name(),
           .local = kUnknown,
           .upstream = kUnknown,
           .amount = static_cast<double>(run.backward(i, upstream)[at(element_.offset)])});
      return;
    }
    for (std::size_t u = 0; u < units.size(); ++u) {
      GradientTerm term{.row = element_.row,
                        .through = element_name(reader, -1, units[u]),
                        .local_name = names[u],
                        .local = static_cast<double>(column.derivative(units[u])),
                        .upstream = static_cast<double>(upstream[at(units[u])])};
      term.amount = term.local * term.upstream;
      e_.terms.push_back(std::move(term));
    }
  }

  /// Any other operation, on the whole batch: a mean, a penalty, statistics over the rows.
  void add_all(Var reader, int i) {
    LocalRun<T> run(tape_, reader, pass_);
    const bool batched = element_.node.shape().batched();
    LocalColumn<T> column(
        run, i,
        batched ? element_.row * element_.node.shape().size() + element_.offset : element_.offset);
    std::vector<Index> outputs = column.find();
    if (outputs.empty()) outputs.push_back(0);
    const View<const T> upstream = tape_.grad(reader);
    for (const Index o : outputs) {
      const bool rows = reader.shape().batched();
      GradientTerm term{.row = rows      ? o / upstream.cols()
                               : batched ? element_.row
                                         : -1,
                        .through = element_name(reader, -1, o % upstream.cols()),
                        .local = static_cast<double>(column.derivative(o)),
                        .upstream = static_cast<double>(upstream[o])};
      term.amount = term.local * term.upstream;
      e_.terms.push_back(std::move(term));
    }
  }

  Tape<T>& tape_;
  const Graph& graph_;
  Var output_, element_reader_;
  const Element& element_;
  Pass pass_;
  ElementExplanation e_;
};

}  // namespace

template <class T>
ElementExplanation explain_element(Tape<T>& tape, Var output, const Element& element,
                                   const Pass& pass) {
  return ElementExplainer<T>(tape, output, element, pass)();
}

template ElementExplanation explain_element(Tape<float>&, Var, const Element&, const Pass&);
template ElementExplanation explain_element(Tape<double>&, Var, const Element&, const Pass&);

}  // namespace chainrule
