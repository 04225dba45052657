// The program in adverse circumstances: no threads, no memory, no streams, signals, links in the
// way, names that are meant to command a terminal.
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <map>
#include <regex>
#include <sstream>
#include <sys/stat.h>
#include <thread>

#include "cli/format.h"
#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryCanBeLimited = false;  // a sanitizer needs terabytes of addresses
#else
constexpr bool kMemoryCanBeLimited = true;
#endif

/// A shell that does `first` and then becomes the program.
RunOptions after(const std::string& first, const std::string& redirection = "") {
  return {.launcher = {"/bin/sh", "-c", first + " exec \"$0\" \"$@\" " + redirection}};
}

void expect_sentence(const Outcome& o, int code, const std::string& part) {
  EXPECT_EQ(o.exit_code, code) << o.err;
  EXPECT_NE(o.err.find(part), std::string::npos) << o.err;
}

TEST(Reliability, FewerThreadsWhenTheSystemStartsNoMore) {
  if (!kMemoryCanBeLimited) GTEST_SKIP() << "memory cannot be limited under a sanitizer";
  const TemporaryFolder folder;
  // Each thread wants 8 MiB of addresses for its stack: somewhere between these limits some start
  // and some do not, and below them there is not even memory for the data.
  bool fewer = false;
  for (int megabytes = 16; megabytes <= 96; megabytes += 4) {
    RunOptions limited = after("ulimit -v " + std::to_string(megabytes * 1024) + ";");
    limited.launcher.insert(limited.launcher.begin(), {"/usr/bin/timeout", "-s", "KILL", "60"});
    const Outcome o = run({"train", "digits", "--limit", "200", "--epochs", "1", "--threads", "6",
                           "--overwrite", "--out", folder.str("run")},
                          limited);
    const bool loaded = o.err.find("error while loading") == std::string::npos;
    if (!loaded) continue;  // the dynamic linker speaks, not the program
    EXPECT_TRUE(o.exit_code == 0 || o.exit_code == 3) << megabytes << ": " << o.exit_code << o.err;
    if (o.exit_code == 3) {
      EXPECT_EQ(o.err.rfind("chainrule: ", 0), 0u) << o.err;
    }
    fewer |= o.out.find("instead of 6: the system starts no more") != std::string::npos;
  }
  EXPECT_TRUE(fewer);
}

TEST(Reliability, HangUpSavesAsCtrlCDoes) {
  const TemporaryFolder folder;
  for (const int signal : {SIGHUP, SIGTERM, SIGINT}) {
    const std::string out = folder.str(std::to_string(signal));
    Program program({"train", "blobs", "--epochs", "4000000", "--out", out});
    ASSERT_TRUE(program.wait_for("train loss"));
    program.send(signal);
    EXPECT_EQ(program.finish().exit_code, 130);
    EXPECT_TRUE(fs::exists(out + "/model.safetensors"));
    EXPECT_TRUE(fs::exists(out + "/checkpoints"));
  }
}

TEST(Reliability, NohupLetsARunGoOn) {
  const TemporaryFolder folder;
  Program program({"train", "blobs", "--epochs", "2000", "--out", folder.str("run")},
                  after("trap '' HUP;"));
  ASSERT_TRUE(program.wait_for("train loss"));
  program.send(SIGHUP);
  EXPECT_EQ(program.finish().exit_code, 0);
}

TEST(Reliability, ASecondSignalOfAnyKindEnds) {
  const TemporaryFolder folder;
  for (const auto& [first, second] :
       {std::pair{SIGINT, SIGTERM}, {SIGHUP, SIGINT}, {SIGTERM, SIGHUP}}) {
    // Stopped, so that both signals are there before the program can end by the first; two equal
    // ones would be one.
    Program program({"train", "blobs", "--epochs", "4000000", "--out", folder.str("run")});
    ASSERT_TRUE(program.wait_for("train loss"));
    program.send(SIGSTOP);
    program.send(first);
    program.send(second);
    program.send(SIGCONT);
    const int code = program.finish().exit_code;
    EXPECT_TRUE(code == 128 + first || code == 128 + second) << code;
  }
}

