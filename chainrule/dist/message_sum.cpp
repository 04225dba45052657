#include "chainrule/dist/job-inl.h"
#include "chainrule/dist/message_sum-inl.h"
#include "chainrule/kernels/exchange.h"
#include "chainrule/kernels/update.h"

namespace chainrule::dist {

MessageSum::MessageSum(MPI_Comm comm) : comm_(comm) {
  MPI_Comm_rank(comm, &rank_);
  MPI_Comm_size(comm, &ranks_);
  requests_.assign(static_cast<std::size_t>(2 * ranks_), MPI_REQUEST_NULL);
  places_.resize(static_cast<std::size_t>(ranks_));
}

void MessageSum::start() {
  const Part mine = own();
  if (terms_.size() < ranks_ * mine.count * element_)
    terms_ = Buffer<std::byte>(ranks_ * mine.count * element_);
  for (int r = 0; r < ranks_; ++r) {
    if (r == rank_) continue;
    receive(r, term(r, mine.count), mine.count);
    send(r, small_ ? mine : piece(r));
  }
}

bool MessageSum::advance() {
  int arrived = 0;
  check_mpi(MPI_Testall(2 * ranks_, requests_.data(), &arrived, MPI_STATUSES_IGNORE));
  if (arrived == 0) return false;
  if (!gathering_) return true;
  gathering_ = false;
  const Part mine = own();
  add(mine);
  if (small_) return true;
  for (int r = 0; r < ranks_; ++r) {
    if (r == rank_) continue;
    const Part theirs = piece(r);
    receive(r, place(theirs.first), theirs.count);
    send(r, mine);
  }
  return false;
}

bool MessageSum::finite() const {
  return type_ == MPI_FLOAT ? kernels::all_finite(reinterpret_cast<const float*>(data_), size_)
                            : kernels::all_finite(reinterpret_cast<const double*>(data_), size_);
}

int MessageSum::missing() {
  for (int i = 0; i < 2 * ranks_; ++i) {
    int over = 0;
    MPI_Test(&requests_[static_cast<std::size_t>(i)], &over, MPI_STATUS_IGNORE);
    if (over == 0) return i % ranks_;
  }
  return -1;
}

std::int64_t MessageSum::bytes() const {
  const std::int64_t all = size_ * element_;
  if (small_) return all * (ranks_ - 1);
  const std::int64_t mine = piece(rank_).count * element_;
  return all - mine + mine * (ranks_ - 1);
}

Part MessageSum::piece(int rank) const {
  const Index first = rank * size_ / ranks_;
  return {first, (rank + 1) * size_ / ranks_ - first};
}

void MessageSum::receive(int from, std::byte* to, Index count) {
  check_mpi(MPI_Irecv(to, static_cast<int>(count), type_, from, tag_, comm_,
                      &requests_[static_cast<std::size_t>(from)]));
}

void MessageSum::send(int to, Part part) {
  check_mpi(MPI_Isend(place(part.first), static_cast<int>(part.count), type_, to, tag_, comm_,
                      &requests_[static_cast<std::size_t>(ranks_ + to)]));
}

void MessageSum::add(Part mine) {
  std::byte* const values = place(mine.first);
  for (int r = 0; r < ranks_; ++r)
    places_[static_cast<std::size_t>(r)] = r == rank_ ? values : term(r, mine.count);
  if (type_ == MPI_FLOAT)
    kernels::sum_terms(places_.data(), ranks_, mine.count, reinterpret_cast<float*>(values));
  else
    kernels::sum_terms(places_.data(), ranks_, mine.count, reinterpret_cast<double*>(values));
}

}  // namespace chainrule::dist
