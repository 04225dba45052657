// Fetching from a server on this machine that does what servers on a bad day do.
#include "cli/download.h"

#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chainrule/core/error.h"
#include "chainrule/files/sha256.h"
#include "tests/cli/program.h"

extern char** environ;

namespace chainrule::testing {
namespace {

namespace fs = std::filesystem;
using cli::Download;

constexpr const char* kPython = "/usr/bin/python3";

/// tests/cli/hostile_server.py, serving the files of a folder.
class Server {
 public:
  explicit Server(const fs::path& folder) : log_(folder.string() + ".log") {
    std::array<int, 2> in{}, out{};
    if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    std::string python = kPython, script = CHAINRULE_SOURCE_DIR "/tests/cli/hostile_server.py",
                where = folder.string();
    char* argv[] = {python.data(), script.data(), where.data(), nullptr};
    const bool started = posix_spawn(&pid_, kPython, &actions, nullptr, argv, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]), close(out[1]);
    stop_ = in[1];
    char port[16] = {};
    if (started && read(out[0], port, sizeof port - 1) > 1) port_ = std::atoi(port);
    close(out[0]);
  }
  ~Server() {
    close(stop_);  // its standard input ends, and so does it
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const { return port_; }
  std::string url(const std::string& behaviour) const {
    return cat("http://127.0.0.1:", port_, "/", behaviour, "/");
  }
  /// Each request: behaviour, Range, If-Range.
  std::string log() const { return read_file(log_); }

 private:
  std::string log_;
  pid_t pid_ = -1;
  int stop_ = -1, port_ = 0;
};

class Fetch : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!cli::can_download()) GTEST_SKIP() << "libcurl is not here";
    if (access(kPython, X_OK) != 0) GTEST_SKIP() << kPython << " is not here";
    setenv("no_proxy", "*", 1);
    fs::create_directory(folder_ / "server");
    fs::create_directory(folder_ / "cache");
    for (int i = 0; i < 5000; ++i) content_ += static_cast<char>(i * i % 251);
    folder_.write("server/set.bin", content_);
    file_ = {"set.bin", content_.size(), sha256_of(folder_ / "server/set.bin")};
    server_ = std::make_unique<Server>(folder_ / "server");
    ASSERT_GT(server_->port(), 0) << "the server did not start";
  }

  /// From mirrors that behave so. Says what went wrong at which.
  Download get(const std::vector<std::string>& behaviours, int rounds = 1) {
    cli::DownloadOptions options;
    for (const std::string& b : behaviours) options.mirrors.push_back(server_->url(b));
    options.timeout = 0.3;
    options.rounds = rounds;
    options.note = [this](const std::string& what) { notes_ += what + "\n"; };
    return cli::download(file_, folder_ / "cache", options);
  }
  /// No mirror has the file: an error, a reason, and nothing under the file's name.
  void expect_refused(const std::string& behaviour, const std::string& reason) {
    notes_.clear();
    fs::remove_all(folder_ / "cache");
    fs::create_directory(folder_ / "cache");
    EXPECT_THROW(get({behaviour}), DataError) << behaviour;
    EXPECT_NE(notes_.find(reason), std::string::npos) << behaviour << ": " << notes_;
    EXPECT_FALSE(fs::exists(target())) << behaviour;
  }
  void expect_right() {
    EXPECT_EQ(read_file(target()), content_);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "cache"), {}), 1) << "leftovers";
  }
  fs::path target() const { return folder_ / "cache/set.bin"; }
  fs::path part() const { return folder_ / "cache/set.bin.part"; }

  TemporaryFolder folder_;
  std::string content_, notes_;
  cli::RemoteFile file_;
  std::unique_ptr<Server> server_;
};

TEST_F(Fetch, AGoodServerAndThenNoServerAtAll) {
  EXPECT_EQ(get({"good"}), Download::fetched);
  expect_right();
  EXPECT_EQ(notes_, "");
  EXPECT_EQ(get({}), Download::already_there);
}