TEST(Reliability, AReaderThatGoesAwayCostsNoModel) {
  const TemporaryFolder folder;
  const std::string model = folder.str("run/model.safetensors");
  const RunOptions piped{
      .launcher = {"/bin/bash", "-c",
                   "\"$0\" \"$@\" | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}"}};
  const Outcome o = run({"train", "blobs", "--epochs", "300", "--out", folder.str("run")}, piped);
  expect_sentence(o, 3, "cannot write to standard output: Broken pipe");
  EXPECT_TRUE(fs::exists(model));
}

TEST(Reliability, ClosedStreamsAreReplaced) {
  const TemporaryFolder folder;
  const Arguments words = {"train", "xor", "--epochs", "3", "--out", folder.str("a"), "--json"};
  expect_sentence(run(words, after("", ">&-")), 3, "cannot write to standard output");
  expect_sentence(run({"data", "list"}, after("", ">&-")), 3, "cannot write to standard output");
  EXPECT_EQ(run({"data", "list"}, after("", "2>&-")).exit_code, 0);
  EXPECT_EQ(run({"train", "xor", "--epochs", "3", "--quiet", "--out", folder.str("q")},
                after("", "<&- >&- 2>&-"))
                .exit_code,
            0);
  // No file of the run takes the place of a stream and gets what was meant for it.
  run({"train", "blobs", "--epochs", "20", "--tensorboard", folder.str("tb"), "--checkpoint-every",
       "5", "--out", folder.str("b")},
      after("", "<&- >&-"));
  for (const auto& entry : fs::recursive_directory_iterator(folder / "tb"))
    EXPECT_EQ(read_file(entry).find("train loss"), std::string::npos) << entry;
  EXPECT_GE(std::distance(fs::recursive_directory_iterator(folder / "tb"), {}), 1);
}

TEST(Reliability, OutputThatCannotBeWrittenIsCode3) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "/dev/full is not there";
  const TemporaryFolder folder;
  for (const Arguments& words : {Arguments{"data", "list"},
                                 {"--help"},
                                 {"train", "--help"},
                                 {"--version"},
                                 {"train", "xor", "--epochs", "2", "--out", folder.str("r")},
                                 {"explain", "a*b", "a=2", "b=3", "--json"}})
    expect_sentence(run(words, {.output = "/dev/full"}), 3,
                    "cannot write to standard output: No space left on device");
}

TEST(Reliability, LinksAndFilesOfOthersInTheFolderStayWhole) {
  const TemporaryFolder folder;
  const auto precious = [&](const std::string& name) { return folder.write(name, "precious\n"); };
  const Arguments words = {"train", "xor", "--epochs", "1", "--quiet", "--overwrite", "--out"};
  const auto train = [&](const std::string& out) {
    Arguments all = words;
    all.push_back(folder.str(out));
    return run(all);
  };
  for (const std::string name :
       {".writable", ".lock", "model.safetensors", "history.csv", "curves.svg"}) {
    const std::string victim = precious("victim-" + name), out = "link-" + name;
    fs::create_directory(folder / out);
    fs::create_symlink(victim, folder / out / name);
    const Outcome o = train(out);
    EXPECT_EQ(read_file(victim), "precious\n") << name;
    EXPECT_TRUE(o.exit_code == 0 || o.exit_code == 3) << o.err;
  }
  fs::create_directory(folder / "own");
  for (const char* name : {"own/.writable", "own/.lock", "own/.notes.tmp-backup"}) precious(name);
  EXPECT_EQ(train("own").exit_code, 0);
  for (const char* name : {".writable", ".lock", ".notes.tmp-backup"})
    EXPECT_EQ(read_file(folder / "own" / name), "precious\n") << name;
}

// ---- Every flag of train is known to --resume.

