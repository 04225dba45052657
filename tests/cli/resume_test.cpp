// Runs that are stopped, killed, or find the disk full, and go on to the same bits.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>
#include <map>
#include <random>
#include <sys/mount.h>
#include <thread>

#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// CHAINRULE_KILLS=300 CHAINRULE_FULL_DISKS=50 scripts/test.sh repeats them more often.
int repetitions(const char* variable, int few) {
  const char* value = std::getenv(variable);
  return value == nullptr ? few : std::atoi(value);
}

void expect_refused(const Outcome& o, int code, const std::string& sentence) {
  EXPECT_EQ(o.exit_code, code) << o.err;
  EXPECT_NE(o.err.find(sentence), std::string::npos) << o.err;
}

/// A run that saves constantly.
Words training(const std::string& out, const Words& more = {}) {
  Words words = {"train",
                 "blobs",
                 "--model",
                 "linear 16, relu, dropout 0.2, linear 3",
                 "--epochs",
                 "40",
                 "--schedule",
                 "cosine",
                 "--threads",
                 "2",
                 "--checkpoint-every",
                 "1",
                 "--batch",
                 "64",
                 "--quiet",
                 "--out",
                 out};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

fs::path newest(const fs::path& run) {
  fs::path last;
  for (const auto& entry : fs::directory_iterator(run / "checkpoints"))
    if (entry.path().extension() == ".safetensors") last = std::max(last, entry.path());
  return last;
}

/// Everything that a run leaves and that does not tell the time.
std::vector<std::string> bytes_of(const fs::path& run) {
  std::vector<std::string> all = {newest(run).filename().string(), read_file(newest(run))};
  for (const char* name : {"model.safetensors", "curves.svg", "confusion.svg"})
    all.push_back(read_file(run / name));
  return all;
}

void expect_same(const fs::path& run, const std::vector<std::string>& whole) {
  const std::vector<std::string> bytes = bytes_of(run);
  EXPECT_EQ(bytes[0], whole[0]);
  EXPECT_TRUE(bytes == whole) << run << " differs from the undisturbed run";
  for (const auto& entry : fs::recursive_directory_iterator(run))
    EXPECT_EQ(entry.path().filename().string().find('.') == 0, false) << entry.path();
}

TEST(Resume, PiecesEndInTheBitsOfTheWhole) {
  const TemporaryFolder folder;
  for (const std::string optimizer : {"momentum", "adam", "rmsprop"}) {
    const Words flags = {"train",
                         "digits",
                         "--limit",
                         "300",
                         "--model",
                         "linear 12, relu, dropout 0.2, linear 10",
                         "--schedule",
                         "cosine",
                         "--epochs",
                         "6",
                         "--batch",
                         "50",
                         "--optimizer",
                         optimizer,
                         "--quiet",
                         "--checkpoint-every",
                         "4"};
    const auto start = [&](const std::string& out, const Words& more) {
      Words words = flags;
      words.insert(words.end(), {"--out", folder.str(out)});
      words.insert(words.end(), more.begin(), more.end());
      ASSERT_EQ(run(words).exit_code, 0);
    };
    start(optimizer, {"--threads", "2"});
    const auto whole = bytes_of(folder / optimizer);
    for (const std::string threads : {"1", "8"}) {
      const std::string pieces = optimizer + threads;
      start(pieces, {"--threads", threads, "--stop-after", "2"});
      for (const Words& more : {Words{"--stop-after", "2"}, Words{}}) {
        Words words = {"train", "--resume", folder.str(pieces), "--threads", threads, "--quiet"};
        words.insert(words.end(), more.begin(), more.end());
        const Outcome o = run(words);
        ASSERT_EQ(o.exit_code, 0) << o.err;
      }
      expect_same(folder / pieces, whole);
    }
  }
}

TEST(Resume, FlagsThatMakeAnotherRunAreRefused) {
  const TemporaryFolder folder;
  const std::string out = folder.str("run");
  ASSERT_EQ(run({"train", "moons", "--epochs", "4", "--checkpoint-every", "epoch", "--out", out,
                 "--stop-after", "2", "--quiet"})
                .exit_code,
            0);
  expect_refused(run({"train", "--resume", out, "--lr", "0.5"}), 2, "--lr cannot be changed");
  expect_refused(run({"train", "--resume", out, "--out", out}), 2, "--out and --resume exclude");
  expect_refused(run({"train", "spiral", "--resume", out}), 3, "data are not those");
  expect_refused(run({"train", "--resume", folder.str("none")}), 3, "nothing to resume");
  expect_refused(run({"train", "moons", "--checkpoint-every", "0"}), 2, "steps from 1, or 'epoch'");
  expect_refused(run({"train", "moons", "--keep", "0"}), 2, "--keep must be at least 1");
  // The unfinished run is not overwritten by mistake.
  expect_refused(run({"train", "moons", "--out", out}), 2, "chainrule train --resume ");

  const Outcome ended = run({"train", "--resume", out, "--json"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.number("epochs"), 4);
  EXPECT_GT(ended.number("resumed"), 0);
  fs::remove(folder / "run/checkpoints/times.json");
  const Outcome again = run({"train", "--resume", out});
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_NE(again.out.find("%         -\n"), std::string::npos) << again.out;
  EXPECT_NE(again.out.find("the run was over after "), std::string::npos) << again.out;
  // Without a schedule over the whole run, it can be made longer.
  const Outcome longer = run({"train", "--resume", out, "--epochs", "6", "--json"});
  EXPECT_EQ(longer.number("epochs"), 6) << longer.err;
  const std::string six = folder.str("six");
  ASSERT_EQ(run({"train", "moons", "--epochs", "6", "--out", six, "--quiet"}).exit_code, 0);
  EXPECT_EQ(read_file(folder / "run/model.safetensors"),
            read_file(folder / "six/model.safetensors"));
  EXPECT_FALSE(fs::exists(folder / "six/checkpoints"));
  expect_refused(run({"train", "moons", "--epochs", "1", "--out", out}), 2, "holds a run");
  EXPECT_EQ(
      run({"train", "moons", "--epochs", "1", "--out", out, "--quiet", "--overwrite"}).exit_code,
      0);
  EXPECT_FALSE(fs::exists(folder / "run/checkpoints"));
}

TEST(Resume, CtrlCLeavesACheckpointAndASecondRunIsRefused) {
  const TemporaryFolder folder;
  const std::string out = folder.str("run");
  Program program({"train", "blobs", "--epochs", "1000000", "--out", out});
  ASSERT_TRUE(program.wait_for("\n    1 "));
  expect_refused(run({"train", "xor", "--out", out}), 3, "another run (process ");
  program.send(SIGINT);
  const Outcome o = program.finish();
  EXPECT_EQ(o.exit_code, 130);
  EXPECT_NE(o.out.find("chainrule train --resume " + out), std::string::npos) << o.out;
  const Outcome more = run({"train", "--resume", out, "--stop-after-steps", "3", "--json"});
  EXPECT_EQ(more.exit_code, 0) << more.err;
  EXPECT_EQ(more.text("stopped"), "paused");
  EXPECT_EQ(more.number("steps"), more.number("resumed") + 3);
  EXPECT_EQ(run({"train", "xor", "--steps", "3", "--out", out, "--quiet", "--overwrite"}).exit_code,
            0);
}

class Crash : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_EQ(run(training(folder_.str("whole"))).exit_code, 0);
    takes_ = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - begin);
    whole_ = bytes_of(folder_ / "whole");
  }
  const TemporaryFolder folder_;
  std::vector<std::string> whole_;
  std::chrono::microseconds takes_{};  ///< the whole run
};

