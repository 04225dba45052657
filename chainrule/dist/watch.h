// Notices that a rank has died or hangs, and says so once.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "chainrule/dist/mpi_exchange.h"
#include "chainrule/dist/neighbours.h"

namespace chainrule::dist {

class Job;

class Watch {
 public:
  Watch(const Job& job, const MpiOptions& options);

  /// Looks whether a process of this machine has ended, or a rank was accused; true when the job is
  /// lost. Only for the thread that alone calls MPI.
  bool look();
  /// Gives up a rank that is silent for longer than patience(); the next look() says so.
  void accuse(int rank) { accused_ = rank; }
  /// The job is lost for another reason. For the thread that calls look().
  void lose(const std::string& sentence);

  bool lost() const { return lost_; }
  /// Throws the sentence.
  [[noreturn]] void throw_loss() const;
  /// Seconds without an answer. Rank 0 speaks first, so that the sentence is said once.
  double patience() const;

 private:
  const Job& job_;
  MpiOptions options_;
  std::vector<int> near_;  // other ranks on the same machine
  Neighbours neighbours_;
  std::atomic<int> accused_ = -1;
  std::atomic<bool> lost_ = false;
  mutable std::mutex mutex_;
  std::string sentence_;
};

}  // namespace chainrule::dist
