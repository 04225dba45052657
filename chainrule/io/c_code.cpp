#include "chainrule/io/c_code.h"

#include <algorithm>
#include <cmath>

#include "chainrule/data/answer.h"
#include "chainrule/graph/op.h"
#include "chainrule/graph/tape.h"
#include "chainrule/io/c_int8.h"
#include "chainrule/io/c_ops.h"
#include "chainrule/io/c_self_test.h"
#include "chainrule/io/c_text.h"

namespace chainrule {
namespace {

/// Beyond that no compiler wants to read it.
constexpr Index kMostConstants = Index{1} << 26;

constexpr std::string_view kAsProbabilities = R"(/* logits become probabilities */
static void probabilities(float *x, int n)
{
  float top = x[0], sum = 0.0f;
  for (int i = 1; i < n; ++i) top = x[i] > top ? x[i] : top;
  for (int i = 0; i < n; ++i) sum += x[i] = expf(x[i] - top);
  for (int i = 0; i < n; ++i) x[i] /= sum;
}
)";

constexpr std::string_view kAsProbability = R"(/* logits become probabilities */
static void probabilities(float *x, int n)
{
  for (int i = 0; i < n; ++i) x[i] = 1.0f / (1.0f + expf(-x[i]));
}
)";

/// Does the output name a class?
bool tells_class(const Model& m) { return m.schema.task == Task::classification; }

bool scaled_back(const Model& m) {
  return m.schema.task == Task::regression &&
         std::ranges::any_of(m.schema.targets,
                             [](const Target& t) { return t.scale != 1 || t.offset != 0; });
}

/// What follows the network in predict().
enum class Finish { nothing, softmax, sigmoid, units };

Finish finish_of(const Model& m, bool probabilities) {
  if (probabilities && m.schema.output == OutputKind::logits) return Finish::softmax;
  if (probabilities && m.schema.output == OutputKind::binary_logit) return Finish::sigmoid;
  return scaled_back(m) ? Finish::units : Finish::nothing;
}

std::string output_meaning(const Model& m, Finish finish) {
  if (finish == Finish::softmax || finish == Finish::sigmoid) return "probabilities";
  switch (m.schema.output) {
    case OutputKind::logits:
      return "logits: the largest is the class, softmax makes probabilities of them";
    case OutputKind::probabilities:
      return "probabilities of the classes";
    case OutputKind::binary_logit:
      return "logit: above 0 means yes, 1 / (1 + exp(-logit)) is the probability";
    case OutputKind::binary_probability:
      return "probability of yes";
    case OutputKind::values:
      break;
  }
  std::string names;
  for (const Target& t : m.schema.targets) names += cat(names.empty() ? "" : ", ", t.name);
  return names.empty() || tells_class(m) ? "the network's numbers" : c_text::comment(names);
}

/// Writes the float network; returns its scratch memory.
CScratch write_float(CWriter& out) {
  const CPlan plan = c_plan(out.model());
  for (const CStep& step : plan.steps) out.operation(step);
  if (plan.steps.empty())
    out.line(cat("for (int i = 0; i < ", out.model().outputs(), "; ++i) output[i] = input[i];"));
  return plan.scratch;
}

void write_finish(CWriter& out, Finish finish) {
  const Model& m = out.model();
  if (finish == Finish::softmax || finish == Finish::sigmoid) {
    out.function(finish == Finish::softmax ? kAsProbabilities : kAsProbability);
    out.line(cat("probabilities(output, ", m.outputs(), ");"));
  } else if (finish == Finish::units) {
    for (std::size_t i = 0; i < m.schema.targets.size(); ++i)
      out.line(cat("output[", i, "] = (float)((double)output[", i, "] * ",
                   c_text::number(m.schema.targets[i].scale, "the target's scale"), " + ",
                   c_text::number(m.schema.targets[i].offset, "the target's offset"), ");"));
  }
}

/// What the library makes of rows, and then predict()'s last step.
Tensor<float> expected_outputs(const Model& m, const Int8Network* int8, std::span<const float> rows,
                               Finish finish) {
  const Index width = m.input().shape().size(), count = static_cast<Index>(rows.size()) / width;
  Tensor<float> y(count, m.outputs());
  if (int8 != nullptr) {
    y = int8->run(rows);
  } else {
    Tape<float> tape(m.params(), {.rows = count, .outputs = {m.output()}});
    tape.set(m.input(), rows);
    tape.forward();
    std::ranges::copy(tape.value(m.output()).span(), y.span().begin());
  }
  for (Index r = 0; r < count; ++r) {
    const std::span<float> row = y.row(r);
    if (finish != Finish::nothing) finish_outputs(m.schema, row);
  }
  return y;
}

