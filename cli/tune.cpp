// chainrule tune: the best settings that a search finds, chosen on validation rows, tested once.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/args.h"
#include "cli/terminal.h"
#include "cli/tune_log.h"
#include "cli/tuning.h"

namespace chainrule::cli {
namespace {

void declare_tune_flags(Args& args, TuneFlags& f) {
  declare_train_flags(args, f.train, false);
  args.group("Search");
  args.flag("--try", "FLAG=VALUES", &f.choices,
            "what to choose: lr=log:1e-4:1, batch=16,32, hidden=logint:8:128 or 'model=linear "
            "{16,32}, relu, linear 2'; may be repeated");
  args.flag("--budget", "TIME", &f.budget, "how long to search: 60s, 5m or 2h; by default 60s");
  args.flag("--trials", "N", &f.trials, "so many networks instead of a time");
  args.flag("--resume", "DIR", &f.resume, "goes on with the search in DIR");
}

}  // namespace

Command tune_command() {
  Command c;
  c.name = "tune";
  c.usage = "DATA [flags]\n  chainrule tune --resume DIR";
  c.summary = "search the settings with which a network learns best";
  c.about =
      "Draws settings at random, trains one network per processor for a few epochs each, and lets "
      "the best third go on to three times as many (asynchronous successive halving, Li and others "
      "2020). Validation rows decide: those of train, or a fifth of few rows. The winner is "
      "trained "
      "again to its end and tested once. All other flags are those of train.\n"
      "With --trials the same seed gives the same table, on any number of processors, and after a "
      "search that was killed goes on with --resume.";
  c.examples =
      "  chainrule tune flowers.csv --target species --budget 60s\n"
      "  chainrule tune digits --try lr=log:1e-4:0.1 \\\n"
      "      --try 'model=linear {32,64}, relu, linear 10' --trials 27 --json\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<TuneFlags>();
    declare_tune_flags(args, *flags);
    return [flags, &args] {
      Settings given = args.given();
      if (!flags->resume.empty()) {
        if (!flags->train.data.name.empty()) throw UsageError("--resume knows its DATA");
        std::vector<std::string> words = TuneLog::words_in(flags->resume);
        for (const auto& [name, value] : given) words.push_back(cat(name, "=", value));
        *flags = {};
        Args own;
        declare_tune_flags(own, *flags);
        own.parse("tune", words);
        given = own.given();
      }
      if (flags->train.data.name.empty())
        throw UsageError("DATA is missing: chainrule tune --help shows how");
      if (flags->trials < 0) throw UsageError(cat("--trials cannot be ", flags->trials));
      const Terminal out(flags->train.json ? stderr : stdout);
      return tune(*flags, std::move(given), out);
    };
  };
  return c;
}

}  // namespace chainrule::cli