TEST_F(Fetch, WhatIsWrongIsRefusedWithAReason) {
  expect_refused("404", "the server answers 404");
  expect_refused("500", "the server answers 500");
  expect_refused("204", "the answer ends after 0");
  expect_refused("loop", "more than 5 redirections");
  expect_refused("file", "not supported");
  expect_refused("garbage", "SHA-256");
  expect_refused("page", "offers 30 bytes, expected 5,000");
  expect_refused("short", "ends after 2,500 of 5,000");
  expect_refused("empty", "ends after 0 of 5,000");
  expect_refused("long", "sends more than the 5,000 bytes");
  expect_refused("endless", "sends more than the 5,000 bytes");
  expect_refused("liar", "the server answers 206");
  expect_refused("cutgarbage", "SHA-256");
  expect_refused("noise", "127.0.0.1");
}

TEST_F(Fetch, ASilentOrTricklingServerIsGivenUp) {
  const auto start = std::chrono::steady_clock::now();
  expect_refused("silent", "less than 1 KiB in 0.3 s");
  expect_refused("stall", "less than 1 KiB in 0.3 s");
  EXPECT_EQ(fs::file_size(part()), 10U) << "what came is kept";
  expect_refused("trickle", "less than 1 KiB in 0.3 s");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST_F(Fetch, NobodyListens) {
  const std::string nowhere = server_->url("good");
  server_.reset();
  cli::DownloadOptions options;
  options.mirrors = {nowhere};
  options.note = [this](const std::string& what) { notes_ += what; };
  EXPECT_THROW(cli::download(file_, folder_ / "cache", options), DataError);
  EXPECT_NE(notes_.find("connect"), std::string::npos) << notes_;
  EXPECT_TRUE(fs::is_empty(folder_ / "cache"));
}

TEST_F(Fetch, ABrokenLineIsContinued) {
  EXPECT_EQ(get({"cut"}), Download::fetched);
  expect_right();
  // Four breaks, then the last piece; what is asked for has not changed since.
  EXPECT_NE(server_->log().find("cut bytes=4000- \"version-1\"\n"), std::string::npos)
      << server_->log();
  EXPECT_NE(notes_.find("the line broke after 1,000 of 5,000 bytes"), std::string::npos) << notes_;
}

TEST_F(Fetch, ContinuedByTheNextRunAndAtAnotherMirror) {
  EXPECT_THROW(get({"stall"}), DataError);
  ASSERT_EQ(fs::file_size(part()), 10U);
  EXPECT_EQ(get({"good"}), Download::fetched);
  expect_right();
  EXPECT_NE(server_->log().find("good bytes=10- -\n"), std::string::npos) << server_->log();
}

TEST_F(Fetch, AServerWithoutRangesSendsAllAgain) {
  EXPECT_THROW(get({"stall"}), DataError);
  EXPECT_EQ(get({"norange"}), Download::fetched);
  expect_right();
}

TEST_F(Fetch, ABeginningOfAnotherVersionIsNotContinued) {
  EXPECT_EQ(get({"changed"}), Download::fetched);
  expect_right();
  EXPECT_NE(server_->log().find("changed bytes=1000- \"version-0\""), std::string::npos)
      << server_->log();
}

TEST_F(Fetch, AWrongBeginningFromOneMirrorIsThrownAwayAtTheNext) {
  folder_.write("cache/set.bin.part", std::string(3000, 'x'));
  EXPECT_EQ(get({"good"}), Download::fetched);
  expect_right();
  EXPECT_NE(notes_.find("SHA-256"), std::string::npos) << notes_;
}

TEST_F(Fetch, PartsThatCannotBeContinued) {
  folder_.write("cache/set.bin.part", content_.substr(0, 4999));
  EXPECT_EQ(get({"416"}), Download::fetched);
  expect_right();
  fs::remove(target());
  folder_.write("cache/set.bin.part", content_ + "too long");
  EXPECT_EQ(get({"good"}), Download::fetched);
  expect_right();
  fs::remove(target());
  folder_.write("cache/set.bin.part", content_);  // a crash before it got its name
  EXPECT_EQ(get({"404"}), Download::fetched);
  expect_right();
}

TEST_F(Fetch, AWrongFileUnderTheNameStaysUntilTheRightOneIsThere) {
  folder_.write("cache/set.bin", "mine");
  EXPECT_THROW(get({"garbage"}), DataError);
  EXPECT_EQ(read_file(target()), "mine");
  EXPECT_EQ(get({"moved"}), Download::fetched);
  expect_right();
}

TEST_F(Fetch, OneServerWithEveryTrouble) {
  EXPECT_EQ(get({"trouble"}, 10), Download::fetched);
  expect_right();
}

TEST_F(Fetch, OneMirrorAfterTheOther) {
  EXPECT_EQ(get({"silent", "cutgarbage", "garbage", "500", "loop", "long", "good"}),
            Download::fetched);
  expect_right();
}

TEST_F(Fetch, TwoAtOnceAreRefused) {
  const int fd = open(part().c_str(), O_RDWR | O_CREAT, 0644);
  ASSERT_EQ(flock(fd, LOCK_EX), 0);
  EXPECT_THROW(get({"good"}), DataError);
  close(fd);
  EXPECT_EQ(get({"good"}), Download::fetched);
}

TEST_F(Fetch, AnInterruptKeepsWhatCame) {
  std::atomic<bool> interrupted{false};
  cli::DownloadOptions options;
  options.mirrors = {server_->url("stall"), server_->url("good")};
  options.interrupted = &interrupted;
  options.progress = [&](std::uint64_t have) { interrupted = have > 0; };
  EXPECT_EQ(cli::download(file_, folder_ / "cache", options), Download::interrupted);
  EXPECT_EQ(fs::file_size(part()), 10U);
  EXPECT_FALSE(fs::exists(target()));
}

// The command itself: three files of MNIST are the originals, one is of its length but not it.
TEST_F(Fetch, TheCommandNeverTakesAWrongFile) {
  const char* mnist = std::getenv("CHAINRULE_MNIST");
  if (mnist == nullptr) GTEST_SKIP() << "CHAINRULE_MNIST is not set";
  for (const char* name :
       {"train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"})
    fs::copy_file(fs::path(mnist) / name, folder_ / "server" / name);
  folder_.write("server/train-images-idx3-ubyte.gz", std::string(9912422, 'x'));
  const RunOptions here{.environment = {{"XDG_CACHE_HOME", folder_.str("home")}}};
  const Outcome o = run({"data", "fetch", "mnist", "--mirror", server_->url("good"), "--mirror",
                         server_->url("404"), "--timeout", "5"},
                        here);
  EXPECT_EQ(o.exit_code, 3);
  EXPECT_NE(o.err.find("SHA-256"), std::string::npos) << o.err;
  EXPECT_NE(o.err.find("put train-images-idx3-ubyte.gz, "), std::string::npos) << o.err;
  const fs::path cache = folder_ / "home/chainrule/mnist";
  EXPECT_TRUE(fs::is_empty(cache));
  EXPECT_EQ(run({"train", "mnist", "--out", folder_.str("run")}, here).exit_code, 2);
}

TEST(DataFetch, NamesAndFlags) {
  EXPECT_NE(run({"data", "fetch", "mnits"}).err.find("did you mean 'mnist'?"), std::string::npos);
  EXPECT_EQ(run({"data", "fetch", "mnist", "--timeout", "0"}).exit_code, 2);
  const Outcome o = run({"data", "fetch", "cifar-10"});  // a cache that cannot be made
  EXPECT_EQ(o.exit_code, 3);
}

TEST(DataFetch, WhatIsInTheCacheIsFound) {
  const TemporaryFolder folder;
  const RunOptions here{.environment = {{"XDG_CACHE_HOME", folder.str("home")}}};
  for (const char* set : {"mnist", "fashion-mnist", "kmnist"}) {
    const std::string cache = folder.str(cat("home/chainrule/", set));
    fs::create_directories(cache);
    ASSERT_EQ(run({"data", "make", "digits", "--limit", "60", "--out", cache}).exit_code, 0);
    const Outcome o = run({"data", "show", set}, here);
    EXPECT_EQ(o.exit_code, 0) << o.err;
    EXPECT_NE(o.out.find("60 train / 10 test"), std::string::npos) << o.out;
  }
  EXPECT_NE(run({"data", "show", "fashion-mnist"}).err.find("chainrule data fetch fashion-mnist"),
            std::string::npos);
}

}  // namespace
}  // namespace chainrule::testing
