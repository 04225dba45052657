// What a search has found so far, in a folder, so that a killed one goes on.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "cli/tune_search.h"

namespace chainrule::cli {

/// What a job has shown on validation rows.
struct Shown {
  Rank rank;
  double value = 0;  ///< accuracy or RMSE; NaN when training met numbers that are not finite
  Index best_epoch = 0;
};

/// The files tune.txt (data and command line, a word per line) and trials.csv (a line per job).
class TuneLog {
 public:
  /// A new search in a folder that holds none, or one that goes on. Throws DataError.
  TuneLog(std::filesystem::path folder, const std::string& data,
          const std::vector<std::string>& words);
  /// Of a folder to go on with.
  static std::vector<std::string> words_in(const std::filesystem::path& folder);

  /// What the file says about that job, if it does.
  const Shown* find(std::size_t number, const Job& job) const;
  void add(std::size_t number, const Job& job, const Shown& shown);

 private:
  std::filesystem::path folder_;
  std::map<std::size_t, std::pair<Job, Shown>> known_;
  std::ofstream file_;
};

}  // namespace chainrule::cli
