#include "chainrule/explain/formula.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>

#include "chainrule/explain/mark.h"
#include "chainrule/losses/categorical_cross_entropy.h"
#include "chainrule/losses/softmax_cross_entropy.h"
#include "chainrule/ops/abs.h"
#include "chainrule/ops/arithmetic.h"
#include "chainrule/ops/exp.h"
#include "chainrule/ops/log.h"
#include "chainrule/ops/matmul.h"
#include "chainrule/ops/maximum.h"
#include "chainrule/ops/power.h"
#include "chainrule/ops/reduce.h"
#include "chainrule/ops/relu.h"
#include "chainrule/ops/reshape.h"
#include "chainrule/ops/sigmoid.h"
#include "chainrule/ops/softmax.h"
#include "chainrule/ops/sqrt.h"
#include "chainrule/ops/tanh.h"
#include "chainrule/ops/transpose.h"

namespace chainrule {
namespace {

constexpr std::size_t kMaxCharacters = 10'000;
constexpr std::size_t kMaxValueCharacters = 200'000;
constexpr int kMaxDepth = 200;                       // of brackets within brackets
constexpr std::size_t kMaxElements = 4'096;          // of one value
constexpr Index kMaxNodeElements = 1 << 16;          // of one result
constexpr Index kMaxTotalElements = Index{1} << 22;  // of all results

using detail::marked;
using detail::quoted;

struct Function {
  std::string_view name;
  Var (*apply)(Var);
};

template <Var (*function)(Var, Location)>
Var call(Var x) {
  return function(x, Location::current());
}

constexpr Function kFunctions[] = {
    {"relu", call<relu>},
    {"sigmoid", call<sigmoid>},
    {"tanh", call<tanh>},
    {"exp", call<exp>},
    {"log", call<log>},
    {"sqrt", call<sqrt>},
    {"abs", call<abs>},
    {"sum", call<sum>},
    {"mean", call<mean>},
    {"softmax", call<softmax>},
    {"transpose", call<transpose>},
};
constexpr std::string_view kFunctionsOfTwo[] = {"max", "min", "cross_entropy",
                                                "softmax_cross_entropy"};

bool is_function(std::string_view name) {
  return std::ranges::find(kFunctions, name, &Function::name) != std::end(kFunctions) ||
         std::ranges::find(kFunctionsOfTwo, name) != std::end(kFunctionsOfTwo);
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name(std::string_view s) {
  return !s.empty() && is_letter(s[0]) &&
         std::ranges::all_of(s, [](char c) { return is_letter(c) || is_digit(c); });
}

/// A name, a number, one of ( ) [ ] , ; = + - * / @ ^, or the end (empty).
struct Token {
  std::string_view text;
  std::size_t begin = 0;
  std::size_t end() const { return begin + text.size(); }
};

class Scanner {
 public:
  Scanner(std::string_view text, std::size_t limit, std::string_view what) : text_(text) {
    if (text.size() > limit)
      throw Error(cat(what, " has ", grouped(static_cast<std::int64_t>(text.size())),
                      " characters, at most ", grouped(static_cast<std::int64_t>(limit)),
                      " are allowed"));
    next();
  }

  std::string_view text() const { return text_; }
  const Token& token() const { return token_; }
  bool at(std::string_view s) const { return token_.text == s; }
  bool at_end() const { return token_.text.empty(); }
  std::size_t last_end() const { return last_end_; }

  [[noreturn]] void fail(std::size_t begin, std::size_t end, const std::string& message) const {
    throw Error(marked(message, text_, begin, end));
  }
  [[noreturn]] void fail(const Token& t, const std::string& message) const {
    fail(t.begin, t.end(), message);
  }
  [[noreturn]] void unexpected(std::string_view expected) const {
    if (at_end()) fail(token_, cat("the text ends where ", expected, " was expected"));
    fail(token_, cat(quoted(token_.text), " stands where ", expected, " was expected"));
  }

  void next() {
    last_end_ = token_.end();
    std::size_t i = last_end_;
    while (i < text_.size() && (text_[i] == ' ' || text_[i] == '\t' || text_[i] == '\r')) ++i;
    std::size_t end = i;
    if (i == text_.size()) {
    } else if (is_letter(text_[i])) {
      while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) ++end;
    } else if (is_digit(text_[i]) || text_[i] == '.') {
      end = number_end(i);
    } else if (std::string_view("()[],;=+-*/@^\n").find(text_[i]) != std::string_view::npos) {
      end = i + 1;
      if (text_.substr(i, 2) == "**")
        fail(i, i + 2, "'**' is no operator here: a power is written x^2");
    } else {
      while (end < text_.size() && (text_[end] & 0x80) != 0) ++end;  // a character of UTF-8
      end = std::max(end, i + 1);
      fail(i, end, cat("the character ", quoted(text_.substr(i, end - i)), " has no meaning here"));
    }
    token_ = {text_.substr(i, end - i), i};
  }

  /// Takes the token when it is `s`.
  bool take(std::string_view s) {
    if (!at(s)) return false;
    next();
    return true;
  }

  bool at_number() const {
    return !at_end() && (is_digit(token_.text[0]) || token_.text[0] == '.');
  }

  double number() {
    const Token t = token_;
    double value = 0;
    const char* const end = t.text.data() + t.text.size();
    const auto [stop, error] = std::from_chars(t.text.data(), end, value);
    if (error == std::errc::result_out_of_range)
      fail(t, cat("the number ", quoted(t.text), " is too large or too small for a double"));
    if (error != std::errc{} || stop != end) fail(t, cat(quoted(t.text), " is not a number"));
    next();
    return value;
  }

 private:
  std::size_t number_end(std::size_t i) const {
    const auto digits = [&] {
      while (i < text_.size() && (is_digit(text_[i]) || text_[i] == '.')) ++i;
    };
    digits();
    if (i < text_.size() && (text_[i] == 'e' || text_[i] == 'E')) {
      std::size_t sign = i + 1;
      if (sign < text_.size() && (text_[sign] == '+' || text_[sign] == '-')) ++sign;
      if (sign < text_.size() && is_digit(text_[sign])) {
        i = sign;
        digits();
      }
    }
    return i;
  }

  std::string_view text_;
  Token token_;
  std::size_t last_end_ = 0;
};

/// Reads a vector or matrix; the scanner stands at its first '['. `element` reads a number.
template <class Element>
FormulaValue read_matrix(Scanner& s, Element element) {
  FormulaValue value;
  const auto numbers = [&] {  // after '['
    Index count = 0;
    do {
      if (value.values.size() == kMaxElements)
        s.fail(s.token(), cat("a value has more than ", grouped(kMaxElements), " numbers"));
      value.values.push_back(element());
      ++count;
    } while (s.take(","));
    if (!s.take("]")) s.unexpected("',' or ']'");
    return count;
  };
  s.next();
  if (s.at("]")) s.fail(s.token(), "a vector has no numbers, expected at least one");
  if (!s.at("[")) {
    value.shape = Shape{numbers()};
    return value;
  }
  Index rows = 0, columns = 0;
  do {
    const std::size_t begin = s.token().begin;
    if (!s.take("[")) s.unexpected("another row of the matrix");
    const Index count = numbers();
    if (rows++ == 0) columns = count;
    if (count != columns)
      s.fail(begin, s.last_end(),
             cat("this row has ", count, " numbers, the rows before it have ", columns));
  } while (s.take(","));
  if (!s.take("]")) s.unexpected("',' or ']'");
  value.shape = Shape{rows, columns};
  return value;
}

double signed_number(Scanner& s) {
  bool negative = false;
  while (s.at("-") || s.at("+")) {
    negative ^= s.at("-");
    s.next();
  }
  if (!s.at_number()) s.unexpected("a number");
  const double value = s.number();
  return negative ? -value : value;
}

}  // namespace

FormulaValue parse_formula_value(std::string_view text) {
  Scanner s(text, kMaxValueCharacters, "a value");
  FormulaValue value;
  if (s.at("["))
    value = read_matrix(s, [&] { return signed_number(s); });
  else
    value.values = {signed_number(s)};
  if (!s.at_end()) s.unexpected("the end of the value");
  return value;
}

void add_formula_value(std::string_view text, FormulaValues& values) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos)
    throw Error(cat(quoted(text), " is no value; values look like x=3 or w='[[1, 2], [3, 4]]'"));
  const auto trim = [](std::string_view s) {
    while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
    while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
    return s;
  };
  const std::string_view name = trim(text.substr(0, equals));
  if (!is_name(name))
    throw Error(marked(cat(quoted(name), " is not a name; names have letters, digits and _"), text,
                       0, std::max<std::size_t>(equals, 1)));
  if (is_function(name))
    throw Error(
        marked(cat(quoted(name), " is a function and cannot have a value"), text, 0, equals));
  FormulaValue value;
  try {
    value = parse_formula_value(text.substr(equals + 1));
  } catch (const Error& e) {
    throw Error(cat("the value of ", quoted(name), ": ", e.what()));
  }
  if (!values.emplace(name, std::move(value)).second)
    throw Error(cat(quoted(name), " is given twice"));
}

