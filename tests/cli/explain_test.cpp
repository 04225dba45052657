// chainrule explain as a user runs it, and every command of docs/explain.md with what it prints.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <sstream>

#include "nlohmann/json.hpp"

#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

using nlohmann::json;

const std::vector<std::string> kApples{"explain",    "(apple*apple_num + orange*orange_num)*tax",
                                       "apple=100",  "apple_num=2",
                                       "orange=150", "orange_num=3",
                                       "tax=1.1"};

std::vector<std::string> with(std::vector<std::string> words,
                              const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(Explain, AFormulaAsJson) {
  const TemporaryFolder folder;
  const Outcome o =
      run(with(kApples, {"--json", "--svg", folder.str("a.svg"), "--html", folder.str("a.html")}));
  ASSERT_EQ(o.exit_code, 0) << o.err;
  const json j = json::parse(o.last_line());
  EXPECT_NEAR(j["value"].get<double>(), 715, 1e-9);
  EXPECT_NEAR(j["gradients"]["apple"].get<double>(), 2.2, 1e-12);
  EXPECT_NEAR(j["gradients"]["orange_num"].get<double>(), 165, 1e-9);
  EXPECT_EQ(j["nodes"].size(), 9U);
  ASSERT_EQ(j["edges"].size(), 8U);
  for (const json& e : j["edges"])
    EXPECT_NEAR(e["upstream"].get<double>() * e["local"].get<double>(),
                e["downstream"].get<double>(), 1e-9);
  EXPECT_NE(read_file(folder / "a.svg").find(">715</text>"), std::string::npos);
  EXPECT_NE(read_file(folder / "a.html").find("<!doctype html>"), std::string::npos);
}

TEST(Explain, HostileFormulasAreASentence) {
  const auto sentence = [](const std::string& formula, const std::vector<std::string>& values,
                           const std::string& what, int code = 2) {
    const Outcome o = run(with({"explain", formula}, values));
    EXPECT_EQ(o.exit_code, code) << formula;
    EXPECT_NE(o.err.find(what), std::string::npos) << o.err;
    EXPECT_LT(o.err.size(), 400U);
  };
  sentence(std::string(5000, '('), {}, "nested more than 200 deep");
  sentence(std::string(10'001, 'x'), {}, "at most 10,000");
  sentence("1 / (x - x)", {"x=3"}, "the result of this is infinite", 4);
  sentence("log(x)", {"x=0"}, "    ^~~~~~", 4);
  sentence("w @ x", {"w=[[1, 2]]", "x=[1, 2, 3]"}, "has 2 columns, the right side has 3 rows");
  sentence("x", {"x=" + std::string(9000, '[')}, "the value of 'x'");
}

TEST(Explain, OneGradientOfAModel) {
  const TemporaryFolder folder;
  ASSERT_EQ(run({"train", "digits", "--limit", "300", "--steps", "5", "--model",
                 "linear 12, relu, linear 10", "--out", folder.str("run"), "--quiet"})
                .exit_code,
            0);
  const std::vector<std::string> explain{
      "explain", folder.str("run/model.safetensors"), "digits", "--limit", "300", "--batch", "40"};
  const Outcome o = run(with(explain, {"--at", "fc1.weight[3,400]", "--json"}));
  ASSERT_EQ(o.exit_code, 0) << o.err;
  const json j = json::parse(o.last_line());
  ASSERT_EQ(j["terms"].size(), 40U);
  double sum = 0;
  for (const json& t : j["terms"]) {
    sum += t["amount"].get<double>();
    EXPECT_NEAR(t["activation"].get<double>() * t["delta"].get<double>(), t["amount"].get<double>(),
                1e-18);
    EXPECT_LT(t["sample"].get<int>(), 300);
  }
  EXPECT_NEAR(sum, j["gradient"].get<double>(), 1e-12 * j["magnitude"].get<double>());
  EXPECT_EQ(run(with(explain, {"--at", "fc1.weight[12,0]"})).exit_code, 2);
  EXPECT_EQ(run(explain).exit_code, 0);
  const Outcome pictures = run(with(explain, {"--pictures", folder.str("p"), "--steps", "5"}));
  ASSERT_EQ(pictures.exit_code, 0) << pictures.err;
  for (const char* name : {"fc1.weight.png", "input-gradient.png", "gradient-flow.svg"})
    EXPECT_GT(read_file(folder / "p" / name).size(), 500U) << name;
  EXPECT_EQ(run(with(kApples, {"--pictures", folder.str("q")})).exit_code, 2);
}

// ```sh blocks are run one after another in one folder; a ```text block after one is what it
// prints.
TEST(Explain, TheCommandsOfTheDocument) {
  const TemporaryFolder folder;
  std::istringstream document(
      read_file(std::filesystem::path(CHAINRULE_SOURCE_DIR) / "docs/explain.md"));
  const std::string bin = std::filesystem::path(CHAINRULE_PROGRAM).parent_path().string();
  std::string language, block, printed;
  int commands = 0, outputs = 0;
  bool inside = false;
  for (std::string line; std::getline(document, line);) {
    if (!line.starts_with("```")) {
      block += inside ? line + "\n" : "";
      continue;
    }
    inside = !inside;
    if (inside) {
      language = line.substr(3), block.clear();
    } else if (language == "sh") {
      ++commands;
      const std::string script =
          folder.write("script.sh", "cd " + folder.str("") + "\nPATH=" + bin + ":$PATH\n{ " +
                                        block + "} 2>&1\n");
      const int status = std::system(("sh " + script + " >" + folder.str("out.txt")).c_str());
      printed = read_file(folder / "out.txt");
      EXPECT_TRUE(status == 0 || printed.starts_with("chainrule: ")) << block << printed;
    } else if (language == "text") {
      ++outputs;
      EXPECT_EQ(printed, block);
    }
  }
  EXPECT_GE(commands, 6);
  EXPECT_GE(outputs, 4);
}

}  // namespace
}  // namespace chainrule::testing
