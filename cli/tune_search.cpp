#include "cli/tune_search.h"

#include <algorithm>
#include <set>

namespace chainrule::cli {

Halving::Halving(Index epochs, std::int64_t trials) : trials_(trials) {
  // A rung needs three networks on the one below.
  std::size_t most = 4;
  for (std::int64_t first = 27; trials > 0 && trials < first; first /= kEta) --most;
  for (Index e = epochs; e >= 1 && rungs_.size() < most; e /= kEta) rungs_.push_back(e);
  std::ranges::reverse(rungs_);
}

std::optional<Job> Halving::decide(std::size_t visible) const {
  for (int rung = static_cast<int>(rungs_.size()) - 2; rung >= 0; --rung) {
    std::vector<std::pair<Rank, std::int64_t>> reached;
    std::set<std::int64_t> promoted;
    for (std::size_t j = 0; j < jobs_.size(); ++j) {
      if (jobs_[j].rung == rung + 1) promoted.insert(jobs_[j].trial);
      if (jobs_[j].rung == rung && j < visible) reached.emplace_back(*ranks_[j], jobs_[j].trial);
    }
    std::ranges::sort(reached);
    reached.resize(reached.size() / static_cast<std::size_t>(kEta));
    for (const auto& [rank, trial] : reached)
      if (!promoted.contains(trial))
        return Job{trial, rung + 1, rungs_[static_cast<std::size_t>(rung) + 1]};
  }
  if (trials_ > 0 && begun_ == trials_) return {};
  return Job{begun_, 0, rungs_[0]};
}

std::optional<Job> Halving::next() {
  const auto lag = static_cast<std::size_t>(kLag);
  std::size_t wanted = std::max(visible_, jobs_.size() < lag ? 0 : jobs_.size() - lag + 1);
  for (; !over_; ++wanted) {
    for (; visible_ < wanted; ++visible_)
      if (!ranks_[visible_]) return {};
    if (const std::optional<Job> job = decide(visible_)) {
      begun_ += job->rung == 0 ? 1 : 0;
      jobs_.push_back(*job);
      ranks_.emplace_back();
      return job;
    }
    over_ = visible_ == jobs_.size();
  }
  return {};
}

void Halving::report(std::size_t job, Rank rank) { ranks_[job] = rank; }

}  // namespace chainrule::cli