/// Reads the text once, from left to right, and records each operation as soon as its operands
/// are known.
class FormulaReader {
 public:
  FormulaReader(Formula& formula, const FormulaValues& values)
      : f_(formula),
        g_(*formula.graph_),
        s_(formula.text_, kMaxCharacters, "the formula"),
        values_(values) {}

  void read() {
    if (s_.at_end()) throw Error("the formula is empty, expected for example 'x * w + b'");
    skip_separators();
    Expr result;
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
    f_.result_ = node(result);
    check_used();
    give_names();
  }

 private:
  /// What an expression is before it becomes a node: numbers are calculated at once, and a name
  /// may turn out to be a class.
  struct Expr {
    enum Kind { none, number, name, literal, var } kind = none;
    double value = 0;
    std::string_view name_text = {};
    FormulaValue matrix = {};
    Var node = {};
    std::size_t begin = 0, end = 0;
  };

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

  [[noreturn]] void fail(const Expr& o, const std::string& message) const {
    s_.fail(o.begin, o.end, message);
  }

  void skip_separators() {
    bool any = false;
    while (s_.at(";") || s_.at("\n")) s_.next(), any = true;
    if (!any && !s_.at_end() && !first_) s_.unexpected("an operator or ';'");
    first_ = false;
  }

  Expr statement(std::string_view& name) {
    Expr o = expression();
    if (!s_.at("=")) return o;
    if (o.kind != Expr::name || o.end - o.begin != o.name_text.size())
      fail(o, "only a name can stand before '='");
    name = o.name_text;
    if (values_.contains(name))
      fail(o, cat(quoted(name), " has a value already and cannot be defined again"));
    if (named_.contains(name)) fail(o, cat(quoted(name), " is defined twice"));
    s_.next();
    const Expr value = expression();
    named_.emplace(name, node(value));
    if (g_.node(named_.find(name)->second).kind == NodeKind::op)
      wanted_names_.emplace(named_.find(name)->second.id(), name);
    return value;
  }

