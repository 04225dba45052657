// Runs the built program as a user does and collects what it says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace chainrule::testing {

struct Outcome {
  int exit_code = -1;  ///< 128 + signal when a signal ended it
  std::string out, err;
  /// The last line of standard output, without its end.
  std::string last_line() const;
  /// The number, or the length of the list, at `key` of the JSON object in the last line of
  /// standard output; NaN when there is none.
  double number(const std::string& key) const;
  std::string text(const std::string& key) const;
};

struct RunOptions {
  std::map<std::string, std::string> environment = {};
  std::string output = {};                 ///< a file that takes the place of standard output
  bool terminal = false;                   ///< standard output is a terminal of 90 columns
  std::int64_t largest_file = 0;           ///< bytes; 0 for no limit
  std::vector<std::string> launcher = {};  ///< a program, with arguments, that starts this one
};

/// A process whose standard output and error are read through pipes.
class Program {
 public:
  /// Starts `chainrule words...`.
  explicit Program(const std::vector<std::string>& words, const RunOptions& options = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Reads until standard output or error contains `text`; false when the process ended before.
  bool wait_for(const std::string& text);
  void send(int signal);
  /// Reads to the end and waits.
  Outcome finish();

 private:
  bool read_some();

  int pid_ = -1;
  int out_ = -1, err_ = -1;
  Outcome outcome_;
};

/// Runs to the end.
Outcome run(const std::vector<std::string>& words, const RunOptions& options = {});

/// A folder that is removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::string str(const std::string& name) const { return (path_ / name).string(); }
  /// Writes a file and returns its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);

}  // namespace chainrule::testing
