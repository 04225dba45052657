// What the program says about itself and about command lines that it does not understand.
#include <gtest/gtest.h>
#include <sstream>

#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

const std::vector<std::vector<std::string>> kCommands = {
    {"train"},  {"eval"},         {"predict"},       {"check"},        {"export"},
    {"import"}, {"data", "list"}, {"data", "fetch"}, {"data", "make"}, {"data", "show"}};

/// Characters, not bytes.
std::size_t length(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

void expect_refused(const std::vector<std::string>& words, const std::string& sentence) {
  const Outcome o = run(words);
  EXPECT_EQ(o.exit_code, 2);
  EXPECT_EQ(o.err.rfind("chainrule: ", 0), 0U) << o.err;
  EXPECT_NE(o.err.find(sentence), std::string::npos) << o.err;
  EXPECT_EQ(o.out, "");
}

TEST(Usage, OverviewNamesEveryCommandAndExitCode) {
  const Outcome o = run({"--help"});
  EXPECT_EQ(o.exit_code, 0);
  EXPECT_EQ(o.err, "");
  for (const auto& words : kCommands)
    EXPECT_NE(o.out.find(words.size() == 1 ? words[0] : words[0] + " " + words[1]),
              std::string::npos);
  for (const char* code : {"\n  0 ", "\n  1 ", "\n  2 ", "\n  3 ", "\n  4 ", "\n  130 "})
    EXPECT_NE(o.out.find(code), std::string::npos) << code;
  EXPECT_EQ(run({}).out, o.out);
  EXPECT_EQ(run({"data", "--help"}).out, o.out);
}

TEST(Usage, HelpOfEachCommandFitsHundredColumnsAndEndsWithExamples) {
  for (std::vector<std::string> words : kCommands) {
    words.push_back("--help");
    const Outcome o = run(words);
    EXPECT_EQ(o.exit_code, 0);
    EXPECT_NE(o.out.find("\nExamples\n  chainrule " + words[0]), std::string::npos) << o.out;
    EXPECT_NE(o.out.find("\nExit codes\n"), std::string::npos);
    EXPECT_NE(o.out.find("-h, --help   "), std::string::npos) << o.out;
    std::istringstream lines(o.out);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(length(line), 100U) << line;
      EXPECT_TRUE(line.empty() || line.back() != ' ') << line;
    }
    words.pop_back();
    words.insert(words.begin(), "help");
    EXPECT_EQ(run(words).out, o.out);
  }
}

TEST(Usage, Version) {
  const Outcome o = run({"--version"});
  EXPECT_EQ(o.exit_code, 0);
  EXPECT_EQ(o.out.rfind("chainrule 0.", 0), 0U) << o.out;
}

TEST(Usage, UnknownWordsAreNamedWithWhatWasMeant) {
  expect_refused({"tarin", "xor"}, "unknown command 'tarin' (did you mean 'train'?)");
  expect_refused({"data", "sow"}, "unknown command 'data sow'");
  expect_refused({"data"}, "list, fetch, make or show");
  expect_refused({"--verbose"}, "unknown flag '--verbose'");
  expect_refused({"train", "xor", "--epohcs", "3"},
                 "unknown flag '--epohcs' (did you mean '--epochs'?)");
  expect_refused({"train", "xor", "--js"}, "(did you mean '--json'?)");
  expect_refused({"train", "xor", "spiral"}, "unexpected argument 'spiral'");
  expect_refused({"train", "dgits"}, "'dgits' (did you mean 'digits'?)");
  expect_refused({"train", "xor", "--optimizer", "adma"}, "'adma' (did you mean 'adam'?)");
  expect_refused({"train", "xor", "--loss", "sqared_error"}, "(did you mean 'squared_error'?)");
}

TEST(Usage, ValuesAreChecked) {
  expect_refused({"train", "xor", "--lr", "fast"}, "--lr expects a number, not 'fast'");
  expect_refused({"train", "xor", "--batch", "1.5"}, "--batch expects a whole number, not '1.5'");
  expect_refused({"train", "xor", "--lr"}, "--lr needs a value");
  expect_refused({"train"}, "DATA is missing");
  for (const char* flag : {"--batch", "--epochs", "--lr"})
    expect_refused({"train", "xor", flag, "-1"}, flag);
  expect_refused({"train", "xor", "--epochs", "2", "--steps", "5"}, "--steps");
  expect_refused({"train", "xor", "--hidden", "4,x"}, "'x'");
  expect_refused({"train", "xor", "--hidden", "4", "--model", "linear 1"}, "--hidden");
  expect_refused({"train", "xor", "--l2", "much"}, "'much'");
  expect_refused({"train", "xor", "--threads", "-2"}, "--threads");
  expect_refused({"train", "xor", "--validation", "1.5"}, "--validation");
}

TEST(Usage, ModelTextWithATypoIsShownWithACaret) {
  const Outcome o = run({"train", "xor", "--model", "linaer 50, relu, linear 1"});
  EXPECT_EQ(o.exit_code, 2);
  EXPECT_NE(o.err.find("unknown layer 'linaer'"), std::string::npos) << o.err;
  EXPECT_NE(o.err.find("'linear'"), std::string::npos) << o.err;
  EXPECT_NE(o.err.find("\n    linaer 50, relu, linear 1\n    ^~~~~~\n"), std::string::npos)
      << o.err;
}

TEST(Usage, SizesThatDoNotFitSayWhatToWrite) {
  expect_refused({"train", "blobs", "--model", "linear 16, relu, linear 7"}, "linear 3");
  expect_refused({"train", "xor", "--model", "linear 16, relu, linear 7"}, "'linear 1'");
}

TEST(Usage, SettingsComeFromAFileAndFlagsOverrideThem) {
  const TemporaryFolder folder;
  const std::string file = folder.write("xor.cfg",
                                        "# how to learn XOR\n"
                                        "model = linear 5, tanh, linear 1\n"
                                        "steps = 7\n"
                                        "l2 = fc1.weight=0.001\n"
                                        "json = true\n");
  Outcome o = run({"train", "xor", "--config", file, "--out", folder.str("run")});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(o.number("steps"), 7);
  EXPECT_NE(o.err.find("linear 5, tanh, linear 1"), std::string::npos) << o.err;
  o = run({"train", "xor", "--config", file, "--out", folder.str("run"), "--overwrite", "--steps",
           "9"});
  EXPECT_EQ(o.number("steps"), 9);

  folder.write("xor.cfg", "modle = linear 5\n");
  expect_refused({"train", "xor", "--config", file},
                 "line 1 of the file of --config: unknown setting 'modle' (did you mean 'model'?)");
  EXPECT_EQ(run({"train", "xor", "--config", folder.str("none.cfg")}).exit_code, 3);
}

}  // namespace
}  // namespace chainrule::testing
