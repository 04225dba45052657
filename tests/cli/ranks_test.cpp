// Several ranks, as mpirun starts them.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

bool can_run_ranks() {
#ifdef CHAINRULE_HAVE_MPI
  return std::system("command -v mpirun >/dev/null 2>&1") == 0;
#else
  return false;
#endif
}

#define SKIP_WITHOUT_MPI()                                                     \
  if (!can_run_ranks())                                                        \
  GTEST_SKIP() << "MPI is not there: install libopenmpi-dev and openmpi-bin, " \
                  "then configure again"

/// `chainrule words...` by so many ranks.
RunOptions ranks(int count) {
  RunOptions options;
  options.launcher = {CHAINRULE_SOURCE_DIR "/scripts/mpirun.sh", std::to_string(count)};
  return options;
}

/// Process numbers of the program's ranks that train to `folder`.
std::vector<int> processes(const std::string& folder) {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string words = read_file(entry.path() / "cmdline");
    if (words.rfind(CHAINRULE_PROGRAM, 0) == 0 && words.find(folder) != std::string::npos)
      found.push_back(std::stoi(pid));
  }
  std::ranges::sort(found);
  return found;
}

std::vector<std::string> training_of_ranks(const std::string& folder) {
  return {"train", "digits", "--limit", "600", "--batch", "64", "--out", folder};
}

TEST(Program, TrainsByTwoRanksLikeAlone) {
  SKIP_WITHOUT_MPI();
  const TemporaryFolder folder;
  std::vector<std::string> words = training_of_ranks(folder.str("alone"));
  words.insert(words.end(), {"--steps", "40", "--json"});
  const Outcome alone = run(words);
  words = training_of_ranks(folder.str("two"));
  words.insert(words.end(), {"--steps", "40", "--json"});
  const Outcome two = run(words, ranks(2));
  ASSERT_EQ(two.exit_code, 0) << two.err;
  EXPECT_EQ(two.number("ranks"), 2);
  EXPECT_EQ(alone.number("ranks"), 1);
  EXPECT_GT(two.number("wait_ms"), 0);
  EXPECT_GT(two.number("sent_bytes"), 0);
  EXPECT_NEAR(two.number("test_loss"), alone.number("test_loss"), 1e-4);
  // One object, said once; the table too.
  EXPECT_EQ(std::ranges::count(two.out, '\n'), 1) << two.out;
  EXPECT_EQ(two.err.find("training"), two.err.rfind("training ")) << two.err;
  EXPECT_TRUE(std::filesystem::exists(folder / "two/model.safetensors"));
}

TEST(Program, SaysOnceThatRanksWereStartedWrongly) {
  SKIP_WITHOUT_MPI();
  const Outcome o = run({"train", "digits", "--model", "linaer 3"}, ranks(2));
  EXPECT_NE(o.exit_code, 0);
  const std::size_t first = o.err.find("unknown layer 'linaer'");
  ASSERT_NE(first, std::string::npos) << o.err;
  EXPECT_EQ(first, o.err.rfind("unknown layer 'linaer'"));
}

bool has_checkpoint(const std::string& run) {
  std::error_code missing;
  const std::filesystem::directory_iterator files(run + "/checkpoints", missing);
  return std::any_of(begin(files), end(files), [](const std::filesystem::directory_entry& file) {
    const std::string name = file.path().filename();
    return name.starts_with("step-") && name.ends_with(".safetensors");
  });
}