  Expr expression() {
    Expr left = term();
    while (s_.at("+") || s_.at("-")) {
      const char op = s_.token().text[0];
      s_.next();
      left = binary(op, left, term());
    }
    return left;
  }

  Expr term() {
    Expr left = unary();
    while (s_.at("*") || s_.at("/") || s_.at("@")) {
      const char op = s_.token().text[0];
      s_.next();
      left = binary(op, left, unary());
    }
    return left;
  }

  Expr unary() {
    const Deeper deeper(*this);
    const std::size_t begin = s_.token().begin;
    if (s_.take("+")) return unary();
    if (!s_.take("-")) return power();
    Expr x = unary();
    if (x.kind == Expr::number) {
      x.value = -x.value, x.begin = begin;
      return x;
    }
    return record(begin, x.end, [&] { return negate(node(x)); });
  }

  Expr power() {
    Expr base = atom();
    if (!s_.take("^")) return base;
    return binary('^', base, unary());
  }

  Expr atom() {
    const Token t = s_.token();
    Expr o{.begin = t.begin, .end = t.end()};
    if (s_.at_number()) {
      o.kind = Expr::number, o.value = s_.number();
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
      o.kind = Expr::literal;
      o.matrix = read_matrix(s_, [&] {
        const Expr element = expression();
        if (element.kind != Expr::number)
          fail(element, "a matrix in a formula can hold numbers only");
        return element.value;
      });
      o.end = s_.last_end();
      return o;
    }
    if (t.text.empty() || !is_letter(t.text[0])) s_.unexpected("a number, a name, '(' or '['");
    s_.next();
    if (s_.at("(")) return function(t);
    if (is_function(t.text))
      s_.fail(t, cat(quoted(t.text), " is a function, expected '(' after it"));
    o.kind = Expr::name, o.name_text = t.text;
    return o;
  }

