#include "cli/run_flags.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "chainrule/core/error.h"
#include "chainrule/core/plain_text.h"
#include "cli/checkpoints.h"

namespace chainrule::cli {
namespace {

namespace fs = std::filesystem;
constexpr const char* kFile = "flags.txt";
constexpr std::uintmax_t kMostFlagBytes = 1 << 16;

}  // namespace

std::string run_flags_text(const std::vector<std::pair<std::string, std::string>>& given) {
  std::string text;
  for (const auto& [name, value] : given) {
    if (value.find('\n') != value.npos) return "";
    if (!name.starts_with("--"))
      text = value + "\n" + text;
    else if (name != "--json" && name != "--quiet" && name != "--overwrite")
      text += cat(name, "=", value, "\n");
  }
  return text;
}

bool is_run_folder(const std::string& name) {
  // A set of that name is meant, whatever folders there are.
  for (const NamedData& data : named_data())
    if ((", " + data.name + ", ").find(", " + name + ", ") != std::string::npos) return false;
  std::error_code unknown;
  const fs::path folder = name;
  return fs::is_directory(folder, unknown) &&
         (fs::exists(folder / kFile, unknown) || fs::exists(folder / "model.safetensors", unknown));
}

void read_run_flags(const fs::path& run,
                    const std::vector<std::pair<std::string, std::string>>& given,
                    TrainFlags& flags) {
  const fs::path path = run / kFile;
  std::error_code unknown;
  if (!fs::exists(path, unknown))
    throw DataError(cat("'", run.string(), "' holds no ", kFile,
                        ", so its data and flags are not known; give them instead of the folder"));
  if (fs::file_size(path, unknown) > kMostFlagBytes)
    throw DataError(cat(path.string(), " is too long for the flags of a run"));
  std::ifstream file(path);
  std::vector<std::string> words;
  for (std::string line; std::getline(file, line);) {
    const std::string name = line.substr(0, line.find('='));
    const bool again = line.starts_with("--") &&
                       std::ranges::any_of(given, [&](const auto& g) { return g.first == name; });
    if (!line.empty() && !again) words.push_back(line);
  }
  for (const auto& [name, value] : given)
    if (name.starts_with("--") && name != "--fix") words.push_back(cat(name, "=", value));
  TrainFlags own;
  Args args;
  declare_run_flags(args, own);
  try {
    args.parse("train", words);
  } catch (const UsageError& e) {
    throw DataError(cat(path.string(), ": ", without_controls(e.what())));
  }
  if (std::ranges::none_of(given, [](const auto& g) { return g.first == "--out"; }))
    own.out = (run / "doctor").string();
  flags = own;
}

}  // namespace chainrule::cli
