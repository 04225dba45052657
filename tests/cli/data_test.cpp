// Data at the command line: list, show, make, and pictures to predict.
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

namespace fs = std::filesystem;

TEST(Data, ListNamesWhatIsBuiltIn) {
  const Outcome o = run({"data", "list"});
  EXPECT_EQ(o.exit_code, 0);
  for (const char* name : {"mnist", "digits", "xor", "spiral", "moons", "circles", "blobs", ".csv"})
    EXPECT_NE(o.out.find(name), std::string::npos) << name;
  EXPECT_GT(run({"data", "list", "--json"}).number("data"), 9);
}

TEST(Data, DigitsAsTextAndAsPicture) {
  const TemporaryFolder folder;
  Outcome o = run({"data", "show", "digits", "--limit", "100"});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_NE(o.out.find("100 train"), std::string::npos) << o.out;
  o = run({"data", "show", "digits", "--limit", "100", "--rows", "2", "--cols", "3", "--out",
           folder.str("sheet.pgm")});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(read_file(folder / "sheet.pgm").rfind("P5", 0), 0U);
  o = run({"data", "show", "digits", "--limit", "100", "--out", folder.str("sheet.bmp")});
  EXPECT_EQ(o.exit_code, 2) << o.err;
  o = run({"data", "show", "xor"});
  EXPECT_NE(o.out.find("x1"), std::string::npos) << o.out;
}

TEST(Data, MadeDigitsAreReadLikeMnist) {
  const TemporaryFolder folder;
  Outcome o = run({"data", "make", "digits", "--limit", "600", "--out", folder.str("idx")});
  ASSERT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "idx"), {}), 4);
  o = run({"train", "mnist", "--epochs", "1", "--out", folder.str("run"), "--json"},
          {.environment = {{"CHAINRULE_MNIST", folder.str("idx")}}});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_NE(o.err.find("600 train / 100 test"), std::string::npos) << o.err;
  // A folder by its path.
  o = run({"eval", folder.str("run/model.safetensors"), folder.str("idx"), "--json"});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(o.number("rows"), 100);
}

TEST(Data, MadeTableIsReadBack) {
  const TemporaryFolder folder;
  Outcome o = run({"data", "make", "spiral", "--out", folder.str("spiral.csv")});
  ASSERT_EQ(o.exit_code, 0) << o.err;
  o = run({"train", folder.str("spiral.csv"), "--target", "class", "--task", "classification",
           "--epochs", "1", "--out", folder.str("run"), "--json"});
  EXPECT_EQ(o.exit_code, 0) << o.err;
}

TEST(Data, APictureIsPredicted) {
  const TemporaryFolder folder;
  ASSERT_EQ(run({"train", "digits", "--limit", "3000", "--epochs", "3", "--out", folder.str("run"),
                 "--quiet"})
                .exit_code,
            0);
  ASSERT_EQ(run({"data", "show", "digits", "--limit", "60", "--part", "test", "--rows", "1",
                 "--cols", "1", "--out", folder.str("one.png")})
                .exit_code,
            0);
  const std::string model = folder.str("run/model.safetensors");
  const Outcome o = run({"predict", model, folder.str("one.png"), folder.str("one.png"), "--json"});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(o.number("predictions"), 2);
}

/// "1.5;a;x" and so on: no names, decimal commas, semicolons.
std::string rows_without_names() {
  std::string text;
  for (int i = 0; i < 40; ++i)
    text += std::to_string(i) + ",5;" + (i % 2 == 0 ? "red" : "blue") + ";" +
            std::to_string(i % 3) + ";" + (i % 2 == 0 ? "yes" : "no") + "\n";
  return text;
}

TEST(Data, ShowSaysHowATableWasRead) {
  const TemporaryFolder folder;
  const std::string file = folder.write("rows.data", rows_without_names());
  Outcome o = run({"data", "show", file, "--rows", "2"});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  for (const char* text : {"40 rows of 4 columns   semicolon, no header, UTF-8, decimal comma",
                           "line   column1", "0,5   red"})
    EXPECT_NE(o.out.find(text), std::string::npos) << text << "\n" << o.out;
  o = run({"data", "show", "-", "--rows", "1"},
          {.launcher = {"/bin/sh", "-c", "exec \"$0\" \"$@\" < '" + file + "'"}});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_NE(o.out.find("40 rows of 4 columns"), std::string::npos) << o.out;
}

TEST(Data, ColumnsAreNamedByNumber) {
  const TemporaryFolder folder;
  const std::string file = folder.write("rows.txt", rows_without_names());
  const auto train = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"train", file,    "--epochs",        "1",          "--hidden",
                                      "2",     "--out", folder.str("run"), "--overwrite"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  for (const char* target : {"4", "-1", "column4"}) {
    const Outcome o = train({"--no-header", "--target", target, "--ignore", "1,column3"});
    EXPECT_EQ(o.exit_code, 0) << o.err;
    EXPECT_NE(
        o.out.find("32 train / 8 test   2 inputs   2 classes: no, yes   semicolon, no header"),
        std::string::npos)
        << o.out;
  }
  EXPECT_NE(train({"--target", "5"}).err.find("there is no column 5, there are 4"),
            std::string::npos);
  EXPECT_NE(train({}).err.find("--target is missing: which column"), std::string::npos);
  EXPECT_EQ(train({"--target", "4", "--delimiter", "commma"}).exit_code, 2);
  EXPECT_EQ(train({"--target", "4", "--encoding", "klingon"}).exit_code, 2);
  EXPECT_EQ(train({"--target", "4", "--header", "--no-header"}).exit_code, 2);
}

}  // namespace
}  // namespace chainrule::testing