/// Every optimizer and schedule, clipping and early stopping.
const std::vector<Words>& kinds_of_runs() {
  static const std::vector<Words> kinds = {
      {},
      {"--optimizer", "momentum", "--schedule", "step:5:0.5"},
      {"--optimizer", "sgd", "--early-stopping", "5", "--validation", "0.2"},
      {"--optimizer", "nesterov", "--schedule", "exponential:0.95", "--clip-norm", "0.5"},
      {"--optimizer", "adagrad", "--schedule", "plateau:0.5:1", "--validation", "0.2"},
      {"--optimizer", "rmsprop", "--momentum", "0.5", "--clip-value", "0.1"},
      {"--optimizer", "adamw", "--schedule", "warmup:20, cosine"},
      {"--optimizer", "rprop", "--l2", "0.001"}};
  return kinds;
}

// CHAINRULE_KILLS=500 for the long form.
TEST_F(Crash, KilledRunsEndInTheBitsOfTheWhole) {
  const int kills = repetitions("CHAINRULE_KILLS", 8);
  std::mt19937 random(7);
  std::string out = folder_.str("run0");
  std::map<std::size_t, std::vector<std::string>> wholes = {{0, whole_}};
  int runs = 0;
  const auto kind = [&] { return static_cast<std::size_t>(runs) % kinds_of_runs().size(); };
  const auto expect_whole = [&] {
    if (!wholes.contains(kind())) {
      const std::string whole = folder_.str("whole" + std::to_string(kind()));
      ASSERT_EQ(run(training(whole, kinds_of_runs()[kind()])).exit_code, 0);
      wholes[kind()] = bytes_of(whole);
    }
    expect_same(out, wholes[kind()]);
  };
  for (int killed = 0; killed < kills;) {
    const bool begun = fs::exists(fs::path(out) / "checkpoints") && !newest(out).empty();
    Program program(begun ? Words{"train", "--resume", out, "--quiet"}
                          : training(out, kinds_of_runs()[kind()]));
    std::this_thread::sleep_for(takes_ * std::uniform_int_distribution<int>(0, 600)(random) / 1000);
    program.send(SIGKILL);
    const Outcome o = program.finish();
    ASSERT_TRUE(o.exit_code == 128 + SIGKILL || o.exit_code == 0) << o.err;
    killed += o.exit_code != 0;
    if (o.exit_code != 0) {
      const auto found = fs::exists(fs::path(out) / "checkpoints") ? newest(out) : fs::path();
      if (!found.empty()) {  // every file under its final name is whole
        const Outcome seen = run({"eval", found.string(), "blobs", "--json"});
        ASSERT_EQ(seen.exit_code, 0) << seen.err;
      }
      continue;
    }
    expect_whole();
    fs::remove_all(out);
    out = folder_.str("run" + std::to_string(++runs));
  }
  if (fs::exists(fs::path(out) / "checkpoints") && !newest(out).empty()) {
    const Outcome o = run({"train", "--resume", out, "--quiet"});
    ASSERT_EQ(o.exit_code, 0) << o.err;
    expect_whole(), ++runs;
  }
  std::cout << "          " << kills << " kills, " << runs << " runs of "
            << std::min<std::size_t>(static_cast<std::size_t>(runs), kinds_of_runs().size())
            << " kinds\n";
}

