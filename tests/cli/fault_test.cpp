// Every call of the C library that can fail is made to fail: memory, files, folders. The program
// ends with a sentence or as if nothing had been, never by a signal, never for ever, and leaves no
// half of a file. See tests/faults/faults.cpp and docs/reliability.md.
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <random>

#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

namespace fs = std::filesystem;
using CommandLine = std::vector<std::string>;

/// So many of the calls of each run are tried; CHAINRULE_FAULTS=all for each of them.
std::vector<long> chosen(long calls) {
  const char* wanted = std::getenv("CHAINRULE_FAULTS");
  const long most = wanted == nullptr              ? 12
                    : std::string(wanted) == "all" ? calls
                                                   : std::atol(wanted);
  std::vector<long> all;
  if (calls <= most) {
    for (long n = 1; n <= calls; ++n) all.push_back(n);
    return all;
  }
  std::mt19937_64 random(std::random_device{}());
  for (long i = 0; i < most; ++i)  // one in each of `most` equal stretches
    all.push_back(1 + calls * i / most +
                  static_cast<long>(random() % static_cast<unsigned long>(calls / most)));
  return all;
}

class Fault : public ::testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(CHAINRULE_FAULTS)
    GTEST_SKIP() << "calls of the C library cannot be replaced here";
#endif
    std::string table = "a,b,y\n";
    for (int i = 0; i < 30; ++i)
      table += std::to_string(i * 7 % 11) + "," + std::to_string(i) + (i % 2 ? ",p\n" : ",q\n");
    data_ = folder_.write("t.csv", table);
    ASSERT_EQ(run({"train", data_, "--target", "y", "--epochs", "1", "--quiet", "--out",
                   folder_.str("base")})
                  .exit_code,
              0);
    model_ = folder_.str("base/model.safetensors");
    fs::create_directory(folder_ / "out");
  }

  /// Commands whose files go to `out`.
  std::vector<CommandLine> commands(const std::string& out) const {
    return {{"train", data_, "--target", "y", "--epochs", "2", "--threads", "2", "--hidden", "3",
             "--checkpoint-every", "1", "--keep", "1", "--tensorboard", out + "/tb", "--out",
             out + "/run", "--overwrite"},
            {"eval", model_, data_},
            {"predict", model_, data_, "--json"},
            {"explain", model_, data_, "--html", out + "/page.html"},
            {"explain", "a*b", "a=1", "b=2", "--svg", out + "/p.svg"},
            {"check", "--model", "linear 2, tanh, linear 2", "--inputs", "2"},
            {"doctor", data_, "--target", "y", "--epochs", "1", "--out", out + "/doctor"},
            {"inspect", model_},
            {"inspect", folder_.str("base")},
            {"export", model_, "--to", "onnx", "-o", out + "/m.onnx"},
            {"export", model_, "--to", "c", "-o", out + "/m.c"},
            {"data", "make", "blobs", "--out", out + "/b.csv"},
            {"data", "show", "blobs"},
            {"data", "list"},
            {"--help"}};
  }

  Outcome with(const CommandLine& words, const std::string& fault) const {
    RunOptions options;
#ifdef CHAINRULE_FAULTS
    options.launcher = {"/usr/bin/timeout",
                        "-s",
                        "KILL",
                        "60",
                        "/usr/bin/env",
                        "LD_PRELOAD=" CHAINRULE_FAULTS,
                        "CHAINRULE_FAULT=" + fault,
                        "CHAINRULE_FAULT_COUNT=" + folder_.str("count")};
#endif
    return run(words, options);
  }
  long calls(const CommandLine& words, const std::string& kind) const {
    fs::remove_all(folder_ / "out");
    fs::create_directory(folder_ / "out");
    with(words, kind + ":0:none");
    return std::atol(read_file(folder_ / "count").c_str());
  }

  /// What a run has written and what does not tell the time.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "out")) {
      const std::string name = fs::relative(entry.path(), folder_ / "out").string();
      // What begins with a dot the next run removes, as after a kill.
      if (entry.is_regular_file() && entry.path().filename().string()[0] != '.' &&
          name.find("tb/") != 0 && name.find("history") == name.npos &&
          name.find("times.json") == name.npos)
        all[name] = read_file(entry.path());
    }
    return all;
  }

  /// Runs every command with faults of a kind.
  void attack(const std::string& kind, const std::string& how, bool is_harmless) {
    long faults = 0, refused = 0;
    for (const CommandLine& words : commands(folder_.str("out"))) {
      const long count = calls(words, kind);
      const Outcome whole = with(words, kind + ":0:none");
      const std::map<std::string, std::string> good = files();
      ASSERT_EQ(whole.exit_code, 0) << words[0] << whole.err;
      for (const long n : chosen(count)) {
        fs::remove_all(folder_ / "out");
        fs::create_directory(folder_ / "out");
        const std::string fault = kind + ":" + std::to_string(n) + ":" + how;
        const Outcome o = with(words, fault);
        const std::string where = words[0] + " " + words.back() + ", " + fault + ": " + o.err;
        ++faults, refused += o.exit_code != 0;
        EXPECT_TRUE(o.exit_code == 0 || (o.exit_code == 3 && !is_harmless)) << where << o.exit_code;
        EXPECT_TRUE(o.exit_code == 0 || o.err.find("chainrule: ") != std::string::npos) << where;
        for (const auto& [name, content] : files()) {
          EXPECT_TRUE(good.contains(name) || name.find("checkpoints/") != name.npos)
              << where << " leaves " << name;
          EXPECT_TRUE(!good.contains(name) || content == good.at(name)) << where << name;
        }
        EXPECT_TRUE(o.exit_code != 0 || files().size() == good.size()) << where;
      }
    }
    std::cout << "          " << faults << " faults (" << kind << ", " << how << "), " << refused
              << " runs refused with a sentence\n";
  }

  TemporaryFolder folder_;
  std::string data_, model_;
};

TEST_F(Fault, MemoryThatIsNotThere) { attack("memory", "ENOMEM", false); }
TEST_F(Fault, NoMemoryFromSomeMomentOn) { attack("memory", "ENOMEM-ever", false); }
TEST_F(Fault, AFullDisk) { attack("write", "ENOSPC", false); }
TEST_F(Fault, ADiskThatStaysFull) { attack("write", "ENOSPC-ever", false); }
TEST_F(Fault, WritesThatFail) { attack("write", "EIO", false); }
TEST_F(Fault, ShortWrites) { attack("write", "short", true); }
TEST_F(Fault, InterruptedWrites) { attack("write", "EINTR", true); }
TEST_F(Fault, SyncThatFails) { attack("sync", "EIO", false); }
TEST_F(Fault, NamesThatCannotBeGiven) { attack("name", "EIO", false); }
TEST_F(Fault, FilesThatCannotBeOpened) { attack("open", "EIO", false); }
TEST_F(Fault, ReadsThatFail) { attack("read", "EIO", false); }
TEST_F(Fault, AClockThatJumps) { attack("clock", "jump-ever", true); }
TEST_F(Fault, ShortReads) { attack("read", "short", true); }

}  // namespace
}  // namespace chainrule::testing
