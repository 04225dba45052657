#include "chainrule/formula/formula_recorder.h"

#include <algorithm>

#include "chainrule/formula/formula_grammar.h"
#include "chainrule/formula/mark.h"

namespace chainrule::detail {
namespace {

constexpr Index kMaxNodeElements = 1 << 16;          // of one result
constexpr Index kMaxTotalElements = Index{1} << 22;  // of all results

/// Without the name of the node before it and the line of C++ behind it.
std::string bare(std::string_view what) {
  if (what.starts_with('['))
    if (const std::size_t end = what.find("] "); end != what.npos) what.remove_prefix(end + 2);
  if (const std::size_t line = what.rfind(" ("); line != what.npos) what = what.substr(0, line);
  std::string text(what);
  for (std::size_t at; (at = text.find("[B, ")) != text.npos;) text.erase(at + 1, 3);
  return text;
}

}  // namespace

void FormulaRecorder::fail(std::size_t begin, std::size_t end, const std::string& message) const {
  throw Error(marked(message, f_.text_, begin, end));
}

void FormulaRecorder::check_new(const Term& name) const {
  if (values_.contains(name.name_text))
    fail(name,
         cat(detail::quoted(name.name_text), " has a value already and cannot be defined again"));
  if (named_.contains(name.name_text))
    fail(name, cat(detail::quoted(name.name_text), " is defined twice"));
}

void FormulaRecorder::define(std::string_view name, const Term& value) {
  const Var v = node(value);
  named_.emplace(name, v);
  if (g_.node(v).kind == NodeKind::op) wanted_names_.emplace(v.id(), name);
}

Var FormulaRecorder::node(const Term& o) {
  switch (o.kind) {
    case Term::var:
      return o.node;
    case Term::number:
      return add_input(o, [&] {
        const Var v = g_.constant(o.value);
        return g_.rename(v, cat('#', v.id()));
      });
    case Term::literal:
      return add_input(o, [&] {
        const Var v = g_.input(temporary_name(), o.matrix.shape);
        f_.values_[v.id()] = o.matrix;
        f_.literals_.push_back(v);
        return v;
      });
    default:
      return named(o);
  }
}

Var FormulaRecorder::named(const Term& o) {
  if (const auto it = named_.find(o.name_text); it != named_.end()) {
    if (g_.node(it->second).kind == NodeKind::class_input)
      fail(o, cat(detail::quoted(o.name_text), " is used as a number and as a class"));
    return it->second;
  }
  const auto it = values_.find(o.name_text);
  if (it == values_.end()) {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : values_) names.push_back(name);
    for (const auto& [name, value] : named_) names.push_back(name);
    // One letter is near to every other.
    const std::string_view near =
        o.name_text.size() > 2 ? closest(o.name_text, names) : std::string_view();
    fail(o, near.empty() ? cat(detail::quoted(o.name_text), " has no value, expected for example ",
                               o.name_text.substr(0, 40), "=3")
                         : cat("unknown name ", detail::quoted(o.name_text), " (did you mean '",
                               near, "'?)"));
  }
  return add_input(o, [&] {
    const Var v = g_.input(temporary_name(), it->second.shape);
    f_.values_[v.id()] = it->second;
    f_.inputs_.push_back(v);
    named_.emplace(o.name_text, v), used_.emplace_back(o.name_text);
    wanted_names_.emplace(v.id(), o.name_text);
    return v;
  });
}

Var FormulaRecorder::add_input(const Term& o, const std::function<Var()>& add) {
  const Var v = add();
  f_.places_.resize(static_cast<std::size_t>(g_.size()), {o.begin, o.end});
  return v;
}

FormulaRecorder::Term FormulaRecorder::record(std::size_t begin, std::size_t end,
                                              const std::function<Var()>& add) {
  Var v;
  try {
    v = add();
  } catch (const ShapeError& e) {
    fail(begin, end, bare(e.what()));
  }
  v = g_.rename(v, cat('#', v.id()));
  for (std::size_t id = f_.places_.size(); id < static_cast<std::size_t>(g_.size()); ++id)
    if (g_.node(static_cast<int>(id)).kind == NodeKind::constant)
      g_.rename(g_.var(static_cast<int>(id)), cat('#', id));
  f_.places_.resize(static_cast<std::size_t>(g_.size()), {begin, end});
  const Index size = v.shape().size();
  total_ += size;
  if (size > kMaxNodeElements)
    fail(begin, end,
         cat("this result has ", grouped(size), " numbers, at most ", grouped(kMaxNodeElements),
             " are allowed"));
  if (total_ > kMaxTotalElements)
    fail(begin, end,
         cat("up to here the results have ", grouped(total_), " numbers, at most ",
             grouped(kMaxTotalElements), " are allowed"));
  return {.kind = Term::var, .node = v, .begin = begin, .end = end};
}

void FormulaRecorder::finish(const Term& result) {
  f_.result_ = node(result);
  check_used();
  give_names();
}

void FormulaRecorder::check_used() const {
  for (const auto& [name, value] : values_)
    if (std::ranges::find(used_, name) == used_.end())
      throw Error(cat("the formula does not use ", detail::quoted(name), ", which has a value"));
}

/// Inputs and named results are called as in the text, the others a, b, c, ..., the result out.
void FormulaRecorder::give_names() {
  std::vector<std::string> taken{"d"};  // d is for derivatives
  for (const auto& [name, value] : values_) taken.push_back(name);
  for (const auto& [name, value] : named_) taken.emplace_back(name);
  for (const std::string_view name : function_names()) taken.emplace_back(name);
  const auto free = [&](const std::string& name) {
    return std::ranges::find(taken, name) == taken.end();
  };
  for (const auto& [id, name] : wanted_names_) g_.rename(g_.var(id), name);
  if (f_.result_.name()[0] == '#' && g_.node(f_.result_).kind == NodeKind::op)
    g_.rename(f_.result_, free("out") ? "out" : g_.unused_name("out"));
  int next = 0;
  for (int id = 0; id < g_.size(); ++id) {
    const Node& node = g_.node(id);
    if (node.kind != NodeKind::op || node.name[0] != '#') continue;
    std::string name;
    do {
      const std::string letter(1, static_cast<char>('a' + next % 26));
      name = next < 26 ? letter : cat(letter, next / 26);
      ++next;
    } while (!free(name));
    g_.rename(g_.var(id), name);
  }
}

}  // namespace chainrule::detail