/// Ends one of four that train to `folder` at a random moment, `signal` being how; returns what was
/// said.
std::string lose_one(const std::string& folder, int signal, unsigned random, int& rank) {
  std::vector<std::string> words = training_of_ranks(folder);
  words.insert(words.end(), {"--steps", "1000000", "--checkpoint-every", "50", "--rank-timeout",
                             "3", "--quiet"});
  Program program(words, ranks(4));
  for (int i = 0; i < 1000 && !has_checkpoint(folder); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const std::vector<int> running = processes(folder);
  if (running.size() != 4) return "four processes did not start";
  std::this_thread::sleep_for(std::chrono::milliseconds(500 + random % 1500));
  const int victim = running[random % 4];
  rank = -1;
  const std::string environment = read_file("/proc/" + std::to_string(victim) + "/environ");
  const std::string key = "OMPI_COMM_WORLD_RANK=";
  if (const std::size_t at = environment.find(key); at != std::string::npos)
    rank = std::atoi(environment.c_str() + at + key.size());
  kill(victim, signal);
  const auto begin = std::chrono::steady_clock::now();
  const Outcome o = program.finish();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  EXPECT_NE(o.exit_code, 0);
  EXPECT_LT(took.count(), signal == SIGKILL ? 5 : 15);
  return o.err;
}

/// Three ranks go on from the last checkpoint of four, and get to where one gets that was never
/// disturbed.
void expect_three_go_on(const std::string& folder) {
  const Outcome three =
      run({"train", "--resume", folder, "--stop-after-steps", "100", "--json"}, ranks(3));
  ASSERT_EQ(three.exit_code, 0) << three.err;
  EXPECT_EQ(three.number("ranks"), 3);
  EXPECT_GT(three.number("resumed"), 0);
  EXPECT_EQ(three.number("steps"), three.number("resumed") + 100);
  const TemporaryFolder other;
  std::vector<std::string> words = training_of_ranks(other.str("alone"));
  words.insert(words.end(), {"--steps", "1000000", "--stop-after-steps",
                             std::to_string(static_cast<int>(three.number("steps"))), "--json"});
  const Outcome one = run(words);
  ASSERT_EQ(one.exit_code, 0) << one.err;
  EXPECT_NEAR(three.number("test_accuracy"), one.number("test_accuracy"), 0.01);
  EXPECT_NEAR(three.number("train_loss"), one.number("train_loss"), 1e-3);
}

// CHAINRULE_KILLS=20 for the long form.
TEST(Program, NamesTheRankThatWasKilledAndGoesOnWithThree) {
  SKIP_WITHOUT_MPI();
  const char* given = std::getenv("CHAINRULE_KILLS");
  const unsigned kills = given != nullptr ? static_cast<unsigned>(std::atoi(given)) : 2;
  for (unsigned i = 0; i < kills; ++i) {
    const TemporaryFolder folder;
    int rank = -1;
    const std::string said = lose_one(folder.str("run"), SIGKILL, 2654435761u * (i + 1) >> 7, rank);
    const std::string expected = "chainrule: rank " + std::to_string(rank) + " of 4 (process ";
    const std::size_t at = said.find(expected);
    ASSERT_NE(at, std::string::npos) << said;
    EXPECT_NE(said.find(" was lost; the job ends", at), std::string::npos) << said;
    EXPECT_EQ(said.find("was lost"), said.rfind("was lost")) << said;
    EXPECT_NE(said.find("the last checkpoint, after step ", at), std::string::npos) << said;
    expect_three_go_on(folder.str("run"));
  }
}

TEST(Program, NamesTheRankThatHangs) {
  SKIP_WITHOUT_MPI();
  const TemporaryFolder folder;
  int rank = -1;
  const std::string said = lose_one(folder.str("run"), SIGSTOP, 5, rank);
  EXPECT_NE(said.find("chainrule: rank " + std::to_string(rank) + " of 4"), std::string::npos)
      << said;
  EXPECT_NE(said.find("did not answer for 3 seconds"), std::string::npos) << said;
}

// A process of the job that is no rank: it never calls MPI_Init, for which all others wait.
TEST(Program, WaitsNotForEverForARankThatNeverBegins) {
  SKIP_WITHOUT_MPI();
  const TemporaryFolder folder;
  std::vector<std::string> words = training_of_ranks(folder.str("run"));
  words.insert(words.end(), {"--rank-timeout", "3"});
  RunOptions options = ranks(1);
  options.launcher.insert(
      options.launcher.end(),
      {"/bin/sh", "-c", "[ $OMPI_COMM_WORLD_RANK = 0 ] && exec \"$0\" \"$@\"; exec sleep 60"});
  options.launcher[1] = "2";
  const auto begin = std::chrono::steady_clock::now();
  const Outcome o = run(words, options);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  EXPECT_NE(o.exit_code, 0);
  EXPECT_LT(took.count(), 30);
  EXPECT_NE(o.err.find("rank 0 of 2 waited 3 seconds for the others to begin"), std::string::npos)
      << o.err;
}

/// Files in shared memory that no process has any more.
std::vector<std::string> left_in_shared_memory() {
  std::string maps;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", none))
    if (std::isdigit(static_cast<unsigned char>(entry.path().filename().string()[0])) != 0)
      maps += read_file(entry.path() / "maps");
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", none))
    if (maps.find(entry.path().string()) == std::string::npos)
      names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

TEST(Program, LeavesNothingInSharedMemory) {
  SKIP_WITHOUT_MPI();
  const TemporaryFolder folder;
  const std::vector<std::string> before = left_in_shared_memory();
  std::vector<std::string> words = training_of_ranks(folder.str("run"));
  words.insert(words.end(), {"--steps", "20"});
  EXPECT_EQ(run(words, ranks(2)).exit_code, 0);
  int rank = -1;
  lose_one(folder.str("killed"), SIGKILL, 7, rank);
  const std::vector<std::string> after = left_in_shared_memory();
  for (const std::string& name : after)
    EXPECT_TRUE(std::ranges::binary_search(before, name)) << "/dev/shm/" << name << " is left";
}

}  // namespace
}  // namespace chainrule::testing