/// A function that other files may call: its declaration with a comment, and its definition.
struct CFunction {
  std::string about, head, body;
};

/// Are the columns of the table the network's input as they are?
bool takes_raw(const Schema& s) {
  return std::ranges::all_of(s.inputs, [](const Input& c) {
    return c.kind != InputKind::category && c.offset == 0 && c.scale == 1;
  });
}

std::vector<CFunction> from_raw(const Model& m, const std::string& prefix) {
  const Schema& p = m.schema;
  const Index width = m.input().shape().size();
  if (p.picture().rank() > 0 && p.picture().size() == width)
    return {
        {"Input from the bytes of a picture, row by row, bright ink on black.",
         cat("void ", prefix, "_pixels(const unsigned char pixels[", width, "], float input[",
             width, "])"),
         cat("  for (int i = 0; i < ", width, "; ++i) input[i] = (float)pixels[i] / 255.0f;\n")}};
  if (takes_raw(p) || !p.has_columns()) return {};
  Index features = 0;
  std::string about =
      "Input from a row of the table, NAN where a value is missing, its columns in this order:";
  std::string body;
  const auto constant = [](double v) { return c_text::number(v, "a column's scaling"); };
  for (std::size_t i = 0; i < p.inputs.size(); ++i) {
    const Input& c = p.inputs[i];
    about += cat("\n     ", c_text::comment(c.name));
    if (c.kind != InputKind::category) {
      const std::string value = std::isnan(c.fill) ? cat("raw[", i, "]")
                                                   : cat("(raw[", i, "] != raw[", i, "] ? ",
                                                         constant(c.fill), " : raw[", i, "])");
      body += cat("  input[", features, "] = (float)((", value, " - ", constant(c.offset), ") / ",
                  constant(c.scale), ");\n");
      ++features;
      continue;
    }
    about += ", as the number of its category:";
    for (std::size_t k = 0; k < c.categories.size(); ++k)
      about += cat(k == 0 ? " " : ", ", k, " ", c_text::comment(c.categories[k]));
    body += cat("  for (int k = 0; k < ", c.categories.size(), "; ++k) input[", features,
                " + k] = raw[", i, "] == (double)k ? 1.0f : 0.0f;\n");
    if (c.missing_category)
      body += cat("  input[", features + std::ssize(c.categories), "] = raw[", i, "] != raw[", i,
                  "] ? 1.0f : 0.0f;\n");
    features += c.features();
  }
  if (features != width) return {};
  return {{about,
           cat("void ", prefix, "_prepare(const double raw[", p.inputs.size(), "], float input[",
               width, "])"),
           body}};
}

CFunction class_function(const Model& m, const std::string& prefix, Finish finish) {
  const Index n = m.outputs();
  const std::string head = cat("int ", prefix, "_class(const float output[", n, "])");
  if (n == 1) {
    const bool finished = finish != Finish::nothing;
    const float boundary =
        finished ? static_cast<float>(m.schema.threshold) : decision_boundary(m.schema);
    return {"The class that an output means, 0 or 1.", head,
            cat("  return output[0] > ", c_text::number(boundary, "the threshold"), ";\n")};
  }
  return {cat("The class that an output means, 0 to ", n - 1, "."), head,
          cat("  int best = 0;\n  for (int i = 1; i < ", n,
              "; ++i)\n    if (output[i] > output[best]) best = i;\n  return best;\n")};
}

std::string input_meaning(const Model& m) {
  const Schema& p = m.schema;
  if (p.picture().rank() > 0)
    return cat(p.picture().str(), " pixels from 0 (black) to 1, row by row");
  if (p.has_columns() && !takes_raw(p)) return "the columns of a table after scaling, see below";
  std::string names;
  for (const Input& c : p.inputs) names += cat(names.empty() ? "" : ", ", c_text::comment(c.name));
  if (!names.empty() && names.size() < 80) return names;
  return "numbers as in training";
}

