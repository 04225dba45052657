#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>
#include <unistd.h>

#include "chainrule/core/exchange.h"
#include "chainrule/dist/job-inl.h"
#include "chainrule/dist/launch.h"

namespace chainrule::dist {

void check_mpi(int code) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw RankError(cat("a message between ranks failed: ", text.data()));
}

Job::Job() {
  int level = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &level);
  if (level < MPI_THREAD_SERIALIZED)
    throw Error("this MPI cannot be used by a second thread (MPI_THREAD_SERIALIZED)");
  MPI_Comm_dup(MPI_COMM_WORLD, &all);
  MPI_Comm_set_errhandler(all, MPI_ERRORS_RETURN);
  MPI_Comm_rank(all, &rank);
  MPI_Comm_size(all, &size);
  Address own{getpid(), {}};
  gethostname(own.host.data(), own.host.size() - 1);
  addresses_.resize(static_cast<std::size_t>(size));
  MPI_Allgather(&own, sizeof(Address), MPI_BYTE, addresses_.data(), sizeof(Address), MPI_BYTE, all);
  find_nodes();
}

void Job::find_nodes() {
  MPI_Comm machine = MPI_COMM_NULL;
  MPI_Comm_split_type(all, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &machine);
  const int most = ranks_per_node();
  MPI_Comm_split(machine, most > 0 ? rank / most : 0, rank, &near);
  MPI_Comm_free(&machine);
  int leader = rank;
  MPI_Bcast(&leader, 1, MPI_INT, 0, near);
  MPI_Comm_split(all, leader == rank ? 0 : MPI_UNDEFINED, rank, &leaders);

  std::vector<int> leader_of(static_cast<std::size_t>(size));
  MPI_Allgather(&leader, 1, MPI_INT, leader_of.data(), 1, MPI_INT, all);
  for (int r = 0; r < size; ++r) {
    const int l = leader_of[static_cast<std::size_t>(r)];
    if (l == leader) node.push_back(r);
    if (l == r) leader_ranks.push_back(r);
  }
}

int Job::place() const {
  return static_cast<int>(std::ranges::lower_bound(node, rank) - node.begin());
}

bool Job::same_machine(int r) const {
  return std::strcmp(address(r).host.data(), address(rank).host.data()) == 0;
}

std::string Job::name(int r) const {
  const Address& a = address(r);
  return cat("rank ", r, " of ", size, " (process ", a.process, " on ", a.host.data(), ")");
}

void Job::speak() const {
  for (int r = 0; r < size; ++r) {
    MPI_Request sent = MPI_REQUEST_NULL;
    if (r != rank) MPI_Isend(nullptr, 0, MPI_BYTE, r, kTags, all, &sent);
  }
  another_spoke();  // lets MPI send
}

bool Job::another_spoke() const {
  int found = 0;
  for (int i = 0; i < 50 && found == 0; ++i) {
    MPI_Iprobe(MPI_ANY_SOURCE, kTags, all, &found, MPI_STATUS_IGNORE);
    if (found == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return found != 0;
}

}  // namespace chainrule::dist