/// A value with which a run of `kTable` or of other data works; "-" for flags that have no say in a
/// run that is resumed, and are refused there.
const std::map<std::string, Arguments>& flag_values() {
  static const std::map<std::string, Arguments> values = {
      {"--data", {"."}},
      {"--labels", {"-"}},
      {"--no-header", {"-"}},
      {"--colours", {"-"}},
      {"--image-size", {"-"}},
      {"--transposed", {"-"}},
      {"--delimiter", {","}},
      {"--decimal", {"point"}},
      {"--quote", {"none"}},
      {"--comment", {"none"}},
      {"--encoding", {"utf-8"}},
      {"--missing-value", {"-1"}},
      {"--target", {"y"}},
      {"--task", {"classification"}},
      {"--ignore", {"b"}},
      {"--scaling", {"min_max"}},
      {"--missing", {"mean"}},
      {"--model", {"linear 4, relu, linear 1"}},
      {"--hidden", {"4"}},
      {"--loss", {"binary_cross_entropy_logits"}},
      {"--init", {"normal:0.1"}},
      {"--label-smoothing",
       {"0.1", "--loss", "softmax_cross_entropy", "--model", "linear 4, relu, linear 2"}},
      {"--l1", {"0.001"}},
      {"--l2", {"0.001"}},
      {"--optimizer", {"momentum"}},
      {"--freeze", {"fc1.*"}},
      {"--group", {"fc1.*:lr=0.01"}},
      {"--momentum", {"0.5", "--optimizer", "momentum"}},
      {"--schedule", {"exponential:0.9"}},
      {"--checkpoint-every", {"1"}},
      {"--stop-after", {"1"}},
      {"--stop-after-steps", {"1"}},
      {"--epochs", {"3"}},
      {"--steps", {"-"}},
      {"--rank-timeout", {"5"}},
      {"--min-accuracy", {"0"}},
      {"--out", {"-"}},
      {"--resume", {"-"}},
      {"--again", {"-"}},
      {"--folds", {"-"}},
      {"--seeds", {"-"}},
      {"--split", {"last"}},
      {"--config", {"CONFIG"}},
      {"--from", {"MODEL"}},
      {"--refit", {"--from", "MODEL"}},
      {"--class-weight", {"balanced"}},
      {"--categorical", {"a"}},
      {"--numeric", {"a"}},
      {"--date", {"day"}},
      {"--weight-column", {"b"}},
      {"--tensorboard", {"BOARD"}},
  };
  return values;
}

