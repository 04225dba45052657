// What a wrong text or option is told.
#include <algorithm>
#include <gtest/gtest.h>

#include "chainrule/core/random.h"
#include "chainrule/model/layer_table.h"
#include "chainrule/model/model.h"

namespace chainrule {
namespace {

std::string error_of(std::string_view text, const ModelOptions& options = {},
                     const Shape& features = {784}) {
  try {
    const Model model(text, features, options);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

void expect_error(std::string_view text, std::string_view expected) {
  EXPECT_EQ(error_of(text), expected);
}

TEST(ModelText, UnknownLayers) {
  expect_error("linaer 50, relu, linear 10",
               "unknown layer 'linaer' at column 1 of the model (did you mean 'linear'?)\n"
               "    linaer 50, relu, linear 10\n"
               "    ^~~~~~");
  expect_error("linear 50, rellu, linear 10",
               "unknown layer 'rellu' at column 12 of the model (did you mean 'relu'?)\n"
               "    linear 50, rellu, linear 10\n"
               "               ^~~~~");
  EXPECT_TRUE(error_of("transmogrifier 3")
                  .starts_with("unknown layer 'transmogrifier' at column 1 of the model"));
  EXPECT_TRUE(error_of("50").starts_with("unknown layer '50' at column 1 of the model"));
}

TEST(ModelText, Sizes) {
  constexpr std::string_view kUsage = "linear N [bias=true] [init=NAME]";
  expect_error("linear, relu", cat("'linear' without N at column 1 of the model, expected ", kUsage,
                                   "\n    linear, relu\n    ^~~~~~"));
  for (const char* size : {"-5", "0", "5.0", "1e3", "fifty", "99999999999999999999", "0x10", "5;"})
    expect_error(cat("relu, linear ", size, ", relu"),
                 cat("'", size,
                     "' at column 14 of the model, expected a whole number from 1 to "
                     "2,147,483,647 (",
                     kUsage, ")\n    relu, linear ", size, ", relu\n    ", std::string(13, ' '),
                     "^", std::string(std::string(size).size() - 1, '~')));
  expect_error("linear 50 20", cat("'20' is one argument too many at column 11 of the model, "
                                   "expected ",
                                   kUsage, "\n    linear 50 20\n              ^~"));
  expect_error("relu 1",
               "'1' is one argument too many at column 6 of the model, expected relu\n"
               "    relu 1\n         ^");
  expect_error("linear 2000000000",
               "more than 2,147,483,648 parameters at column 1 of the model\n"
               "    linear 2000000000\n    ^~~~~~");
  const std::string many = error_of("linear 50000, linear 50000");
  EXPECT_TRUE(many.starts_with("more than 2,147,483,648 parameters at column 15")) << many;
  EXPECT_TRUE(error_of("linear 2147483647, linear 2147483647").starts_with("more than"));
}

TEST(ModelText, Numbers) {
  for (const char* rate : {"1", "-0.1", "nan", "inf", "half", "1e999", "0.2x"})
    EXPECT_TRUE(error_of(cat("dropout ", rate))
                    .starts_with(cat("'", rate,
                                     "' at column 9 of the model, expected a number "
                                     "from 0 to less than 1 (dropout RATE [channels=false])\n")))
        << rate;
  EXPECT_TRUE(error_of("dropout").starts_with("'dropout' without rate at column 1"));
  EXPECT_TRUE(error_of("elu 0").starts_with(
      "'0' at column 5 of the model, expected a number above 0 (elu [ALPHA])"));
  EXPECT_TRUE(error_of("batch_norm momentum=2")
                  .starts_with("'2' at column 21 of the model, expected a number from 0 to 1 "
                               "(batch_norm [momentum=0.1]"));
}

TEST(ModelText, Options) {
  EXPECT_TRUE(
      error_of("linear 5 bais=false")
          .starts_with(
              "unknown option 'bais' at column 10 of the model, expected linear N [bias=true]"));
  EXPECT_TRUE(error_of("linear 5 bias=no")
                  .starts_with("'no' at column 15 of the model, expected true or false"));
  EXPECT_TRUE(
      error_of("linear 5 bias=false bias=true").starts_with("'bias' is given twice at column 21"));
  EXPECT_TRUE(error_of("linear 5 N=5").starts_with("'N' is given twice at column 10"));
  EXPECT_TRUE(error_of("linear 5 bias=")
                  .starts_with("'bias=' at column 10 of the model, expected key=value"));
  EXPECT_TRUE(error_of("linear 5 =true").starts_with("'=true' at column 10"));
  expect_error("linear 5 init=he_norml",
               "unknown initialiser 'he_norml' (did you mean 'he_normal'?) at column 15 of the "
               "model\n    linear 5 init=he_norml\n                  ^~~~~~~~");
}

TEST(ModelText, Missing) {
  for (const char* text : {"", "  ", "\t\n"})
    expect_error(text,
                 "the model has no layers, expected for example 'linear 50, relu, linear 10'");
  expect_error("linear 5,, relu",
               "a layer is missing at column 10 of the model\n"
               "    linear 5,, relu\n             ^");
  expect_error("linear 5,",
               "a layer is missing at column 10 of the model\n"
               "    linear 5,\n             ^");
  EXPECT_TRUE(error_of(",").starts_with("a layer is missing at column 1"));
}

TEST(ModelText, HostileTexts) {
  EXPECT_EQ(error_of(std::string(10'001, ' ')),
            "the model's text has 10,001 characters, at most 10,000 are allowed");
  std::string many = "relu";
  for (int i = 0; i < 1000; ++i) many += ",relu";
  EXPECT_EQ(error_of(many), "the model has more than 1,000 layers");
  // Nothing that a terminal obeys is printed, and a long text only in part.
  const std::string escape = error_of("re\x1b[31mlu\x9b\xc3");
  EXPECT_TRUE(escape.starts_with("unknown layer 're?[31mlu?\?' at column 1")) << escape;
  EXPECT_TRUE(escape.ends_with("\n    re?[31mlu?\?\n    ^~~~~~~~~~~")) << escape;
  const std::string late = error_of(std::string(5000, ' ') + "linear x" + std::string(900, '\n'));
  EXPECT_TRUE(late.starts_with("'x' at column 5008 of the model")) << late;
  EXPECT_LT(late.size(), 400u);
  EXPECT_NE(late.find("\n    ..."), late.npos);
  EXPECT_NE(late.find("...\n       " + std::string(40, ' ') + "^"), late.npos) << late;
  EXPECT_LT(error_of(std::string(9'000, 'a')).size(), 500u);
  EXPECT_LT(error_of("relu " + std::string(9'000, 'a')).size(), 400u);
}

TEST(ModelText, DamagedTextsAreReadOrRefused) {
  const std::string_view good =
      "linear 50 bias=false init=normal:0.01, relu, dropout 0.2, leaky_relu 0.1, batch_norm "
      "momentum=0.3, linear 10";
  Random random(4);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text(good);
    for (std::uint32_t edits = 1 + random.below(4); edits > 0; --edits) {
      const std::size_t at = random.below(static_cast<std::uint32_t>(text.size()));
      switch (random.below(3)) {
        case 0:
          text[at] = static_cast<char>(random.below(256));
          break;
        case 1:
          text.erase(at, 1 + random.below(8));
          break;
        default:
          text.insert(at, text.substr(random.below(20), random.below(9)));
      }
    }
    try {
      parse_model(text);
    } catch (const Error& e) {
      ++refused;
      const std::string_view message = e.what();
      EXPECT_TRUE(
          std::ranges::all_of(message, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_LT(refused, 3000);
}

TEST(ModelOptionsText, Mistakes) {
  const auto says = [](const ModelOptions& options, std::string_view expected) {
    EXPECT_EQ(error_of("linear 2", options), expected);
  };
  says({.loss = "softmax_crossentropy"},
       "unknown loss 'softmax_crossentropy' (did you mean 'softmax_cross_entropy'?)");
  says({.init = "he"},
       "unknown initialiser 'he', expected one of zeros, constant, normal, uniform, "
       "glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_uniform, "
       "lecun_normal, orthogonal");
  says({.l2 = {{"fc2.*", 0.1}}},
       "no parameter matches 'fc2.*' of l2, expected one of fc1.weight, "
       "fc1.bias");
  says({.l1 = {{"fc1.wieght", 0.1}}},
       "no parameter matches 'fc1.wieght' of l1 (did you mean 'fc1.weight'?)");
  says({.l1 = {{"*", -1}}}, "l1 of '*' is -1, expected a number from 0");
  says({.loss = "squared_error", .label_smoothing = 0.1},
       "label smoothing is for softmax_cross_entropy, the loss is squared_error");
  const std::string smoothing = error_of("linear 2", {.label_smoothing = 1});
  EXPECT_TRUE(smoothing.starts_with("[softmax_cross_entropy] label_smoothing is 1, expected"));
  EXPECT_NE(error_of("linear 1", {.loss = "hinge"}), "");
}

TEST(ModelHelp, NamesEveryLayerAndLoss) {
  EXPECT_EQ(layer_help().size(), layer_names().size());
  EXPECT_EQ(loss_help().size(), loss_names().size());
  EXPECT_EQ(layer_help()[0].usage, "linear N [bias=true] [init=NAME]");
  for (const HelpLine& line : layer_help()) EXPECT_FALSE(line.text.empty()) << line.usage;
}

TEST(ModelText, BranchesRepetitionsAndParts) {
  const auto canonical = [](std::string_view text) { return text_of(parse_model(text)); };
  for (const char* text :
       {"linear 16, residual(linear 16, tanh, linear 16), linear 2",
        "concat(linear 8 | linear 8, tanh), linear 2", "3 * (linear 50, relu), linear 2",
        "e = (linear 5, tanh), e, linear 5, e, linear 2", "add(identity | 2 * linear 5)",
        "maximum(linear 3 | concat(linear 1 | linear 2))", "3 * relu, linear 2",
        "2 * residual(linear 5, 2 * (relu, linear 5)), linear 2"}) {
    EXPECT_EQ(canonical(text), text);
    const Model m(text, {5}, {.loss = "squared_error"});
    EXPECT_EQ(m.text(), text);
    EXPECT_TRUE(m.output().shape().batched());
  }
  EXPECT_EQ(canonical("concat( | linear 2 ),3*( relu )"), "concat( | linear 2), 3 * (relu)");
  const Model shared("e = (linear 5, tanh), e, relu, e, linear 2", {5});
  EXPECT_EQ(shared.graph().params().size(), 4U);  // fc1 once, fc2
  EXPECT_EQ(shared.graph().find("fc1_2").shape().str(), "[B, 5]");
  const Model branches("concat(linear 3 | linear 4, tanh), linear 2", {5});
  EXPECT_EQ(branches.graph().find("concat1").shape().str(), "[B, 7]");
}

TEST(ModelText, WrongBranches) {
  EXPECT_TRUE(error_of("linear 5, residual(linear 4)")
                  .starts_with("[add \"add1\"] the operands are [B, 5] and [B, 4]"));
  expect_error("concat(linear 4",
               "this bracket is never closed at column 7 of the model\n"
               "    concat(linear 4\n          ^");
  expect_error("linear 4)",
               "')' is not expected at column 9 of the model\n    linear 4)\n            ^");
  EXPECT_TRUE(
      error_of("linear 4 (relu)").starts_with("'(' after the words of a layer at column 10"));
  EXPECT_TRUE(error_of("residual").starts_with("'residual' without branches at column 1"));
  EXPECT_TRUE(error_of("residual(relu | relu)").starts_with("'residual' has 2 branches"));
  EXPECT_TRUE(error_of("relu(linear 4)").starts_with("'relu' with branches"));
  EXPECT_TRUE(error_of("0 * relu").starts_with("'0' repetitions at column 1"));
  EXPECT_TRUE(error_of("e = relu").starts_with("'=' at column 3"));
  EXPECT_TRUE(error_of("e = (relu), linear 4").starts_with("the part 'e' is never added"));
  EXPECT_TRUE(error_of("e = (relu), e = (tanh), e").starts_with("'e' is defined twice"));
  EXPECT_TRUE(error_of("relu = (tanh), relu").starts_with("'relu' is the name of a layer"));
  EXPECT_TRUE(error_of("e, linear 2").starts_with("unknown layer 'e' at column 1"));
  EXPECT_TRUE(error_of("sum").starts_with("unknown layer 'sum' at column 1"));
  EXPECT_TRUE(error_of("(relu | tanh)").starts_with("'|' in brackets without a name"));
  EXPECT_EQ(error_of("2000 * relu"), "the model has more than 1,000 layers");
  EXPECT_EQ(error_of("40 * (40 * relu)"), "the model has more than 1,000 layers");
  EXPECT_TRUE(error_of(std::string(30, '(') + "relu" + std::string(30, ')'))
                  .starts_with("more than 20 brackets within each other"));
}

}  // namespace
}  // namespace chainrule
