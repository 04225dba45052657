// chainrule train: from data to a model file.
#include <memory>
#include <string>

#include "cli/args.h"
#include "cli/checkpoints.h"
#include "cli/repeat.h"
#include "cli/terminal.h"
#include "cli/train_flags.h"
#include "cli/train_run.h"

namespace chainrule::cli {

Command train_command() {
  Command c;
  c.name = "train";
  c.shared = true;
  c.usage = "DATA [flags]\n  chainrule train --resume DIR\n  chainrule train --again RUN";
  c.summary = "train a network and write it to a file";
  c.about =
      "Shows the data, the model and a row per epoch; writes the model, its learning curves and "
      "the confusion matrix to a folder. With validation rows, the parameters of the epoch with "
      "the "
      "least validation loss are kept. Test rows decide nothing. The folder also keeps how the run "
      "was made: --again repeats it to the bit, eval RUN measures it on its test rows.\n"
      "Ctrl-C ends training after the running step and writes what is best so far; --resume goes "
      "on "
      "from there, and after a crash from the last checkpoint.";
  c.notes_title = "Layers of --model";
  for (const HelpLine& layer : layer_help()) c.notes.emplace_back(layer.usage, layer.text);
  c.examples =
      "  chainrule train digits\n"
      "  chainrule train mnist --data ~/mnist --model 'linear 50, relu, linear 10' \\\n"
      "      --init normal:0.01 --optimizer sgd --lr 0.1 --batch 100 --steps 10000\n"
      "  chainrule train flowers.csv --target species --validation 0.2 --early-stopping 10\n"
      "  chainrule train x.npy --labels y.npy --json | tail -n 1\n"
      "  chainrule train digits --out run --checkpoint-every 500\n"
      "  chainrule train --resume run\n"
      "  chainrule train --again run --out same\n"
      "  chainrule train flowers.csv --target species --folds 5\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<TrainFlags>();
    declare_run_flags(args, *flags);
    return [flags, &args] {
      if (!flags->start.empty())
        for (const char* flag : {"--model", "--hidden", "--init", "--loss", "--l1", "--l2"})
          if (args.given(flag))
            throw UsageError(
                cat("--from and ", flag, " exclude each other: the model has its own"));
      if (flags->data.refit && flags->start.empty())
        throw UsageError("--refit is for --from: a new model is fitted to its rows anyway");
      if (!flags->resume.empty() && !flags->again.empty())
        throw UsageError("--resume and --again exclude each other");
      const Terminal out(flags->json ? stderr : stdout);
      if (!flags->resume.empty()) return train(resume_run(flags->resume, args.given()), out);
      if (!flags->again.empty()) return train_again(flags->again, args.given(), out);
      if (flags->data.name.empty())
        throw UsageError("DATA is missing: chainrule train --help shows how");
      if (args.given("--folds") || args.given("--seeds")) return train_repeatedly(*flags, out);
      return train(*flags, args.given(), out);
    };
  };
  return c;
}

}  // namespace chainrule::cli
