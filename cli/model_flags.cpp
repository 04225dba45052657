#include "cli/model_flags.h"

#include <charconv>
#include <string_view>

#include "chainrule/graph/registry.h"
#include "chainrule/layers/init.h"
#include "chainrule/model/layer_table.h"
#include "chainrule/model/loss_table.h"
#include "cli/format.h"

namespace chainrule::cli {
namespace {

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

std::vector<std::string_view> pieces(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    parts.push_back(trim(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts;
}

/// Two classes are one number: the logit of the second.
Index output_width(const Dataset& data) {
  if (!data.has_classes()) return data.target_size();
  return data.class_count() == 2 ? 1 : data.class_count();
}

bool is_logic(const Dataset& data) { return data.rows() <= 8; }

std::string default_hidden(const Dataset& data) {
  if (data.image.rank() > 0) return "linear 128, relu, ";
  if (is_logic(data)) return "linear 4, tanh, ";  // AND, OR, XOR
  return data.features.size() == 2 ? "linear 32, relu, linear 32, relu, " : "linear 32, relu, ";
}

std::string hidden_layers(const std::string& widths) {
  std::string text;
  for (const std::string_view piece : pieces(widths)) {
    Index width = 0;
    const auto [end, error] = std::from_chars(piece.data(), piece.data() + piece.size(), width);
    if (error != std::errc{} || end != piece.data() + piece.size() || width < 1)
      throw UsageError(
          cat("--hidden expects widths such as 16 or 64,32; '", piece, "' is not a width"));
    text += cat("linear ", width, ", relu, ");
  }
  return text;
}

/// A last layer "linear" without N has as many outputs as the data want.
std::string completed(const std::string& text, Index width) {
  return pieces(text).back() == "linear" ? cat(text, " ", width) : text;
}

std::string model_text(const ModelFlags& flags, const Dataset& data) {
  if (!flags.text.empty()) return completed(flags.text, output_width(data));
  return (flags.hidden.empty() ? default_hidden(data) : hidden_layers(flags.hidden)) +
         cat("linear ", output_width(data));
}

/// Numbers that the network gives per row, for a text whose loss is not known yet: this loss
/// takes any number.
Index outputs_of(const std::string& text, const Dataset& data) {
  return Model(text, data.features, {.loss = "squared_error", .picture = data.image}).outputs();
}

std::string default_loss(const std::string& text, const Dataset& data, Index outputs, Task task) {
  if (!data.has_classes() && task != Task::multilabel) return "squared_error";
  const LayerSpecs layers = parse_model(text);
  const OpTraits& last = op_traits(flat(layers).back()->kind->name);
  if (last.probabilities() && last.competes && task != Task::multilabel)
    return "categorical_cross_entropy";
  if (outputs > 1 && task != Task::multilabel) return "softmax_cross_entropy";
  const bool probability = last.probabilities() && !last.competes;
  return probability ? "binary_cross_entropy" : "binary_cross_entropy_logits";
}

void check_width(const Dataset& data, Index outputs) {
  const bool binary = data.has_classes() && data.class_count() == 2;
  const Index wanted = data.has_classes() ? data.class_count() : data.target_size();
  if (outputs == wanted || (binary && outputs == 1)) return;
  const std::string have =
      data.has_classes()
          ? cat("the data has ", data.class_count(), " classes")
          : cat("the data asks for ", wanted, wanted == 1 ? " number" : " numbers", " per row");
  throw UsageError(cat("the model gives ", outputs, outputs == 1 ? " number" : " numbers",
                       " per row, ", have, ": end it with 'linear ", output_width(data), "'"));
}

std::map<std::string, double> penalties(const char* flag, const std::vector<std::string>& given) {
  std::map<std::string, double> result;
  for (const std::string& text : given) {
    const std::size_t equals = text.rfind('=');
    const std::string pattern = equals == std::string::npos ? "*.weight" : text.substr(0, equals);
    const std::string number = equals == std::string::npos ? text : text.substr(equals + 1);
    double value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc{} || end != number.data() + number.size() || !(value >= 0))
      throw UsageError(cat(flag,
                           " expects a number such as 0.0001, or a pattern and a number such "
                           "as 'fc1.*=0.0001', not '",
                           text, "'"));
    result[pattern] = value;
  }
  return result;
}

}  // namespace

void declare_model_flags(Args& args, ModelFlags& flags) {
  args.flag("--model", "TEXT", &flags.text,
            "the layers, such as 'linear 50, relu, linear 10'; chainrule train --help lists them");
  args.flag("--hidden", "N[,N]", &flags.hidden,
            "short for hidden layers of these widths with relu; the last layer is added");
  args.flag("--loss", "NAME", &flags.loss,
            "what is minimised; by default what suits the data: " + joined(loss_names()));
  args.flag("--init", "NAME", &flags.init,
            "first weights; by default what suits the activation: " + joined(initializer_names()));
  args.flag("--l1", "[PATTERN=]X", &flags.l1,
            "adds X times the sum of |w| to the loss, for weights or for parameters named so; "
            "may be repeated");
  args.flag("--l2", "[PATTERN=]X", &flags.l2, "the same with the sum of squares");
  args.flag("--label-smoothing", "X", &flags.label_smoothing,
            "share of each target that is spread over all classes");
}

void check_model_flags(const ModelFlags& flags) {
  if (!flags.text.empty() && !flags.hidden.empty())
    throw UsageError("--model and --hidden exclude each other");
  if (!flags.text.empty()) parse_model(completed(flags.text, 1));
  if (!flags.hidden.empty()) hidden_layers(flags.hidden);
  if (!flags.loss.empty()) loss_kind(flags.loss);
  if (!flags.init.empty()) initializer(flags.init);
  model_options(flags, 0);
}

ModelOptions model_options(const ModelFlags& flags, std::uint64_t seed) {
  ModelOptions options;
  options.init = flags.init;
  options.seed = seed;
  options.l1 = penalties("--l1", flags.l1);
  options.l2 = penalties("--l2", flags.l2);
  options.label_smoothing = flags.label_smoothing;
  return options;
}

Model make_model(const ModelFlags& flags, const Dataset& data, std::uint64_t seed, Task task) {
  const std::string text = model_text(flags, data);
  const Index outputs = outputs_of(text, data);
  check_width(data, outputs);
  ModelOptions options = model_options(flags, seed);
  options.loss = flags.loss.empty() ? default_loss(text, data, outputs, task) : flags.loss;
  options.picture = data.image;
  return Model(text, data.features, options);
}

}  // namespace chainrule::cli