  Expr function(const Token& t) {
    if (!is_function(t.text)) {
      std::vector<std::string_view> names(std::begin(kFunctionsOfTwo), std::end(kFunctionsOfTwo));
      for (const Function& f : kFunctions) names.push_back(f.name);
      s_.fail(t, cat("unknown function ", quoted(t.text), did_you_mean(t.text, names)));
    }
    s_.next();
    std::vector<Expr> arguments;
    while (!s_.at(")")) {
      if (!arguments.empty() && !s_.take(",")) s_.unexpected("',' or ')'");
      arguments.push_back(expression());
    }
    const std::size_t end = s_.token().end();
    s_.next();
    const auto expect = [&](std::size_t least, std::size_t most) {
      if (arguments.size() < least || arguments.size() > most)
        s_.fail(t.begin, end,
                cat(quoted(t.text), " has ", arguments.size(),
                    arguments.size() == 1 ? " argument" : " arguments", ", expected ", least,
                    most > least ? " or more" : ""));
    };
    if (t.text == "max" || t.text == "min") {
      expect(2, 100);
      Expr o = arguments[0];
      for (std::size_t i = 1; i < arguments.size(); ++i)
        o = record(t.begin, end, [&] {
          const Var a = node(o), b = node(arguments[i]);
          return t.text == "max" ? maximum(a, b) : minimum(a, b);
        });
      return o;
    }
    if (t.text == "cross_entropy" || t.text == "softmax_cross_entropy") {
      expect(2, 2);
      return cross_entropy(arguments[0], arguments[1], t.text[0] == 's', t.begin, end);
    }
    expect(1, 1);
    const auto& f = *std::ranges::find(kFunctions, t.text, &Function::name);
    return record(t.begin, end, [&] { return f.apply(node(arguments[0])); });
  }

  Expr binary(char op, const Expr& a, const Expr& b) {
    const std::size_t begin = a.begin, end = b.end;
    const bool numbers = a.kind == Expr::number && b.kind == Expr::number;
    if (op == '/' && b.kind == Expr::number && b.value == 0)
      s_.fail(begin, end, "this divides by zero");
    if (numbers && op != '@') {
      const double x = a.value, y = b.value;
      const double value = op == '+'   ? x + y
                           : op == '-' ? x - y
                           : op == '*' ? x * y
                           : op == '/' ? x / y
                                       : std::pow(x, y);
      if (!std::isfinite(value)) s_.fail(begin, end, "the result of this is not a finite number");
      return {.kind = Expr::number, .value = value, .begin = begin, .end = end};
    }
    if (op == '@') return product(a, b, begin, end);
    if (op == '^') return raise(a, b, begin, end);
    return record(begin, end, [&] {
      const Var x = node(a), y = node(b);
      return op == '+' ? x + y : op == '-' ? x - y : op == '*' ? x * y : x / y;
    });
  }

