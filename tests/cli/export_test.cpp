// chainrule export as a user runs it.
#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

bool compiles_and_passes(const std::string& c) {
  const std::string command = "cc -std=c99 -pedantic -Wall -Wextra -Werror -DCHAINRULE_SELF_TEST " +
                              c + " -lm -o " + c + ".out && " + c + ".out > /dev/null";
  return std::system(command.c_str()) == 0;
}

TEST(Export, XorIsAFileThatAStudentCanRead) {
  TemporaryFolder folder;
  ASSERT_EQ(run({"train", "xor", "--out", folder.str("run"), "--quiet"}).exit_code, 0);
  const std::string model = folder.str("run/model.safetensors"), c = folder.str("xor.c");
  const Outcome o = run({"export", model, "--to", "c", "-o", c, "--json"});
  ASSERT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(o.text("prefix"), "xor");
  EXPECT_EQ(o.number("flash"), 17 * 4);
  const std::string text = read_file(c);
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 80);
  EXPECT_NE(text.find("void xor_predict(const float input[2], float output[1]);"), text.npos);
  EXPECT_TRUE(compiles_and_passes(c));

  EXPECT_EQ(run({"export", model, "--to", "c", "--prefix", "gate"}).exit_code, 0);
  EXPECT_NE(read_file(folder / "run/model.c").find("gate_predict"), std::string::npos);
}

TEST(Export, Int8OfDigits) {
  TemporaryFolder folder;
  ASSERT_EQ(run({"train", "digits", "--limit", "2000", "--epochs", "2", "--out", folder.str("run"),
                 "--quiet"})
                .exit_code,
            0);
  const std::string model = folder.str("run/model.safetensors"), c = folder.str("m8.c");
  const Outcome o = run({"export", model, "--to", "c", "--int8", "--calibrate", "digits", "--limit",
                         "2000", "-o", c, "--json"});
  ASSERT_EQ(o.exit_code, 0) << o.err;
  EXPECT_GE(o.number("int8_accuracy"), o.number("float_accuracy") - 0.01);
  EXPECT_TRUE(compiles_and_passes(c));
}

/// The first block of C in docs/c-export.md.
std::string documented_program() {
  const std::string text = read_file(CHAINRULE_SOURCE_DIR "/docs/c-export.md");
  const std::size_t begin = text.find("```c\n") + 5;
  return text.substr(begin, text.find("```", begin) - begin);
}

TEST(Export, TheDocumentedProgramTellsDigitsAsPredictDoes) {
  TemporaryFolder folder;
  ASSERT_EQ(run({"train", "digits", "--limit", "2000", "--epochs", "2", "--out", folder.str("run"),
                 "--quiet"})
                .exit_code,
            0);
  const std::string model = folder.str("run/model.safetensors"), c = folder.str("digit.c");
  ASSERT_EQ(run({"export", model, "--to", "c", "-o", c}).exit_code, 0);
  const std::string program = folder.str("digit"),
                    main = folder.write("main.c", documented_program());
  ASSERT_EQ(std::system(("cc -std=c99 -pedantic -Wall -Wextra -Werror " + main + " " + c +
                         " -lm -o " + program)
                            .c_str()),
            0);
  for (const int column : {8, 14, 19}) {
    std::string pixels(784, '\0'), numbers;
    for (int y = 4; y < 24; ++y)
      for (int x = column; x < column + 3; ++x)
        pixels[static_cast<std::size_t>(28 * y + (y < 9 ? x - 4 + y % 5 : x))] = '\xff';
    for (const char p : pixels) numbers += std::to_string(static_cast<unsigned char>(p)) + ' ';
    const std::string pgm = folder.write("p.pgm", "P5 28 28 255\n" + pixels);
    ASSERT_EQ(std::system((program + " " + pgm + " > " + folder.str("said")).c_str()), 0);
    const Outcome o = run({"predict", model, folder.write("p.txt", numbers + "\n"), "--json"});
    EXPECT_NE(o.last_line().find("\"class\": \"" + read_file(folder / "said").substr(0, 1) + "\""),
              std::string::npos)
        << o.last_line();
  }
  EXPECT_NE(std::system((program + " " + main + " 2> " + folder.str("said")).c_str()), 0);
}

TEST(Export, SaysWhatIsWrong) {
  TemporaryFolder folder;
  ASSERT_EQ(run({"train", "xor", "--epochs", "1", "--out", folder.str("run"), "--quiet"}).exit_code,
            0);
  const std::string model = folder.str("run/model.safetensors");
  const auto refusal = [&](const std::vector<std::string>& flags, int code) {
    std::vector<std::string> words = {"export", model};
    words.insert(words.end(), flags.begin(), flags.end());
    const Outcome o = run(words);
    EXPECT_EQ(o.exit_code, code) << o.err;
    return o.err;
  };
  EXPECT_NE(refusal({}, 2).find("--to is missing"), std::string::npos);
  EXPECT_NE(refusal({"--to", "cc"}, 2).find("did you mean 'c'?"), std::string::npos);
  EXPECT_NE(refusal({"--to", "c", "--int8"}, 2).find("--calibrate"), std::string::npos);
  EXPECT_NE(refusal({"--to", "c", "--prefix", "1"}, 2).find("identifier"), std::string::npos);
  EXPECT_NE(refusal({"--to", "c", "-o", model}, 2).find("the model itself"), std::string::npos);
  EXPECT_NE(refusal({"--to", "c", "-o", folder.str("no/x.c")}, 3).find("no/x.c"),
            std::string::npos);
  EXPECT_NE(refusal({"--to", "c", "--int8", "--calibrate", "digits"}, 3).find("expects 2"),
            std::string::npos);
}

}  // namespace
}  // namespace chainrule::testing
