#include "cli/tune_log.h"

#include <cinttypes>
#include <cstdio>
#include <iterator>

#include "chainrule/core/error.h"
#include "chainrule/files/atomic_file.h"
#include "cli/output_folder.h"

namespace chainrule::cli {
namespace {

namespace fs = std::filesystem;
constexpr const char* kWords = "tune.txt";
constexpr const char* kTrialsFile = "trials.csv";
constexpr std::uintmax_t kMostWordBytes = 1 << 16;

/// Data first, then the words.
std::vector<std::string> lines_of(const fs::path& file) {
  std::error_code unknown;
  if (!fs::exists(file, unknown) || fs::file_size(file, unknown) > kMostWordBytes)
    throw DataError(cat("'", file.parent_path().string(), "' holds no search of chainrule tune"));
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  if (lines.empty()) throw DataError(cat(file.string(), " is empty"));
  return lines;
}

}  // namespace

std::vector<std::string> TuneLog::words_in(const fs::path& folder) {
  std::vector<std::string> lines = lines_of(folder / kWords);
  lines.erase(lines.begin());
  return lines;
}

TuneLog::TuneLog(fs::path folder, const std::string& data, const std::vector<std::string>& words)
    : folder_(std::move(folder)) {
  prepare_output_folder(folder_);
  std::error_code unknown;
  const fs::path file = folder_ / kTrialsFile;
  if (fs::exists(folder_ / kWords, unknown)) {
    if (const std::string before = lines_of(folder_ / kWords)[0]; before != data)
      throw DataError(cat("the data are not those of the search in '", folder_.string(),
                          "': it began with ", before, "; these are ", data));
  } else {
    std::string text = data + "\n";
    for (const std::string& word : words) text += word + "\n";
    write_file(folder_ / kWords, text);
  }
  std::ifstream in(file);
  std::string whole;  // without a line that a kill has cut short
  for (std::string line; std::getline(in, line) && !in.eof(); whole += line + "\n") {
    std::size_t number = 0;
    Job job;
    Shown shown;
    if (std::sscanf(line.c_str(), "%zu,%" SCNd64 ",%d,%td,%lf,%lf,%lf,%td", &number, &job.trial,
                    &job.rung, &job.epochs, &shown.rank.first, &shown.rank.second, &shown.value,
                    &shown.best_epoch) == 8)
      known_[number] = {job, shown};
  }
  in.close();
  if (whole.empty()) whole = "job,trial,rung,epochs,rank,tie,value,best_epoch\n";
  write_file(file, whole);
  file_.open(file, std::ios::app);
}

const Shown* TuneLog::find(std::size_t number, const Job& job) const {
  const auto it = known_.find(number);
  if (it == known_.end()) return nullptr;
  const auto& [saved, shown] = it->second;
  return saved.trial == job.trial && saved.rung == job.rung && saved.epochs == job.epochs ? &shown
                                                                                          : nullptr;
}

void TuneLog::add(std::size_t number, const Job& job, const Shown& shown) {
  char line[256];
  std::snprintf(line, sizeof line, "%zu,%" PRId64 ",%d,%td,%.17g,%.17g,%.17g,%td\n", number,
                job.trial, job.rung, job.epochs, shown.rank.first, shown.rank.second, shown.value,
                shown.best_epoch);
  file_ << line << std::flush;
  if (!file_) throw DataError(cat("cannot write '", (folder_ / kTrialsFile).string(), "'"));
}

}  // namespace chainrule::cli
