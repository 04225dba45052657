#include "chainrule/formula/formula_grammar.h"

#include <algorithm>

#include "chainrule/core/error.h"
#include "chainrule/formula/formula_scanner.h"
#include "chainrule/formula/formula_values.h"
#include "chainrule/formula/mark.h"
#include "chainrule/graph/registry.h"
#include "chainrule/ops/arithmetic.h"
#include "chainrule/ops/maximum.h"

namespace chainrule::detail {
namespace {

/// What is no operation of that name alone: of any number of arguments, or with classes.
constexpr std::string_view kFormulaFunctions[] = {"max", "min", "cross_entropy",
                                                  "softmax_cross_entropy"};

constexpr std::size_t kMaxCharacters = 10'000;
constexpr int kMaxDepth = 200;  // of brackets within brackets

using Term = FormulaTerm;

/// Reads the text once, from left to right, and records each operation as soon as its operands
/// are known.
class FormulaReader {
 public:
  explicit FormulaReader(FormulaRecorder& recorder)
      : r_(recorder), s_(recorder.text(), kMaxCharacters, "the formula") {}

  void read() {
    if (s_.at_end()) throw Error("the formula is empty, expected for example 'x * w + b'");
    skip_separators();
    Term result;
    while (true) {
      if (s_.at_end()) s_.unexpected("a formula");
      const Token first = s_.token();
      std::string_view name;
      result = statement(name);
      skip_separators();
      if (s_.at_end()) break;
      if (name.empty())
        s_.fail(first.begin, result.end,
                "this result is not used: give it a name, as in 'z = x * w; relu(z)'");
    }
    r_.finish(result);
  }

 private:
  /// Counts how deep brackets are nested, so that no text can use up the stack.
  class Deeper {
   public:
    explicit Deeper(FormulaReader& r) : r_(r) {
      if (++r.depth_ > kMaxDepth)
        r.s_.fail(r.s_.token(), cat("the formula is nested more than ", kMaxDepth, " deep here"));
    }
    ~Deeper() { --r_.depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;

   private:
    FormulaReader& r_;
  };

  void skip_separators() {
    bool any = false;
    while (s_.at(";") || s_.at("\n")) s_.next(), any = true;
    if (!any && !s_.at_end() && !first_) s_.unexpected("an operator or ';'");
    first_ = false;
  }

  Term statement(std::string_view& name) {
    Term o = expression();
    if (!s_.at("=")) return o;
    if (o.kind != Term::name || o.end - o.begin != o.name_text.size())
      r_.fail(o, "only a name can stand before '='");
    r_.check_new(o);
    s_.next();
    const Term value = expression();
    name = o.name_text;
    r_.define(name, value);
    return value;
  }

  Term expression() {
    Term left = term();
    while (s_.at("+") || s_.at("-")) {
      const char op = s_.token().text[0];
      s_.next();
      left = r_.binary(op, left, term());
    }
    return left;
  }

  Term term() {
    Term left = unary();
    while (s_.at("*") || s_.at("/") || s_.at("@")) {
      const char op = s_.token().text[0];
      s_.next();
      left = r_.binary(op, left, unary());
    }
    return left;
  }

  Term unary() {
    const Deeper deeper(*this);
    const std::size_t begin = s_.token().begin;
    if (s_.take("+")) return unary();
    if (!s_.take("-")) return power();
    Term x = unary();
    if (x.kind == Term::number) {
      x.value = -x.value, x.begin = begin;
      return x;
    }
    return r_.record(begin, x.end, [&] { return negate(r_.node(x)); });
  }

  Term power() {
    Term base = atom();
    if (!s_.take("^")) return base;
    return r_.binary('^', base, unary());
  }