TEST_F(Crash, ALimitOfTheFileSizeIsASentence) {
  const int times = repetitions("CHAINRULE_FULL_DISKS", 4);
  const auto largest = static_cast<std::int64_t>(fs::file_size(newest(folder_ / "whole")));
  for (int i = 0; i < times; ++i) {
    const std::string out = folder_.str("limit" + std::to_string(i));
    ASSERT_EQ(run(training(out, {"--stop-after-steps", std::to_string(3 + i)})).exit_code, 0);
    // The history grows with the epochs: from nothing fits to the last ones do not.
    const std::int64_t limit = largest - 1 - i * 60 % 2400;
    const Outcome o = run({"train", "--resume", out, "--quiet"}, {.largest_file = limit});
    expect_refused(o, 3, "File too large; when that is mended, chainrule train --resume ");
    ASSERT_EQ(run({"train", "--resume", out, "--quiet"}).exit_code, 0);
    expect_same(out, whole_);
  }
}

TEST_F(Crash, AFullFileSystemIsASentence) {
  const int times = repetitions("CHAINRULE_FULL_DISKS", 4);
  const std::string disk = folder_.str("disk");
  fs::create_directory(disk);
  const auto largest = fs::file_size(newest(folder_ / "whole"));
  int full = 0;
  for (int i = 0; i < times; ++i) {
    // Room for one checkpoint and a part of the next.
    const std::string size =
        "size=" + std::to_string(largest + 8192 + static_cast<unsigned>(i) % 8 * 4096);
    if (mount("tmpfs", disk.c_str(), "tmpfs", 0, size.c_str()) != 0)
      GTEST_SKIP() << "a small file system cannot be mounted here (needs root)";
    const std::string out = disk + "/run";
    const Outcome o = run(training(out));
    if (o.exit_code != 0) {
      ++full;
      EXPECT_NE(o.err.find("No space left on device"), std::string::npos) << o.err;
      EXPECT_EQ(o.exit_code, 3);
      mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=16m");
      const bool begun = fs::exists(out + "/checkpoints") && !newest(out).empty();
      EXPECT_TRUE(begun);
      const Outcome more = run(begun ? Words{"train", "--resume", out, "--quiet"} : training(out));
      EXPECT_EQ(more.exit_code, 0) << more.err;
    }
    expect_same(out, whole_);
    umount(disk.c_str());
  }
  EXPECT_GT(full, 0);
}

}  // namespace
}  // namespace chainrule::testing
