// This process as one of those that mpirun started.
#pragma once

#include <functional>
#include <string>

#include "chainrule/core/exchange.h"
#include "chainrule/train/observer.h"

namespace chainrule::cli {

/// Seconds after which a silent rank is given up.
inline constexpr double kRankTimeout = 60;

/// The number of this process, 0 when it was started alone. Of all ranks only number 0 talks to
/// people and writes files.
int rank_number();

/// Joins the others, if mpirun started several: then not null. MPI is initialised here, and not
/// before. A rank that is lost, or does not answer for `timeout` seconds, ends the job with one
/// sentence, to which `after_loss` adds what can be done.
Exchange* join_ranks(double timeout, std::function<std::string()> after_loss = {});
/// What join_ranks() has returned.
Exchange* joined_ranks();
/// Waits for the others; before the process ends well.
void leave_ranks();

/// Ends the job because of an error, which is reported by rank 0 if it has met the same, and by
/// this rank if not. Returns only when nothing was joined.
void fail_ranks(const std::function<void(const std::string& who)>& report, int exit_code);

/// Threads of a rank that was not told how many: the processors are shared by the ranks of a
/// machine.
int threads_of_rank(int asked);

/// How long the steps of a run took, and how much of it was waiting for other ranks. Only steps
/// count: not what is measured and written between them, so it is the last of the observers.
class WaitWatch final : public Observer {
 public:
  void on_start(const RunInfo& info) override;
  void on_step(const StepInfo& info) override;
  void on_state(const StateInfo& info) override;

  double milliseconds_per_step() const { return 1000 * per_step(seconds_); }
  double waiting_per_step() const { return 1000 * per_step(waited_); }  ///< of these
  double bytes_per_step() const { return per_step(bytes_); }  ///< for other ranks, by this one
  /// "4   8.31 ms per step, 1.20 ms of it waiting for others, 203 KB sent"
  std::string text() const;

 private:
  struct Now {
    double time, waited, bytes;
  };
  static Now now();
  double per_step(double sum) const { return steps_ == 0 ? 0 : sum / static_cast<double>(steps_); }

  Now begin_ = {};  ///< of the step that runs
  double seconds_ = 0, waited_ = 0, bytes_ = 0;
  std::int64_t steps_ = 0;
};

}  // namespace chainrule::cli
