// The guide's commands are run as a reader would, and must print what the page shows.
//
// In a block marked "console", a line that begins with "$ " is a command (a backslash at its end
// continues it) and the lines up to the next one are its output. "…" stands for any text in a line,
// and alone on a line for any lines; numbers may differ by half a per cent. A page's commands share
// one folder; a picture that a page shows and a command writes must be the same. With
// CHAINRULE_UPDATE_GUIDE=1 outputs and pictures that differ are written into the guide instead.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <regex>
#include <string>
#include <sys/wait.h>
#include <vector>

#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

const fs::path kGuide = fs::path(CHAINRULE_SOURCE_DIR) / "docs" / "guide";
constexpr std::string_view kAny = "…";

Lines split_lines(const std::string& text) {
  Lines lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

/// A text without its numbers and blanks, and the numbers: processors round sums differently, and a
/// number of another length moves a column. How long something took does not count.
std::pair<std::string, std::vector<double>> parts(std::string_view line) {
  static const std::regex number("[0-9]+(?:\\.[0-9]+)?(?:e[+-][0-9]+)?");
  static const std::regex duration("<?[0-9.]+ (?:ms|s|min)\\b|[0-9]+ threads?");
  std::string text = std::regex_replace(std::string(line), duration, "time");
  std::vector<double> numbers;
  std::smatch match;
  std::string rest;
  while (std::regex_search(text, match, number)) {
    rest += match.prefix().str() + "#";
    numbers.push_back(std::stod(match.str()));
    text = match.suffix();
  }
  rest += text;
  std::erase_if(rest, [](char c) { return c == ' ' || c == '-'; });
  return {rest, numbers};
}

bool same(std::string_view pattern, std::string_view line) {
  if (pattern == line) return true;
  const auto [text, numbers] = parts(pattern);
  const auto [other, others] = parts(line);
  constexpr double kPart = 0.005, kTiny = 1e-6;
  return text == other && std::ranges::equal(numbers, others, [](double a, double b) {
           return std::abs(a - b) <= kPart * std::abs(a) + kTiny;
         });
}

/// The parts of the pattern between "…" in this order, the first and last at the ends.
bool line_matches(std::string_view pattern, std::string_view line) {
  const std::size_t any = pattern.find(kAny);
  if (any == pattern.npos) return same(pattern, line);
  if (!line.starts_with(pattern.substr(0, any))) return false;
  line.remove_prefix(any), pattern.remove_prefix(any + kAny.size());
  for (std::size_t skip = 0; skip <= line.size(); ++skip)
    if (line_matches(pattern, line.substr(skip))) return true;
  return false;
}

bool matches(const Lines& pattern, const Lines& lines, std::size_t p = 0, std::size_t l = 0) {
  if (p == pattern.size()) return l == lines.size();
  if (pattern[p] == kAny) {
    for (; l <= lines.size(); ++l)
      if (matches(pattern, lines, p + 1, l)) return true;
    return false;
  }
  return l < lines.size() && line_matches(pattern[p], lines[l]) &&
         matches(pattern, lines, p + 1, l + 1);
}

std::string run_shell(const fs::path& folder, const std::string& command) {
  const std::string path = fs::path(CHAINRULE_PROGRAM).parent_path().string();
  const std::string line = "cd '" + folder.string() + "' && PATH='" + path +
                           "':/usr/bin:/bin; export PATH; unset COLUMNS; { " + command + "\n} 2>&1";
  std::FILE* const pipe = popen(line.c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  std::string text;
  std::array<char, 4096> block;
  while (const std::size_t n = std::fread(block.data(), 1, block.size(), pipe))
    text.append(block.data(), n);
  const int status = pclose(pipe);
  // 1 is an answer: a gradient is wrong.
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) <= 1) << command << "\n" << text;
  return text;
}

/// Nearly all lines are the same: a pixel at a border may fall to the other side elsewhere.
bool same_picture(const std::string& a, const std::string& b) {
  if (a == b) return true;
  // Packed pixels: the header with width and height, and about as much content.
  if (a.starts_with("\x89PNG"))
    return a.substr(0, 33) == b.substr(0, 33) && 10 * a.size() < 11 * b.size() &&
           10 * b.size() < 11 * a.size();
  Lines x = split_lines(a), y = split_lines(b), common;
  std::ranges::sort(x), std::ranges::sort(y);
  std::ranges::set_intersection(x, y, std::back_inserter(common));
  return common.size() * 10 >= std::max(x.size(), y.size()) * 9;
}

