#include "chainrule/dist/watch.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "chainrule/dist/job-inl.h"

namespace chainrule::dist {

Watch::Watch(const Job& job, const MpiOptions& options) : job_(job), options_(options) {
  for (int r = 0; r < job.size; ++r)
    if (r != job.rank && job.same_machine(r)) {
      neighbours_.watch(r, job.process(r));
      near_.push_back(r);
    }
}

bool Watch::look() {
  if (lost()) return true;
  if (const int r = accused_; r >= 0) {
    lose(cat(job_.name(r), " did not answer for ", options_.timeout, " seconds"));
  } else if (const int ended = neighbours_.ended(); ended >= 0) {
    // The lowest rank that is left on the machine speaks, unless another has said why the job ends.
    const bool first = std::none_of(near_.begin(), near_.end(),
                                    [&](int other) { return other < job_.rank && other != ended; });
    if (!first || job_.another_spoke()) std::this_thread::sleep_for(std::chrono::seconds(10));
    lose(cat(job_.name(ended), " was lost"));
  }
  return lost();
}

void Watch::lose(const std::string& sentence) {
  if (lost()) return;
  {
    const std::lock_guard lock(mutex_);
    sentence_ = sentence;
  }
  job_.speak();
  if (options_.on_lost) options_.on_lost(sentence);
  lost_ = true;  // whoever waits throws the sentence only if the job goes on for it
}

void Watch::throw_loss() const {
  const std::lock_guard lock(mutex_);
  throw RankError(sentence_);
}

double Watch::patience() const { return options_.timeout + std::min(0.25 * job_.rank, 2.0); }

}  // namespace chainrule::dist