  /// x^number is one operation; otherwise a^b = exp(b log a).
  Expr raise(const Expr& a, const Expr& b, std::size_t begin, std::size_t end) {
    if (b.kind == Expr::number)
      return record(begin, end, [&] { return chainrule::power(node(a), b.value); });
    Expr logarithm;
    if (a.kind == Expr::number) {
      if (!(a.value > 0)) fail(a, "a power with a variable exponent needs a base above 0");
      logarithm = {
          .kind = Expr::number, .value = std::log(a.value), .begin = a.begin, .end = a.end};
    } else {
      logarithm = record(begin, end, [&] { return log(node(a)); });
    }
    const Expr exponent = binary('*', b, logarithm);
    return record(begin, end, [&] { return exp(node(exponent)); });
  }

  Expr product(const Expr& a, const Expr& b, std::size_t begin, std::size_t end) {
    for (const Expr* o : {&a, &b})
      if (o->kind == Expr::number)
        fail(*o, "'@' multiplies vectors and matrices, a number is multiplied by '*'");
    const Var x = node(a), y = node(b);
    for (const auto& [v, o] : {std::pair(x, &a), std::pair(y, &b)})
      if (v.shape().rank() == 0)
        fail(*o, "'@' multiplies vectors and matrices, this is a single number; use '*'");
    const Index columns = x.shape().last(), rows = y.shape()[0];
    if (columns != rows)
      s_.fail(begin, end,
              cat("the left side of '@' has ", columns, " columns, the right side has ", rows,
                  " rows, expected as many"));
    if (y.shape().rank() == 2) return record(begin, end, [&] { return matmul(x, y); });
    if (x.shape().rank() == 1) {
      const Expr terms = record(begin, end, [&] { return x * y; });
      return record(begin, end, [&] { return sum(terms.node); });
    }
    // A matrix times a column.
    const Expr column = record(begin, end, [&] { return reshape(y, Shape{rows, 1}); });
    const Expr result = record(begin, end, [&] { return matmul(x, column.node); });
    return record(begin, end, [&] { return reshape(result.node, Shape{x.shape()[0]}); });
  }

  /// The target as numbers that are known: a class, or one class per row.
  const FormulaValue* known(const Expr& o, FormulaValue& number) const {
    if (o.kind == Expr::number) {
      number.values = {o.value};
      return &number;
    }
    if (o.kind == Expr::literal) return &o.matrix;
    if (o.kind != Expr::name) return nullptr;
    const auto it = values_.find(o.name_text);
    return it == values_.end() ? nullptr : &it->second;
  }

  Expr cross_entropy(const Expr& p, const Expr& t, bool logits, std::size_t begin,
                     std::size_t end) {
    const Var x = node(p);
    const Shape shape = x.shape();  // a copy: the graph grows
    if (shape.rank() == 0)
      fail(p, cat("cross-entropy is of a vector or a matrix, this is a single number"));
    FormulaValue number;
    const FormulaValue* const given = known(t, number);
    const bool classes = given != nullptr && given->shape.rank() == shape.rank() - 1;
    if (classes) check_classes(t, *given, shape.last());
    if (shape.rank() == 1) {
      const Var target = classes ? class_node(t, *given, shape.last()) : node(t);
      return record(begin, end, [&] {
        return logits ? softmax_cross_entropy(x, target, {.reduction = Reduction::none})
                      : categorical_cross_entropy(x, target, {.reduction = Reduction::none});
      });
    }
    // The losses of the library take one row; here all rows of the matrix are one.
    const Var target = classes ? one_hot(t, *given, shape) : node(t);
    if (target.shape().dims().size() != shape.dims().size() ||
        target.shape().size() != shape.size())
      fail(t, cat("the target is ", size_text(target.shape()), ", expected ", size_text(shape),
                  " or ", shape[0], " numbers of classes"));
    constexpr double kLeast = 1e-7;  // as in categorical_cross_entropy
    const Expr logs =
        logits ? record(begin, end, [&] { return log_softmax(x); }) : record(begin, end, [&] {
          const Expr q = record(begin, end, [&] { return maximum(x, kLeast); });
          return log(q.node);
        });
    const Expr terms = record(begin, end, [&] { return target * logs.node; });
    const Expr total = record(begin, end, [&] { return sum(terms.node); });
    return record(begin, end, [&] { return total.node / -static_cast<double>(shape[0]); });
  }

