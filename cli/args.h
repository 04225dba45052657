// The flags of one command: declared once, read from the command line and from a file of settings,
// shown by --help. The only source that knows CLI11 is args.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "chainrule/core/error.h"

namespace chainrule::cli {

/// A command line that cannot be understood.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// What the program tells the shell. Shown by --help and by docs/.
enum ExitCode : int {
  kOk = 0,
  kFailed = 1,  ///< a gradient is wrong, or the accuracy is below the one demanded
  kUsage = 2,
  kData = 3,
  kNumeric = 4,
  kRankLost = 5,  ///< of several started by mpirun one was lost, or differs
  kInterrupted = 130
};

/// Where a value goes. The value that is there beforehand is the default.
using FlagTarget = std::variant<bool*, std::int64_t*, double*, std::string*, std::optional<double>*,
                                std::vector<std::string>*>;

class Args {
 public:
  /// An argument without a name, "MODEL". A vector takes all that remain.
  void positional(std::string name, FlagTarget target, std::string help, bool required = true);
  /// Begins a group of flags in --help.
  void group(std::string title);
  /// "--lr", "RATE", where to put it, what it does.
  void flag(std::string name, std::string value_name, FlagTarget target, std::string help);
  /// Adds --config FILE.
  void config_file();

  /// Fills the targets. Throws UsageError. Returns false when --help was asked for.
  bool parse(const std::string& program, const std::vector<std::string>& words);
  /// True when the command line or the file of settings gave the flag.
  bool given(std::string_view name) const;
  /// All that they gave, in the order of declaration: {"DATA", "xor"}, {"--lr", "0.1"}.
  std::vector<std::pair<std::string, std::string>> given() const;
  /// The list of arguments and flags for --help, `width` columns wide; `heading` dresses titles.
  std::string help(int width, const std::function<std::string(std::string_view)>& heading) const;

 private:
  struct Item {
    std::string name, value_name, help, group;
    FlagTarget target;
    bool required = false;
    std::vector<std::string> values;  ///< as given
    bool is_positional() const { return name[0] != '-'; }
    bool many() const { return std::holds_alternative<std::vector<std::string>*>(target); }
    bool is_switch() const { return std::holds_alternative<bool*>(target); }
    void store() const;
    std::string default_text() const;
  };
  std::vector<std::string> names() const;
  void read_settings(const std::string& file);
  [[noreturn]] void reject_unknown(const std::string& word) const;

  std::vector<Item> items_;
  std::string group_ = "Arguments";
  bool has_config_ = false;
};

/// One command of the program.
struct Command {
  std::string name;      ///< "train", "data make"
  std::string usage;     ///< what follows the name: "DATA [flags]"
  std::string summary;   ///< one line in the list of commands
  std::string about;     ///< paragraphs under the usage
  std::string examples;  ///< lines
  /// Declares arguments and flags; returns what to run after they were read.
  std::function<std::function<int()>(Args&)> declare;
  /// More to read between the flags and the examples, under a title: name and text.
  std::string notes_title = {};
  std::vector<std::pair<std::string, std::string>> notes = {};
  /// The ranks of mpirun share the work; of another command rank 0 does all.
  bool shared = false;
};

Command train_command();
Command tune_command();
Command runs_command();
Command eval_command();
Command predict_command();
Command check_command();
Command explain_command();
Command compare_command();
Command doctor_command();
Command inspect_command();
Command data_fetch_command();
Command export_command();
Command import_command();
Command data_list_command();
Command data_make_command();
Command data_show_command();

}  // namespace chainrule::cli
