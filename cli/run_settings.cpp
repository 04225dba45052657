#include "cli/run_settings.h"

#include <algorithm>
#include <functional>
#include <set>

#include "cli/args.h"

namespace chainrule::cli {
namespace {

using Names = std::set<std::string, std::less<>>;

// Nothing of these decides about the bits of a run; they count for one process.
const Names kOfOneProcess = {
    "--out",        "--json",      "--quiet",  "--threads",          "--rank-timeout",
    "--stop-after", "--overwrite", "--resume", "--stop-after-steps", "--again"};
// Where the same data are found, and what may be another from one process to the next.
const Names kMayChange = {
    "DATA",   "--data",       "--labels", "--min-accuracy", "--checkpoint-every",
    "--keep", "--tensorboard"};
const Names kLength = {"--epochs", "--steps"};

void refuse_change(const std::string& name, Reuse how) {
  if (how == Reuse::resume)
    throw UsageError(cat(name,
                         " cannot be changed when a run is resumed; it goes on with the flags "
                         "with which it began"));
  throw UsageError(cat(name,
                       " cannot be changed when a run is repeated; without --again it is "
                       "another run"));
}

}  // namespace

bool is_length(const std::string& name) { return kLength.contains(name); }

Settings merge_settings(const Settings& saved, const Settings& now, Reuse how) {
  Names replaced;
  bool length = false;
  for (const auto& setting : now) {
    const auto& [name, value] = setting;
    const bool same = std::find(saved.begin(), saved.end(), setting) != saved.end();
    if (how == Reuse::resume && (name == "--out" || name == "--overwrite"))
      throw UsageError(cat(name, " and --resume exclude each other"));
    const bool free = kOfOneProcess.contains(name) || kMayChange.contains(name) ||
                      (how == Reuse::resume && kLength.contains(name));
    if (!same && !free) refuse_change(name, how);
    if (!same) length |= kLength.contains(name);
    replaced.insert(name);
  }
  if (length) replaced.insert(kLength.begin(), kLength.end());
  Settings merged = now;
  for (const auto& setting : saved)
    if (!replaced.contains(setting.first)) merged.push_back(setting);
  return merged;
}

Settings without_process(const Settings& given) {
  Settings kept;
  for (const auto& setting : given)
    if (!kOfOneProcess.contains(setting.first)) kept.push_back(setting);
  return kept;
}

std::vector<std::string> words_of(const Settings& settings) {
  std::vector<std::string> words;
  for (const auto& [name, value] : settings)
    words.push_back(name.starts_with("--") ? cat(name, "=", value) : value);
  return words;
}

}  // namespace chainrule::cli