  void check_classes(const Expr& t, const FormulaValue& given, Index count) const {
    for (const double c : given.values)
      if (!(c >= 0 && c < static_cast<double>(count)) || c != std::floor(c))
        fail(t, cat("class ", c, " is not there, expected a whole number from 0 to ", count - 1));
  }

  Var class_node(const Expr& t, const FormulaValue& given, Index count) {
    const std::string name = t.kind == Expr::name ? std::string(t.name_text) : "class";
    if (named_.contains(name)) {
      const Var v = named_.find(name)->second;
      if (g_.node(v).kind == NodeKind::class_input && g_.node(v).classes == count) return v;
      fail(t, cat(quoted(name), " is used as a number and as a class"));
    }
    const Var v = add_input(t, [&] { return g_.class_input(temporary_name(), count); });
    f_.values_[v.id()] = {Shape{}, given.values};
    if (t.kind == Expr::name) {
      named_.emplace(name, v), used_.push_back(name);
      wanted_names_.emplace(v.id(), name);
    }
    return v;
  }

  Var one_hot(const Expr& t, const FormulaValue& given, const Shape& shape) {
    std::vector<double> rows(static_cast<std::size_t>(shape.size()), 0.0);
    for (std::size_t r = 0; r < given.values.size(); ++r)
      rows[r * static_cast<std::size_t>(shape.last()) + static_cast<std::size_t>(given.values[r])] =
          1;
    if (t.kind == Expr::name) used_.emplace_back(t.name_text);
    return add_input(t, [&] {
      const Var v = g_.input(temporary_name(), shape);
      f_.values_[v.id()] = {shape.with_batch(false), std::move(rows)};
      f_.literals_.push_back(v);
      return v;
    });
  }

  static std::string size_text(const Shape& s) {
    if (s.rank() == 0) return "a single number";
    std::string text;
    for (const Index d : s.dims()) text += cat(text.empty() ? "" : " x ", d);
    return (s.rank() == 1 ? "a vector of " : "a matrix of ") + text;
  }

  /// Names that no formula can use, until give_names().
  std::string temporary_name() const { return cat('#', g_.size()); }

  template <class Add>
  Var add_input(const Expr& o, Add add) {
    const Var v = add();
    f_.places_.resize(static_cast<std::size_t>(g_.size()), {o.begin, o.end});
    return v;
  }