  Term atom() {
    const Token t = s_.token();
    Term o{.begin = t.begin, .end = t.end()};
    if (s_.at_number()) {
      o.kind = Term::number, o.value = s_.number();
      return o;
    }
    if (s_.take("(")) {
      o = expression();
      if (!s_.at(")")) s_.unexpected("')'");
      o.begin = t.begin, o.end = s_.token().end();
      s_.next();
      return o;
    }
    if (s_.at("[")) {
      o.kind = Term::literal;
      o.matrix = read_matrix(s_, [&] {
        const Term element = expression();
        if (element.kind != Term::number)
          r_.fail(element, "a matrix in a formula can hold numbers only");
        return element.value;
      });
      o.end = s_.last_end();
      return o;
    }
    if (t.text.empty() || !is_letter(t.text[0])) s_.unexpected("a number, a name, '(' or '['");
    s_.next();
    if (s_.at("(")) return function(t);
    if (is_function(t.text) && !r_.has(t.text))
      s_.fail(t, cat(detail::quoted(t.text), " is a function, expected '(' after it"));
    o.kind = Term::name, o.name_text = t.text;
    return o;
  }

  Term function(const Token& t) {
    if (!is_function(t.text))
      s_.fail(t, cat("unknown function ", detail::quoted(t.text),
                     did_you_mean(t.text, function_names())));
    s_.next();
    std::vector<Term> arguments;
    while (!s_.at(")")) {
      if (!arguments.empty() && !s_.take(",")) s_.unexpected("',' or ')'");
      arguments.push_back(expression());
    }
    const std::size_t end = s_.token().end();
    s_.next();
    const auto expect = [&](std::size_t least, std::size_t most) {
      if (arguments.size() < least || arguments.size() > most)
        s_.fail(t.begin, end,
                cat(detail::quoted(t.text), " has ", arguments.size(),
                    arguments.size() == 1 ? " argument" : " arguments", ", expected ", least,
                    most == 100    ? " or more"
                    : most > least ? cat(" to ", most)
                                   : std::string()));
    };
    if (t.text == "max" || t.text == "min") {
      expect(2, 100);
      Term o = arguments[0];
      for (std::size_t i = 1; i < arguments.size(); ++i)
        o = r_.record(t.begin, end, [&] {
          const Var a = r_.node(o), b = r_.node(arguments[i]);
          return t.text == "max" ? maximum(a, b) : minimum(a, b);
        });
      return o;
    }
    if (t.text == "cross_entropy" || t.text == "softmax_cross_entropy") {
      expect(2, 2);
      return r_.cross_entropy(arguments[0], arguments[1], t.text[0] == 's', t.begin, end);
    }
    const OpKind& op = op_kind(t.text);
    const std::size_t inputs = op.variadic() ? arguments.size() : op.doc->inputs.size();
    expect(op.variadic() ? 1 : inputs - static_cast<std::size_t>(op.doc->optional),
           inputs + op.settings.size());
    return operation(op, arguments, std::min(inputs, arguments.size()), t.begin, end);
  }

  /// The first `inputs` arguments are nodes, the others settings in the order of the operation's.
  Term operation(const OpKind& op, const std::vector<Term>& arguments, std::size_t inputs,
                 std::size_t begin, std::size_t end) {
    SettingList settings;
    for (std::size_t i = inputs; i < arguments.size(); ++i) {
      const std::string& name = op.settings[i - inputs].name;
      if (arguments[i].kind != Term::number)
        s_.fail(arguments[i].begin, arguments[i].end,
                cat(detail::quoted(name), " of ", op.name(), " is not a number"));
      settings.push_back({name, arguments[i].value});
    }
    return r_.record(begin, end, [&] {
      std::vector<Var> nodes;
      for (std::size_t i = 0; i < inputs; ++i) nodes.push_back(r_.node(arguments[i]));
      return make_op(op.name(), nodes, settings);
    });
  }

  FormulaRecorder& r_;
  Scanner s_;
  int depth_ = 0;
  bool first_ = true;
};

}  // namespace

bool is_function(std::string_view name) {
  return std::ranges::find(kFormulaFunctions, name) != std::end(kFormulaFunctions) ||
         find_op_kind(name) != nullptr;
}

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names(std::begin(kFormulaFunctions), std::end(kFormulaFunctions));
  for (const auto& [name, kind] : op_kinds()) names.push_back(name);
  return names;
}

void read_formula(FormulaRecorder& recorder) { FormulaReader(recorder).read(); }

}  // namespace chainrule::detail
