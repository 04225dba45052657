// The program: finds the command, reads its flags, turns errors into a sentence and an exit code.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include "cli/args.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/ranks.h"
#include "cli/terminal.h"

namespace chainrule::cli {
namespace {

constexpr int kHelpWidth = 100;

constexpr const char* kExitCodes =
    "  0    done\n"
    "  1    check or compare found a wrong gradient, or the accuracy is below --min-accuracy\n"
    "  2    the command line is wrong: an unknown flag, a typo in a model, sizes that do not fit\n"
    "  3    a file or the data in it cannot be used, or the result cannot be written\n"
    "  4    training met numbers that are not finite\n"
    "  5    a rank of several was lost, or was started with something else than the others\n"
    "  130  interrupted by Ctrl-C, SIGTERM or SIGHUP; the best model so far was written\n";

std::vector<Command> commands() {
  return {train_command(),     tune_command(),       runs_command(),      eval_command(),
          predict_command(),   check_command(),      explain_command(),   compare_command(),
          doctor_command(),    inspect_command(),    export_command(),    import_command(),
          data_list_command(), data_fetch_command(), data_make_command(), data_show_command()};
}

int help_width(const Terminal& out) { return std::min(out.width(), kHelpWidth); }

void print_overview(const std::vector<Command>& all) {
  const Terminal out(stdout);
  out.line("chainrule: neural networks trained by backpropagation, every gradient checked");
  out.line();
  out.line(out.bold("Usage"));
  out.line("  chainrule COMMAND [arguments] [flags]");
  out.line();
  out.line(out.bold("Commands"));
  for (const Command& c : all) {
    const std::string left = pad_right("  " + c.name, 14);
    out.line(wrap(left + c.summary, help_width(out), 14));
  }
  out.line();
  out.line(out.bold("Examples"));
  out.line("  chainrule train digits");
  out.line(
      "  chainrule train mnist --data ~/mnist --model 'linear 50, relu, linear 10' --epochs 10");
  out.line("  chainrule train flowers.csv --target species --hidden 16");
  out.line("  chainrule predict run/model.safetensors seven.png");
  out.line("  chainrule check --model 'linear 3, tanh, linear 2' --inputs 4");
  out.line("  chainrule explain '(a*b + c)^2' a=2 b=3 c=1");
  out.line();
  out.line(out.bold("Exit codes"));
  out.print(kExitCodes);
  out.line();
  out.line("chainrule COMMAND --help explains a command; chainrule --version names the version.");
}

/// A name that leaves too little room for its text has a line of its own.
void print_notes(const Terminal& out, const Command& command, int width) {
  constexpr int kMostColumn = 34, kGap = 3;
  int column = 0;
  for (const auto& [name, text] : command.notes)
    if (const int needed = 2 + display_width(name) + kGap; needed <= kMostColumn)
      column = std::max(column, needed);
  for (const auto& [name, text] : command.notes) {
    std::string left = "  " + name;
    if (display_width(left) + kGap > column) {
      out.line(wrap(left, width, 6));
      left.clear();
    }
    out.line(wrap(pad_right(left, column) + text, width, column));
  }
}

void print_help(const Command& command, const Args& args) {
  const Terminal out(stdout);
  const int width = help_width(out);
  const auto heading = [&](std::string_view title) { return out.bold(title); };
  out.line(wrap("chainrule " + command.name + ": " + command.summary, width, 0));
  out.line();
  out.line(heading("Usage"));
  out.line("  chainrule " + command.name + " " + command.usage);
  if (!command.about.empty()) {
    out.line();
    for (std::size_t begin = 0; begin < command.about.size();) {
      const std::size_t end = std::min(command.about.find('\n', begin), command.about.size());
      out.line(wrap(command.about.substr(begin, end - begin), width, 0));
      begin = end + 1;
    }
  }
  out.print(args.help(width, heading));
  out.line();
  if (!command.notes.empty()) {
    out.line(heading(command.notes_title));
    print_notes(out, command, width);
    out.line();
  }
  out.line(heading("Examples"));
  out.print(command.examples);
  out.line();
  out.line(heading("Exit codes"));
  out.print(kExitCodes);
}

const Command& find_command(const std::vector<Command>& all, std::vector<std::string>& words) {
  std::vector<std::string> names;
  for (const Command& c : all) {
    const std::size_t count = c.name.find(' ') == std::string::npos ? 1 : 2;
    std::string given;
    for (std::size_t i = 0; i < std::min(count, words.size()); ++i)
      given += (i > 0 ? " " : "") + words[i];
    if (given == c.name) {
      words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(count));
      return c;
    }
    names.push_back(c.name);
  }
  if (words[0] == "data")
    throw UsageError(words.size() < 2
                         ? "'data' needs a second word: list, fetch, make or show"
                         : cat("unknown command 'data ", words[1],
                               "'; there are data list, data fetch, data make and data show"));
  const char* kind = words[0][0] == '-' ? "flag" : "command";
  const std::string_view near = closest(words[0], names);
  throw UsageError(cat("unknown ", kind, " '", words[0], "'",
                       near.empty() ? std::string() : cat(" (did you mean '", near, "'?)"),
                       near.empty() ? "; chainrule --help lists what there is" : ""));
}

int run(std::vector<std::string> words) {
  const std::vector<Command> all = commands();
  if (!words.empty() && words[0] == "help") {
    words.erase(words.begin());
    if (!words.empty()) words.push_back("--help");
  }
  const auto is_help = [](const std::string& word) { return word == "--help" || word == "-h"; };
  // 'data' alone is half a command: the overview has its other halves.
  const bool half = words.size() == 2 && words[0] == "data" && is_help(words[1]);
  if (words.empty() || is_help(words[0]) || half) {
    print_overview(all);
    return kOk;
  }
  if (words[0] == "--version" || words[0] == "-V") {
    Terminal(stdout).line("chainrule " CHAINRULE_VERSION);
    return kOk;
  }
  const Command& command = find_command(all, words);
  if (rank_number() > 0 && !command.shared) return kOk;
  Args args;
  const std::function<int()> action = command.declare(args);
  if (!args.parse(command.name, words)) {
    print_help(command, args);
    return kOk;
  }
  return action();
}

int report(const std::string& sentence, ExitCode code) {
  fail_ranks(
      [&](const std::string& who) {
        const Terminal err(stderr, true);
        err.line(err.bad("chainrule:") + " " + who + sentence);
      },
      code);
  const Terminal err(stderr);
  err.line(err.bad("chainrule:") + " " + sentence);
  return code;
}

/// When there is no memory for the sentence either, or a destructor wanted some.
[[noreturn]] void end_without_memory() {
  constexpr std::string_view kSentence = "chainrule: there is not enough memory for this\n";
  const auto written = ::write(STDERR_FILENO, kSentence.data(), kSentence.size());
  static_cast<void>(written);
  std::_Exit(kData);
}

/// The destructors of JSON allocate, and nobody can catch what a destructor throws.
[[noreturn]] void on_terminate() {
  try {
    if (const std::exception_ptr thrown = std::current_exception()) std::rethrow_exception(thrown);
  } catch (const std::bad_alloc&) {
    end_without_memory();
  } catch (...) {
  }
  std::abort();
}

int run_and_report(int argc, char** argv) {
  std::set_terminate(on_terminate);
  replace_closed_streams();
  let_large_writes_fail();
  int code = kOk;
  try {
    code = run(std::vector<std::string>(argv + 1, argv + argc));
    leave_ranks();
    if (rank_number() > 0) code = kOk;
  } catch (const DataError& e) {
    code = report(e.what(), kData);
  } catch (const NumericError& e) {
    code = report(e.what(), kNumeric);
  } catch (const RankError& e) {
    code = report(e.what(), kRankLost);
  } catch (const Error& e) {
    code = report(e.what(), kUsage);
  } catch (const std::bad_alloc&) {
    code = report("there is not enough memory for this", kData);
  } catch (const std::exception& e) {
    code = report(e.what(), kData);
  }
  // A full disk or a closed pipe.
  if (const int reason = Terminal::failure(); reason != 0 && code == kOk)
    code = report(cat("cannot write to standard output: ", std::strerror(reason)), kData);
  return code;
}

}  // namespace
}  // namespace chainrule::cli

int main(int argc, char** argv) try {
  return chainrule::cli::run_and_report(argc, argv);
} catch (const std::bad_alloc&) {
  chainrule::cli::end_without_memory();
}