  Var node(const Expr& o) {
    switch (o.kind) {
      case Expr::var:
        return o.node;
      case Expr::number:
        return add_input(o, [&] {
          const Var v = g_.constant(o.value);
          return g_.rename(v, cat('#', v.id()));
        });
      case Expr::literal:
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

  Var named(const Expr& o) {
    if (const auto it = named_.find(o.name_text); it != named_.end()) {
      if (g_.node(it->second).kind == NodeKind::class_input)
        fail(o, cat(quoted(o.name_text), " is used as a number and as a class"));
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
      fail(o, near.empty()
                  ? cat(quoted(o.name_text), " has no value, expected for example ",
                        o.name_text.substr(0, 40), "=3")
                  : cat("unknown name ", quoted(o.name_text), " (did you mean '", near, "'?)"));
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

  /// Calls `add`, which adds an operation; says where in the text when its inputs do not fit.
  template <class Add>
  Expr record(std::size_t begin, std::size_t end, Add add) {
    Var v;
    try {
      v = add();
    } catch (const ShapeError& e) {
      s_.fail(begin, end, sentence(e.what()));
    }
    v = g_.rename(v, cat('#', v.id()));
    for (std::size_t id = f_.places_.size(); id < static_cast<std::size_t>(g_.size()); ++id)
      if (g_.node(static_cast<int>(id)).kind == NodeKind::constant)
        g_.rename(g_.var(static_cast<int>(id)), cat('#', id));
    f_.places_.resize(static_cast<std::size_t>(g_.size()), {begin, end});
    const Index size = v.shape().size();
    total_ += size;
    if (size > kMaxNodeElements)
      s_.fail(begin, end,
              cat("this result has ", grouped(size), " numbers, at most ",
                  grouped(kMaxNodeElements), " are allowed"));
    if (total_ > kMaxTotalElements)
      s_.fail(begin, end,
              cat("up to here the results have ", grouped(total_), " numbers, at most ",
                  grouped(kMaxTotalElements), " are allowed"));
    return {.kind = Expr::var, .node = v, .begin = begin, .end = end};
  }

  /// Without the name of the node before it and the line of C++ behind it.
  static std::string sentence(std::string_view what) {
    if (what.starts_with('['))
      if (const std::size_t end = what.find("] "); end != what.npos) what.remove_prefix(end + 2);
    if (const std::size_t line = what.rfind(" ("); line != what.npos) what = what.substr(0, line);
    std::string text(what);
    for (std::size_t at; (at = text.find("[B, ")) != text.npos;) text.erase(at + 1, 3);
    return text;
  }

  void check_used() const {
    for (const auto& [name, value] : values_)
      if (std::ranges::find(used_, name) == used_.end())
        throw Error(cat("the formula does not use ", quoted(name), ", which has a value"));
  }

  /// Inputs and named results are called as in the text, the others a, b, c, ..., the result out.
  void give_names() {
    std::vector<std::string> taken{"d"};  // d is for derivatives
    for (const auto& [name, value] : values_) taken.push_back(name);
    for (const auto& [name, value] : named_) taken.emplace_back(name);
    for (const Function& f : kFunctions) taken.emplace_back(f.name);
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

  Formula& f_;
  Graph& g_;
  Scanner s_;
  const FormulaValues& values_;
  std::map<std::string, Var, std::less<>> named_;
  std::vector<std::string> used_;
  std::map<int, std::string> wanted_names_;
  Index total_ = 0;
  int depth_ = 0;
  bool first_ = true;
};

Formula::Formula(std::string_view text, const FormulaValues& values) : text_(text) {
  FormulaReader(*this, values).read();
}

std::unique_ptr<Tape<double>> Formula::run() const {
  auto tape = std::make_unique<Tape<double>>(*graph_);
  for (const auto& [id, value] : values_)
    tape->set(graph_->var(id), std::span<const double>(value.values));
  tape->forward();
  const std::optional<NonFinite> bad = tape->find_nonfinite();
  if (!bad) return tape;
  const Node& node = graph_->node(bad->node);
  const Place& place = places_[static_cast<std::size_t>(bad->node.id())];
  const auto results = tape->value(bad->node);
  const bool infinite = std::ranges::any_of(results, [](double x) { return std::isinf(x); });
  std::string what = cat("the result of this is ", infinite ? "infinite" : "not a number");
  for (const int in : node.inputs) {
    const Node& input = graph_->node(in);
    if (input.kind == NodeKind::class_input || input.shape.size() > 1) continue;
    const double x = tape->value(graph_->var(in))[0];
    const std::string name = input.name[0] == '#' ? "a number" : detail::quoted(input.name);
    what += cat(in == node.inputs[0] ? ": " : ", ", name, " is ", x);
  }
  throw NumericError(marked(what, text_, place.begin, place.end));
}

}  // namespace chainrule
