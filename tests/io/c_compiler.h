// Compiles generated C as a user does and calls it.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <string>

#include "tests/data/files.h"

namespace chainrule::testing {

/// What a shell command printed, standard error too, and whether it ended well.
struct Shell {
  bool ok = false;
  std::string output;
};
inline Shell shell(const std::string& command) {
  Shell s;
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return s;
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    s.output.append(buffer, n);
  s.ok = pclose(pipe) == 0;
  return s;
}
inline bool installed(const std::string& program) { return shell("command -v " + program).ok; }

inline constexpr const char* kStrict = " -std=c99 -pedantic -Wall -Wextra -Wconversion -Werror ";

/// A C file as a shared object, from where its functions can be called.
class CompiledC {
 public:
  explicit CompiledC(const std::string& text, const std::string& flags = "-O1") {
    const std::string c = folder_.write("m.c", text).string();
    const std::string object = (folder_.path() / "m.so").string();
    const Shell s = shell("cc" + std::string(kStrict) + flags + " -shared -fPIC " + c + " -o " +
                          object + " -lm");
    EXPECT_TRUE(s.ok) << s.output;
    if (s.ok) handle_ = dlopen(object.c_str(), RTLD_NOW | RTLD_LOCAL);
    EXPECT_NE(handle_, nullptr);
  }
  ~CompiledC() {
    if (handle_ != nullptr) dlclose(handle_);
  }
  CompiledC(const CompiledC&) = delete;
  CompiledC& operator=(const CompiledC&) = delete;

  template <class Function>
  Function* find(const char* name) const {
    void* found = handle_ == nullptr ? nullptr : dlsym(handle_, name);
    EXPECT_NE(found, nullptr) << name;
    return reinterpret_cast<Function*>(found);
  }

 private:
  Folder folder_;
  void* handle_ = nullptr;
};

}  // namespace chainrule::testing