TEST(Reliability, ResumeKnowsEveryFlagOfTrain) {
  const TemporaryFolder folder;
  std::string table = "a,b,day,y\n";
  for (int i = 0; i < 40; ++i)
    table += cat(i * 7 % 11, ",", i, ",2026-02-", 10 + i % 9, i % 2 ? ",p\n" : ",q\n");
  const std::string data = folder.write("t.csv", table);
  const Arguments start = {"train", data, "--target", "y", "--quiet"};
  const auto with = [](Arguments words, const Arguments& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  EXPECT_EQ(run(with(start, {"--epochs", "1", "--out", folder.str("base")})).exit_code, 0);
  const std::map<std::string, std::string> files = {
      {"CONFIG", folder.write("c.cfg", "batch = 16\n")},
      {"MODEL", folder.str("base/model.safetensors")},
      {"BOARD", folder.str("board")}};

  const std::string help = run({"train", "--help"}).out;
  const std::regex line("\\n  (--[a-z0-9-]+)( [^ ]+)?  ");
  int flags = 0;
  for (std::sregex_iterator it(help.begin(), help.end(), line), end; it != end; ++it) {
    const std::string flag = (*it)[1], kind = (*it)[2];
    Arguments value = flag_values().contains(flag) ? flag_values().at(flag)
                      : kind == " N"               ? Arguments{"2"}
                      : kind.empty()               ? Arguments{}
                                                   : Arguments{"0.01"};
    if (!value.empty() && value[0] == "-") continue;
    for (std::string& word : value)
      if (files.contains(word)) word = files.at(word);
    const std::string out = folder.str("run" + flag);
    const Outcome first = run(with(with(with(start, {"--epochs", "2", "--checkpoint-every", "1",
                                                     "--stop-after-steps", "1", "--out", out}),
                                        {flag}),
                                   value));
    EXPECT_EQ(first.exit_code, 0) << flag << ": " << first.err;
    const Outcome resumed = run({"train", "--resume", out, "--quiet"});
    EXPECT_EQ(resumed.exit_code, 0) << flag << ": " << resumed.err;
    ++flags;
  }
  EXPECT_GE(flags, 38) << help;
}

// ---- Empty values.

TEST(Reliability, AnEmptyValueIsNotTheDefaultInDisguise) {
  const TemporaryFolder folder;
  const std::string config = folder.write("empty.cfg", "model =\n");
  for (const Arguments& command : {Arguments{"train"},
                                   {"eval"},
                                   {"predict"},
                                   {"check"},
                                   {"explain"},
                                   {"compare"},
                                   {"doctor"},
                                   {"inspect"},
                                   {"export"},
                                   {"import"},
                                   {"data", "fetch"},
                                   {"data", "make"},
                                   {"data", "show"}}) {
    Arguments words = command;
    words.push_back("--help");
    const std::string help = run(words).out;
    words.pop_back();
    const std::regex line("\\n  (?:-[a-z], )?(--[a-z0-9-]+) [A-Z\\[]");
    for (std::sregex_iterator it(help.begin(), help.end(), line), end; it != end; ++it) {
      const std::string flag = (*it)[1];
      Arguments given = words;
      given.insert(given.end(), {"x.csv", flag, ""});
      const Outcome o = run(given);
      expect_sentence(o, 2, flag);
      given.back() = flag + "=";
      given.erase(given.end() - 2);
      given.push_back("y");
      expect_sentence(run(given), 2, flag + " needs a value after '='");
    }
  }
  expect_sentence(run({"train", ""}), 2, "DATA is given an empty value");
  expect_sentence(run({"eval", "", "x.csv"}), 2, "is given an empty value");
  expect_sentence(run({"train", "xor", "--config", config}), 2, "--model is given an empty value");
}

// ---- Files of settings.

TEST(Reliability, SettingsThatAreNoneAreNamedByTheirLine) {
  const TemporaryFolder folder;
  const std::string out = folder.str("run");
  const auto refused = [&](const std::string& text, const std::string& sentence) {
    const std::string file = folder.write("c.cfg", text);
    expect_sentence(run({"train", "xor", "--config", file, "--out", out}), 2, sentence);
  };
  refused("# first\nlr 0.1\n", "line 2 of the file of --config: 'lr 0.1' is no setting");
  refused("lr\n", "line 1 of the file of --config: 'lr' has no value");
  refused("= 0.1\n", "'= 0.1' is no setting");
  refused("[train]\nlr = 1\n", "a section '[train]'");
  refused("lr = 0.1\nnaem = \xff\xfe\n",
          "line 2 of the file of --config: a byte that is not UTF-8");
  refused("lr = 0\x1b[31m\n", "a control character");
  refused("l\xe2\x80\x8br = 0.1\n", "a control character or an invisible one");
  refused("model = " + std::string(200'000, 'x') + "\n", "chainrule");
  refused(std::string(50'000, 'x') + "\n", " ...");
  refused("quiet = maybe\n", "--quiet expects true or false, not 'maybe'");
  const std::string marked = folder.write("d.cfg", "\xef\xbb\xbfsteps = 3\r\njson = on\r\n");
  EXPECT_EQ(run({"train", "xor", "--config", marked, "--out", out}).number("steps"), 3);
  for (const char* endless : {"/dev/zero", "/dev/urandom"})
    expect_sentence(run({"train", "xor", "--config", endless}), 3, "a device, which may never end");
}

// ---- Names that are meant to command a terminal or to deceive who reads.

/// C0 but line breaks, DEL, C1, and marks of direction.
bool commands_a_terminal(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\n') || c == 0x7f) return true;
    if (c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0)
      return true;
    if (text.compare(i, 3, "\u202e") == 0 || text.compare(i, 3, "\u2066") == 0) return true;
  }
  return false;
}

TEST(Reliability, NamesCommandNoTerminal) {
  const TemporaryFolder folder;
  std::string table = "a\x1b]0;PWN\x07,\u202eb,y\n";
  for (int i = 0; i < 40; ++i)
    table += std::to_string(i) + "," + std::to_string(i % 5) +
             (i % 2 ? ",\x1b[31mred\u009b31m\n" : ",ok\u202etxt\u2066\n");
  const std::string data = folder.write("e.csv", table);
  const std::string out = folder.str("e\x1b[32m"), model = out + "/model.safetensors";
  const auto clean = [](const Arguments& words, const RunOptions& options = {}) {
    Outcome o = run(words, options);
    EXPECT_FALSE(commands_a_terminal(o.out)) << words[0] << "\n" << o.out;
    EXPECT_FALSE(commands_a_terminal(o.err)) << words[0] << "\n" << o.err;
    return o;
  };
  EXPECT_EQ(clean({"train", data, "--target", "y", "--epochs", "2", "--out", out}).exit_code, 0);
  for (const std::string& json : {std::string(), std::string("--json")})
    for (Arguments words : {Arguments{"eval", model, data},
                            {"predict", model, data},
                            {"explain", model, data},
                            {"inspect", model},
                            {"inspect", out}}) {
      if (!json.empty()) words.push_back(json);
      EXPECT_EQ(clean(words).exit_code, 0) << words[0] << json;
    }
  clean({"doctor", data, "--target", "y"});
  clean({"data", "show", data});
  clean({"inspect", data});
  clean({"export", model, "--to", "c", "-o", folder.str("m\x1b.c")});
  clean({"train", data, "--target", "\x1b[31mz"});
  clean({"train", "x\u202e\x1b.csv"});
  clean({"train", "xor", "--\x1b[31m"});
  clean({"\x1b[31m"});
  clean({"explain", "a\x1b[31m*b", "a=1"});
  for (const auto& entry : fs::directory_iterator(out))
    EXPECT_FALSE(entry.path().extension() == ".svg" && commands_a_terminal(read_file(entry)));

  // On a terminal the program's own colours are all that there is.
  RunOptions terminal{.environment = {{"TERM", "xterm"}}, .terminal = true};
  std::string shown = run({"eval", model, data}, terminal).out;
  EXPECT_NE(shown.find("\x1b["), std::string::npos);
  shown = std::regex_replace(shown, std::regex("\x1b\\[(0|1|2|36|32|33|1;31)m|\x1b\\[K|\r"), "");
  EXPECT_FALSE(commands_a_terminal(shown)) << shown;
}

TEST(Reliability, SecretsInAddressesAreNotPrinted) {
  const TemporaryFolder folder;
  const Outcome o =
      run({"data", "fetch", "mnist", "--mirror", "http://me:s3cret@127.0.0.1:1/x?token=s3cret",
           "--timeout", "2", "--out", folder.str("mnist")});
  EXPECT_EQ(o.exit_code, 3);
  EXPECT_EQ((o.out + o.err).find("s3cret"), std::string::npos) << o.out << o.err;
  for (const auto& [url, shown] :
       std::map<std::string, std::string>{{"https://host/a/b.gz", "https://host/a/b.gz"},
                                          {"https://user:pass@host/a", "https://***@host/a"},
                                          {"https://user:p/a@ss@host/a", "https://***@host/a"},
                                          {"https://host/a?key=1#x", "https://host/a?***"},
                                          {"user@host", "***@host"}})
    EXPECT_EQ(cli::without_secrets(url), shown);
}

// ---- The same bits.

TEST(Reliability, SameBitsForThreadsBusyMachinesAndOneProcessor) {
  const TemporaryFolder folder;
  const auto bits = [&](const std::string& threads, const RunOptions& options = {}) {
    const Outcome o =
        run({"train", "digits", "--limit", "300", "--model",
             "linear 24, relu, batch_norm, dropout 0.3, linear 10", "--epochs", "2", "--threads",
             threads, "--quiet", "--overwrite", "--out", folder.str("run")},
            options);
    EXPECT_EQ(o.exit_code, 0) << o.err;
    return read_file(folder / "run/model.safetensors");
  };
  const std::string one = bits("1");
  for (const char* threads : {"2", "3", "8"}) EXPECT_EQ(bits(threads) == one, true) << threads;
  if (fs::exists("/usr/bin/taskset")) {
    EXPECT_EQ(bits("3", {.launcher = {"/usr/bin/taskset", "-c", "0"}}) == one, true);
  }
  EXPECT_EQ(
      bits("2", after("for i in 1 2 3; do timeout 3 sh -c 'while :; do :; done' & done;")) == one,
      true);
}

// ---- Sizes.

TEST(Reliability, APictureOfAThousandClassesIsSmall) {
  const TemporaryFolder folder;
  std::string csv = "a,y\n";
  for (int i = 0; i < 2000; ++i)
    csv += std::to_string(i % 37) + ",c" + std::to_string(i % 1000) + "\n";
  const std::string data = folder.write("t.csv", csv);
  const Outcome o = run({"train", data, "--target", "y", "--task", "classification", "--epochs",
                         "1", "--quiet", "--out", folder.str("run")});
  ASSERT_EQ(o.exit_code, 0) << o.err;
  EXPECT_LT(fs::file_size(folder / "run/confusion.svg"), 2'000'000u);
}

}  // namespace
}  // namespace chainrule::testing
