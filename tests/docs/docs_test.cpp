// The documents must not rot: C++ in them is quoted from files that are compiled, the commands in
// them run, and the files that they name exist.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace {
namespace fs = std::filesystem;

const fs::path kRoot = CHAINRULE_SOURCE_DIR;

std::vector<std::string> read_lines(const fs::path& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in) << "cannot read " << path;
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    const std::size_t begin = line.find_first_not_of(' ');
    text += (begin == std::string::npos ? "" : line.substr(begin)) + '\n';
  }
  return text;
}

struct Block {
  std::string language;
  std::string source;  // from the comment <!-- examples/xor.cpp --> above the block
  std::vector<std::string> lines;
  std::string where;  // docs/tour.md:12
};

std::vector<fs::path> documents() {
  std::vector<fs::path> paths;
  for (const fs::path& folder : {kRoot, kRoot / "docs", kRoot / "docs" / "guide"})
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().extension() == ".md") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<Block> blocks() {
  static const std::regex comment("<!-- (\\S+) -->");
  std::vector<Block> all;
  for (const fs::path& path : documents()) {
    std::string before;
    bool inside = false;
    int number = 0;
    for (const std::string& line : read_lines(path)) {
      ++number;
      if (line.starts_with("```")) {
        if (!inside) {
          std::smatch match;
          std::regex_match(before, match, comment);
          all.push_back({line.substr(3),
                         match.empty() ? "" : match[1].str(),
                         {},
                         fs::relative(path, kRoot).string() + ":" + std::to_string(number)});
        }
        inside = !inside;
      } else if (inside) {
        all.back().lines.push_back(line);
      }
      before = line;
    }
    EXPECT_FALSE(inside) << path << " ends inside a block of code";
  }
  return all;
}

TEST(Docs, CodeIsQuotedFromFilesThatAreCompiled) {
  int found = 0;
  for (const Block& block : blocks()) {
    if (block.language != "cpp") continue;
    ++found;
    ASSERT_NE(block.source, "") << block.where
                                << ": above C++ there must be a comment that names its file";
    EXPECT_NE(joined(read_lines(kRoot / block.source)).find(joined(block.lines)), std::string::npos)
        << block.where << ": not found like this in " << block.source;
  }
  EXPECT_GE(found, 3);
}

TEST(Docs, FilesThatAreNamedExist) {
  // `chainrule/graph/tape.h` in the text, and [text](target) that is no address of the web.
  static const std::regex name(
      "`((?:chainrule|tests|docs|scripts|examples|cli|cmake)/[A-Za-z0-9_/-]*\\.[a-z]+)`"
      "|\\]\\(([^)#:]+)(?:#[^)]*)?\\)");
  int found = 0;
  for (const fs::path& path : documents()) {
    bool inside = false;
    for (const std::string& line : read_lines(path)) {
      if (line.starts_with("```")) inside = !inside;
      if (inside) continue;
      for (std::sregex_iterator it(line.begin(), line.end(), name), end; it != end; ++it) {
        const fs::path target =
            (*it)[1].matched ? kRoot / (*it)[1].str() : path.parent_path() / (*it)[2].str();
        EXPECT_TRUE(fs::exists(target)) << path << " names " << target;
        ++found;
      }
    }
  }
  EXPECT_GE(found, 2);
}

}  // namespace
