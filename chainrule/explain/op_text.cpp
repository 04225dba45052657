#include "chainrule/explain/op_text.h"

#include <algorithm>
#include <cctype>

namespace chainrule::detail {
namespace {

using Words = std::map<std::string, std::string, std::less<>>;

bool in_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Settings by name, as text.
Words setting_words(const Op& op) {
  Words words;
  for (const Setting& s : op.settings()) words[s.name] = str(s.value);
  return words;
}

/// Names of the document's inputs, one for each input that the node has.
std::vector<std::string> names_in_document(const OpDoc& doc, std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) {
    const bool more = i >= doc.inputs.size() || doc.inputs[i] == "...";
    names.push_back(more ? cat("x", i + 1) : std::string(doc.inputs[i]));
  }
  return names;
}

Words words_of(const Op& op, const std::vector<std::string>& inputs, const std::string& output) {
  Words words = setting_words(op);
  const std::vector<std::string> names = names_in_document(op.doc(), inputs.size());
  for (std::size_t i = 0; i < names.size(); ++i) words[names[i]] = inputs[i];
  if (!output.empty()) words["y"] = output;
  return words;
}

std::string_view right_side(std::string_view formula) {
  const std::size_t equals = formula.find(" = ");
  return equals == formula.npos ? formula : formula.substr(equals + 3);
}

bool has_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1))
    if ((at == 0 || !in_word(text[at - 1])) &&
        (at + word.size() == text.size() || !in_word(text[at + word.size()])))
      return true;
  return false;
}

/// f of "dy * f", or "" when the formula is not of that form.
std::string factor(std::string_view formula) {
  const bool negative = formula.starts_with('-');
  if (negative) formula.remove_prefix(1);
  if (!formula.starts_with("dy")) return "";
  const std::string_view rest = formula.substr(2);
  if (has_word(rest, "dy")) return "";
  const std::string sign = negative ? "-" : "";
  if (rest.empty()) return sign + "1";
  if (rest.starts_with(" * ")) return sign + std::string(rest.substr(3));
  if (rest.starts_with(" / ")) return sign + "1" + std::string(rest);
  return "";
}

}  // namespace

std::string replace_words(std::string_view text, const Words& words) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (!in_word(text[i])) {
      out += text[i++];
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && in_word(text[end])) ++end;
    const std::string_view word = text.substr(i, end - i);
    std::size_t stem = word.size();
    if (!words.contains(word) && word.size() > 2 && word[word.size() - 2] == '_')
      stem = word.size() - 2;
    const auto it = words.find(word.substr(0, stem));
    out += it == words.end() || text.substr(end).starts_with('(')
               ? std::string(word)
               : it->second + std::string(word.substr(stem));
    i = end;
  }
  return out;
}

std::string forward_text(const Op& op, const std::vector<std::string>& inputs,
                         const std::string& output) {
  return replace_words(right_side(op.doc().forward), words_of(op, inputs, output));
}

LocalText local_text(const Op& op, int i, const std::vector<std::string>& inputs,
                     const std::string& output) {
  const std::vector<std::string_view>& all = op.doc().backward;
  if (all.empty()) return {"", false};
  const std::string_view formula =
      right_side(all[std::min(static_cast<std::size_t>(i), all.size() - 1)]);
  Words words = words_of(op, inputs, output);
  if (const std::string f = factor(formula); !f.empty()) return {replace_words(f, words), true};
  words["dy"] = "d" + output;
  return {replace_words(formula, words), false};
}

std::string symbol(const Op& op) {
  const OpDoc& doc = op.doc();
  const std::string_view right = right_side(doc.forward);
  if (doc.inputs.size() == 2) {
    const std::string a(doc.inputs[0]), b(doc.inputs[1]);
    if (right == a + " + " + b) return "+";
    if (right == a + " - " + b) return "−";
    if (right == a + " * " + b) return "×";
    if (right == a + " / " + b) return "÷";
    if (right == a + " " + b) return "@";
  }
  if (doc.inputs.size() == 1) {
    const std::string x(doc.inputs[0]);
    if (right == "-" + x) return "−";
    if (right.starts_with(x + "^")) return replace_words(right.substr(x.size()), setting_words(op));
  }
  return std::string(doc.name);
}

}  // namespace chainrule::detail
