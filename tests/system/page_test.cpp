// The pages of explanations in a real browser, every control used: tests/system/page.js.
#include "chainrule/picture/page.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <sys/wait.h>

#include "chainrule/data/digits.h"
#include "chainrule/formula/formula.h"
#include "chainrule/picture/model_page.h"
#include "chainrule/train/fit.h"

namespace chainrule {
namespace {

struct Outcome {
  int code;
  std::string out;
};

Outcome run(const std::string& command) {
  Outcome result{-1, ""};
  std::FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return result;
  std::array<char, 1024> buffer;
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) result.out += buffer.data();
  const int status = pclose(pipe);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

class Page : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "chainrule-page-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& formula,
                    const std::vector<std::string>& given) {
    FormulaValues values;
    for (const std::string& v : given) add_formula_value(v, values);
    const Formula f(formula, values);
    const auto tape = f.run();
    const std::string path = (folder_ / (name + ".html")).string();
    std::ofstream(path) << explanation_page(explain(*tape, f.result()), formula);
    return path;
  }

  void use(const std::string& pages) {
    if (std::system("node --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "node is not installed";
    const Outcome result =
        run("node " CHAINRULE_SOURCE_DIR "/tests/system/page.js " + folder_.string() + " " + pages);
    if (result.code == 77) GTEST_SKIP() << result.out;
    EXPECT_EQ(result.code, 0) << result.out;
  }

  std::filesystem::path folder_;
};

TEST_F(Page, EveryControlWorks) {
  use(write("apples", "(apple*apple_num + orange*orange_num)*tax",
            {"apple=100", "apple_num=2", "orange=150", "orange_num=3", "tax=1.1"}) +
      " " +
      write("network", "z = x @ w + b; h = relu(z); cross_entropy(softmax(h @ v + h), t)",
            {"x=[1, 2]", "w=[[0.1, 0.3], [0.5, 0.2]]", "b=[0.1, 0.2]", "v=[[0.1, 0.4], [0.2, 0.5]]",
             "t=1"}));
}

TEST_F(Page, AModelOnPictures) {
  const Splits data = data::digits({.train = 600, .test = 1});
  Model model("linear 20, relu, linear 10", data.features(), {.seed = 2});
  fit(model, data, {.steps = 20, .batch = 50});
  const std::string page = model_page(model, data.train, {.batch = 50, .steps = 10});
  EXPECT_LT(page.size(), 3'000'000U);
  const std::string path = (folder_ / "digits.html").string();
  std::ofstream(path) << page;
  use(path);
}

}  // namespace
}  // namespace chainrule
