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

/// Ends one of four at a random moment, `signal` being how; returns what was said.
std::string lose_one(int signal, unsigned random, int& rank) {
  const TemporaryFolder folder;
  std::vector<std::string> words = training_of_ranks(folder.str("run"));
  words.insert(words.end(), {"--steps", "1000000", "--rank-timeout", "3", "--quiet"});
  Program program(words, ranks(4));
  std::vector<int> running;
  for (int i = 0; i < 1000 && running.size() < 4; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    running = processes(folder.str("run"));
  }
  if (running.size() != 4) return "four processes did not start";
  std::this_thread::sleep_for(std::chrono::milliseconds(1500 + random % 1500));
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

// CHAINRULE_KILLS=20 for the long form.
TEST(Program, NamesTheRankThatWasKilled) {
  SKIP_WITHOUT_MPI();
  const char* given = std::getenv("CHAINRULE_KILLS");
  const unsigned kills = given != nullptr ? static_cast<unsigned>(std::atoi(given)) : 2;
  for (unsigned i = 0; i < kills; ++i) {
    int rank = -1;
    const std::string said = lose_one(SIGKILL, 2654435761u * (i + 1) >> 7, rank);
    const std::string expected = "chainrule: rank " + std::to_string(rank) + " of 4 (process ";
    const std::size_t at = said.find(expected);
    ASSERT_NE(at, std::string::npos) << said;
    EXPECT_NE(said.find(" was lost; the job ends", at), std::string::npos) << said;
    EXPECT_EQ(said.find("was lost"), said.rfind("was lost")) << said;
  }
}

TEST(Program, NamesTheRankThatHangs) {
  SKIP_WITHOUT_MPI();
  int rank = -1;
  const std::string said = lose_one(SIGSTOP, 5, rank);
  EXPECT_NE(said.find("chainrule: rank " + std::to_string(rank) + " of 4"), std::string::npos)
      << said;
  EXPECT_NE(said.find("did not answer for 3 seconds"), std::string::npos) << said;
}

}  // namespace
}  // namespace chainrule::testing
