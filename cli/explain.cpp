// chainrule explain: where a gradient comes from, number by number.
#include "cli/explain.h"

#include <memory>

#include "chainrule/optim/optimizers.h"
#include "cli/args.h"
#include "cli/format.h"
#include "cli/load_data.h"
#include "cli/recipe.h"

namespace chainrule::cli {

Command explain_command() {
  Command c;
  c.name = "explain";
  c.usage = "FORMULA name=value... | MODEL DATA [flags]";
  c.summary = "take a backward pass apart, number by number";
  c.about =
      "Shows the forward pass node by node and the backward pass edge by edge as upstream × local "
      "derivative = downstream, sums where several paths meet, and compares the gradient of each "
      "input with central differences.\n"
      "A formula has + - * / ^, @ for products of matrices, and names for results: "
      "'z = x @ w + b; relu(z)'. A value is a number, a vector [1, 2] or a matrix "
      "[[1, 2], [3, 4]]. Functions: relu, sigmoid, tanh, exp, log, sqrt, abs, max, min, sum, mean, "
      "softmax, transpose, cross_entropy(p, t) of probabilities and softmax_cross_entropy(x, t) of "
      "logits, where t is like p or the number of a class.\n"
      "Of a model and data it shows each layer on one batch, or with --at one number of a gradient "
      "as the sum of what every sample adds to it. Weights are named as in PyTorch: "
      "fc1.weight[37,12] leads from input 12 to output 37; relu1[5,37] is unit 37 in row 5 of the "
      "batch, x[0,14,20] a pixel of its first picture.";
  c.examples =
      "  chainrule explain '(apple*apple_num + orange*orange_num)*tax' \\\n"
      "      apple=100 apple_num=2 orange=150 orange_num=3 tax=1.1\n"
      "  chainrule explain 'softmax(x)' x='[1, 2, 3]'\n"
      "  chainrule explain 'z = x @ w + b; cross_entropy(softmax(z), t)' x='[1, 2]' \\\n"
      "      w='[[0.1, 0.2], [0.3, 0.4]]' b='[0, 0.1]' t=1 --svg network.svg\n"
      "  chainrule explain run/model.safetensors digits --at 'fc1.weight[37,400]'\n"
      "  chainrule explain run/model.safetensors digits --pictures pictures\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<ExplainFlags>();
    args.positional("FORMULA | MODEL", &flags->words,
                    "a formula and a value for each of its names, or a model file and data");
    declare_data_flags(args, flags->data, DataUse::look);
    args.group("Model");
    args.flag("--at", "NAME", &flags->at, "the number to take apart, such as 'fc1.bias[3]'");
    args.flag("--values", "", &flags->values,
              "also the arrays themselves, what goes into each layer, what comes out, gradients");
    args.flag("--batch", "N", &flags->batch, "rows");
    args.flag("--seed", "N", &flags->seed,
              "chooses the rows: the first batch of a training run with this seed");
    args.flag("--part", "PART", &flags->part, "rows of named data: train or test");
    args.flag("--steps", "N", &flags->steps,
              "of training from a fresh start that --html and --pictures show; 0 for none");
    args.flag("--float", "", &flags->in_float, "compute in float, as training does, not in double");
    args.group("Step (with --at), and training that is shown");
    args.flag("--update", "", &flags->update, "also what a training step does to the number");
    args.flag("--optimizer", "NAME", &flags->optimizer, joined(optimizer_names()));
    args.flag("--lr", "RATE", &flags->lr, "learning rate; by default what suits the optimizer");
    args.flag("--momentum", "X", &flags->momentum, "of momentum, nesterov, rmsprop");
    args.flag("--weight-decay", "X", &flags->weight_decay, "each step shrinks the parameters");
    args.flag("--clip-norm", "X", &flags->clip_norm, "limits the norm of all gradients");
    args.flag("--clip-value", "X", &flags->clip_value, "limits each gradient");
    args.flag("--after", "N", &flags->after, "steps to train before, so that momentum has grown");
    args.group("Output");
    args.flag("--svg", "FILE", &flags->svg,
              "the graph drawn: values above the arrows, gradients below");
    args.flag("--html", "FILE", &flags->html,
              "a page to open in a browser: nodes to look into, a slider forward and backward");
    args.flag("--pictures", "DIR", &flags->pictures,
              "of a model: weights, input gradients, gradient flow by layer, border of two inputs");
    args.flag("--json", "", &flags->json,
              "the explanation as one JSON object on standard output, all else on standard error");
    return [flags] {
      const bool model = !flags->words.empty() && (ends_with(flags->words[0], ".safetensors") ||
                                                   is_run_folder(flags->words[0]));
      return model ? explain_model(*flags) : explain_formula(*flags);
    };
  };
  return c;
}

}  // namespace chainrule::cli