std::string header(const Model& m, const CCodeOptions& o, Finish finish, const CScratch& scratch,
                   Index flash) {
  const std::string& p = o.prefix;
  std::string s =
      cat("/* ", p, ": a neural network in C99, written by chainrule ", CHAINRULE_VERSION,
          o.source.empty() ? "" : cat(" from ", c_text::comment(o.source)), "\n\n");
  s += cat("   model    ", c_text::comment(m.text()), o.int8 != nullptr ? "   (int8)" : "", "\n");
  s += cat("   input    ", m.input().shape().size(), ": ", input_meaning(m), "\n");
  s += cat("   output   ", m.outputs(), ": ", output_meaning(m, finish), "\n");
  s += cat("   memory   ", grouped(flash), " bytes of constants (flash), ", grouped(scratch.bytes),
           " bytes of static scratch (RAM); nothing is allocated\n");
  if (o.int8 != nullptr)
    s += cat("   int8     a number is scale * (q - zero), q from -128 to 127; ranges of ",
             grouped(o.int8->calibration_rows()), " rows\n");
  s +=
      cat("   threads  one call at a time, for the scratch memory is shared\n"
          "   test     cc -std=c99 -DCHAINRULE_SELF_TEST FILE.c -lm && ./a.out */\n");
  return s;
}

}  // namespace

namespace {

/// The array of the labels; a constant of C++ is known outside its file only if it is declared so.
std::string class_names(const Model& model, const CCodeOptions& options) {
  std::vector<std::string> names;
  for (const std::string& name : model.schema.labels) names.push_back(c_text::quoted(name));
  const std::string name = cat(options.prefix, "_class_names");
  std::string array = c_text::array("char *const", name, names, std::ssize(names));
  if (options.header) return "\n" + array;
  array.erase(0, std::string_view("static ").size());
  return cat("extern const char *const ", name, "[", names.size(), "];\n", array);
}

}  // namespace

CCode c_code(const Model& model, const CCodeOptions& options) {
  if (!c_text::is_identifier(options.prefix))
    throw Error(cat("the prefix '", options.prefix,
                    "' is no C identifier, expected a letter, then letters, digits and _"));
  Index constants = 0;
  for (int i = 0; i < model.params().count(); ++i) constants += model.params()[i].size();
  if (constants > kMostConstants)
    throw Error(cat("the model has ", grouped(constants),
                    " parameters, C code is written for up to ", grouped(kMostConstants)));

  CWriter out(model, options.prefix);
  const Finish finish = finish_of(model, options.probabilities);
  const CScratch scratch =
      options.int8 != nullptr ? write_int8(out, *options.int8) : write_float(out);
  write_finish(out, finish);

  const Index width = model.input().shape().size(), n = model.outputs();
  std::vector<CFunction> functions = from_raw(model, options.prefix);
  functions.push_back({"The network's output for one row.",
                       cat("void ", options.prefix, "_predict(const float input[", width,
                           "], float output[", n, "])"),
                       cat(scratch.declarations.empty() ? "" : "  ", scratch.declarations,
                           scratch.declarations.empty() ? "" : "\n", out.body())});
  const bool classes = tells_class(model);
  if (classes) functions.push_back(class_function(model, options.prefix, finish));

  std::string text = header(model, options, finish, scratch, out.flash());
  if (options.header)
    text += cat("\n#ifndef ", options.prefix, "_h\n#define ", options.prefix, "_h\n");
  text +=
      cat("\n#include <math.h>\n", options.int8 != nullptr ? "#include <stdint.h>\n" : "", "\n");
  if (options.header) text += "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
  // In a header everything belongs to the file that includes it.
  const std::string linkage = options.header ? "static inline " : "";
  for (const CFunction& f : functions) text += cat("/* ", f.about, " */\n", linkage, f.head, ";\n");
  if (classes && !model.schema.labels.empty()) text += class_names(model, options);
  text += cat("\n", out.data(), "\n", out.functions());
  for (std::size_t i = 0; i < functions.size(); ++i)
    text += cat(i == 0 ? "" : "\n", linkage, functions[i].head, "\n{\n", functions[i].body, "}\n");
  if (options.header) text += "\n#ifdef __cplusplus\n}\n#endif\n#endif\n";

  std::vector<float> made_up;
  std::span<const float> rows = options.test_rows;
  if (rows.empty()) rows = made_up = made_up_rows(model);
  if (rows.size() % static_cast<std::size_t>(width) != 0)
    throw Error(cat("the self-test needs rows of ", width, " numbers"));
  text += c_self_test(options.prefix, rows, expected_outputs(model, options.int8, rows, finish),
                      options.int8 != nullptr ? 1e-2f : 1e-5f);
  return {std::move(text), out.flash(), scratch.bytes};
}

}  // namespace chainrule