void check_page(const std::string& name) {
  const bool update = std::getenv("CHAINRULE_UPDATE_GUIDE") != nullptr;
  const TemporaryFolder temporary;
  const fs::path folder = temporary / "";
  for (const auto& entry : fs::directory_iterator(kGuide))
    if (entry.path().extension() == ".py") fs::copy(entry.path(), folder);

  const Lines page = split_lines(read_file(kGuide / name));
  Lines updated;
  int commands = 0;
  for (std::size_t i = 0; i < page.size();) {
    updated.push_back(page[i]);
    if (page[i++] != "```console") continue;
    while (i < page.size() && page[i] != "```") {
      ASSERT_TRUE(page[i].starts_with("$ ")) << name << ": a command was expected: " << page[i];
      std::string command;
      do {
        updated.push_back(page[i]);
        command += (command.empty() ? page[i].substr(2) : page[i]) + "\n";
      } while (page[i++].ends_with("\\"));
      Lines expected;
      while (page[i] != "```" && !page[i].starts_with("$ ")) expected.push_back(page[i++]);
      const std::string output = run_shell(folder, command);
      const Lines got = split_lines(output);
      const bool agrees = matches(expected, got);
      if (!update) {
        EXPECT_TRUE(agrees) << name << ": $ " << command << "printed\n" << output;
      }
      updated.insert(updated.end(), agrees ? expected.begin() : got.begin(),
                     agrees ? expected.end() : got.end());
      ++commands;
    }
  }
  EXPECT_GE(commands, 1) << name;
  if (update) {
    std::ofstream out(kGuide / name);
    for (const std::string& line : updated) out << line << '\n';
  }
  static const std::regex picture("\\]\\(images/([A-Za-z0-9_-]+\\.(?:svg|png))\\)");
  const std::string text = read_file(kGuide / name);
  for (std::sregex_iterator it(text.begin(), text.end(), picture), end; it != end; ++it) {
    const std::string file = (*it)[1].str();
    const fs::path made = folder / file;
    ASSERT_TRUE(fs::exists(made)) << name << ": no command writes " << file;
    if (update)
      fs::create_directories(kGuide / "images"),
          fs::copy(made, kGuide / "images" / file, fs::copy_options::overwrite_existing);
    EXPECT_TRUE(same_picture(read_file(made), read_file(kGuide / "images" / file))) << file;
  }
}

TEST(Guide, Graphs) { check_page("1-graphs.md"); }
TEST(Guide, Layers) { check_page("2-layers.md"); }
TEST(Guide, ActivationsAndLosses) { check_page("3-activations-and-losses.md"); }
TEST(Guide, AndXor) { check_page("4-and-xor.md"); }
TEST(Guide, Digits) { check_page("5-digits.md"); }
TEST(Guide, Mistakes) {
  if (std::system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") != 0)
    GTEST_SKIP() << "numpy is not installed for /usr/bin/python3 (Debian: python3-numpy)";
  check_page("mistakes.md");
}
TEST(Guide, OfDoctor) { check_page("doctor.md"); }

TEST(Guide, ADifferenceIsSeen) {
  EXPECT_TRUE(line_matches("loss … at epoch 3", "loss 0.25 at epoch 3"));
  EXPECT_FALSE(line_matches("loss … at epoch 3", "loss 0.25 at epoch 4"));
  EXPECT_FALSE(line_matches("a", "ab"));
  EXPECT_TRUE(line_matches("greatest  0.1234 equal", "greatest 0.12341 equal"));
  EXPECT_FALSE(line_matches("greatest 0.1234 equal", "greatest 0.13 equal"));
  EXPECT_FALSE(line_matches("greatest 0.1234 equal", "greatest 0.1234 differs"));
  EXPECT_TRUE(matches({"a", "…", "c"}, {"a", "b", "b", "c"}));
  EXPECT_FALSE(matches({"a", "…", "c"}, {"a", "b"}));
  EXPECT_FALSE(matches({"a"}, {"a", "b"}));
  EXPECT_FALSE(same_picture("a\nb\nc\n", "a\nb\nd\n"));
}

}  // namespace
}  // namespace chainrule::testing
