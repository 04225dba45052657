// Other programs that read what io/ writes: found, or the test is skipped and says what is missing.
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <sys/wait.h>

namespace chainrule::testing {

struct OutsideResult {
  int code;
  std::string out;  ///< standard output and error
  /// "N ..." in the last line: N, else -1.
  int count() const {
    const std::size_t end = out.find_last_not_of('\n');
    if (end == out.npos) return -1;
    const std::size_t begin = out.rfind('\n', end);
    const std::string line = out.substr(begin == out.npos ? 0 : begin + 1);
    return line.find_first_of("0123456789") == 0 ? std::atoi(line.c_str()) : -1;
  }
};

inline OutsideResult run_outside(const std::string& command) {
  OutsideResult result{-1, ""};
  std::FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return result;
  std::array<char, 4096> buffer;
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) result.out += buffer.data();
  const int status = pclose(pipe);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

/// Debian's Python, which has Debian's modules; another one may come first on the path. Exit code
/// 77 of the script: something is missing. The sanitizers of this program are not its business.
inline OutsideResult run_python(const std::string& script, const std::string& arguments) {
  if (!std::filesystem::exists("/usr/bin/python3")) return {77, "/usr/bin/python3 is missing"};
  return run_outside("/usr/bin/python3 -W ignore " CHAINRULE_SOURCE_DIR "/tests/io/" + script +
                     " " + arguments);
}

inline OutsideResult run_node(const std::string& script, const std::string& arguments) {
  if (std::system("node --version >/dev/null 2>&1") != 0) return {77, "node is not installed"};
  return run_outside("NODE_PATH=$(npm root --global) node " CHAINRULE_SOURCE_DIR "/tests/io/" +
                     script + " " + arguments);
}

class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "chainrule-io-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace chainrule::testing
