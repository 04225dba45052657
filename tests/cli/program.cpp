#include "tests/cli/program.h"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <limits>
#include <poll.h>
#include <pty.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nlohmann/json.hpp"

extern char** environ;

namespace chainrule::testing {

std::string Outcome::last_line() const {
  std::size_t end = out.size();
  if (end > 0 && out[end - 1] == '\n') --end;
  const std::size_t begin = end == 0 ? 0 : out.rfind('\n', end - 1) + 1;
  return out.substr(begin, end - begin);
}

namespace {

nlohmann::json at(const std::string& line, const std::string& key) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  return json.is_object() && json.contains(key) ? json[key] : nlohmann::json();
}

/// Limits the files that this process and those it starts may write, for as long as it lives.
/// SIGXFSZ is ignored, so that a write beyond the limit fails as on a full disk.
class FileLimit {
 public:
  explicit FileLimit(std::int64_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    if (bytes == 0) return;
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{static_cast<rlim_t>(bytes), before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    if (handler_ != nullptr) std::signal(SIGXFSZ, handler_);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

}  // namespace

double Outcome::number(const std::string& key) const {
  const nlohmann::json value = at(last_line(), key);
  if (value.is_array()) return static_cast<double>(value.size());
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

std::string Outcome::text(const std::string& key) const {
  const nlohmann::json value = at(last_line(), key);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

Program::Program(const std::vector<std::string>& words, const RunOptions& options) {
  std::array<int, 2> out{}, err{};
  winsize window{};
  window.ws_col = 90, window.ws_row = 40;
  const bool opened = options.terminal ? openpty(&out[0], &out[1], nullptr, nullptr, &window) == 0
                                       : pipe2(out.data(), O_CLOEXEC) == 0;
  if (!opened || pipe2(err.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  if (options.output.empty())
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  else
    posix_spawn_file_actions_addopen(&actions, 1, options.output.c_str(), O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, err[1], 2);

  std::vector<std::string> arguments = options.launcher;
  arguments.push_back(CHAINRULE_PROGRAM);
  arguments.insert(arguments.end(), words.begin(), words.end());
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);

  // The caller's own settings must not decide what the tests see.
  std::vector<std::string> variables;
  for (char** v = environ; *v != nullptr; ++v)
    if (std::string(*v).rfind("CHAINRULE_", 0) != 0 && std::string(*v).rfind("XDG_", 0) != 0)
      variables.emplace_back(*v);
  if (options.environment.count("XDG_CACHE_HOME") == 0)
    variables.emplace_back("XDG_CACHE_HOME=/nonexistent");
  for (const auto& [name, value] : options.environment) variables.push_back(name + "=" + value);
  std::vector<char*> envp;
  for (std::string& v : variables) envp.push_back(v.data());
  envp.push_back(nullptr);

  const FileLimit limit(options.largest_file);
  const int failed =
      posix_spawn(&pid_, arguments[0].c_str(), &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]), close(err[1]);
  out_ = out[0], err_ = err[0];
  if (failed != 0) throw std::runtime_error("cannot start " CHAINRULE_PROGRAM);
}

Program::~Program() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(out_), close(err_);
}

bool Program::read_some() {
  std::array<pollfd, 2> files = {{{out_, POLLIN, 0}, {err_, POLLIN, 0}}};
  if (out_ < 0 && err_ < 0) return false;
  poll(files.data(), files.size(), -1);
  for (std::size_t i = 0; i < 2; ++i) {
    if (files[i].revents == 0) continue;
    int& file = i == 0 ? out_ : err_;
    std::array<char, 4096> buffer;
    const ssize_t n = read(file, buffer.data(), buffer.size());
    if (n > 0) {
      (i == 0 ? outcome_.out : outcome_.err).append(buffer.data(), static_cast<std::size_t>(n));
    } else {
      close(file);
      file = -1;  // poll() passes over it
    }
  }
  return true;
}

bool Program::wait_for(const std::string& text) {
  const auto seen = [&] {
    return outcome_.out.find(text) != std::string::npos ||
           outcome_.err.find(text) != std::string::npos;
  };
  while (!seen())
    if (!read_some()) return seen();
  return true;
}

void Program::send(int signal) { kill(pid_, signal); }

Outcome Program::finish() {
  while (read_some()) {
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  outcome_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome_;
}

Outcome run(const std::vector<std::string>& words, const RunOptions& options) {
  return Program(words, options).finish();
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "chainrule-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name, std::ios::binary) << text;
  return str(name);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace chainrule::testing
