// One sum over ranks that send each other messages. Only the sources of this folder include it.
#pragma once

#include <mpi.h>
#include <span>
#include <type_traits>
#include <vector>

#include "chainrule/core/exchange.h"
#include "chainrule/core/tensor.h"

namespace chainrule::dist {

/// Each rank owns a piece of the values: all send their terms of a piece to its owner, who adds
/// them in the order of the ranks and sends the sum back. These are two rounds of messages, and
/// 2 (P - 1) / P times the values leave each rank, the least that is possible. A few values go from
/// each rank to each other, which all add up alike: one round.
class MessageSum {
 public:
  explicit MessageSum(MPI_Comm comm);

  /// `tag` is the same on every rank, and differs from those of the sums that are not over.
  template <class T>
  void prepare(std::span<T> values, int tag) {
    data_ = reinterpret_cast<std::byte*>(values.data());
    size_ = static_cast<Index>(values.size());
    type_ = std::is_same_v<T, float> ? MPI_FLOAT : MPI_DOUBLE;
    element_ = static_cast<Index>(sizeof(T));
    tag_ = tag;
    small_ = size_ * element_ <= kSmall || size_ < ranks_;
    gathering_ = true;
  }

  void start();
  /// Carries on with what has arrived; true when the sum is there.
  bool advance();
  /// Then: is none of its numbers NaN or infinite?
  bool finite() const;
  /// The first rank that has not sent, or not fetched, a message: in the first round it keeps all
  /// others waiting. -1 when there is none.
  int missing();
  bool gathering() const { return gathering_; }
  /// Bytes that this rank sends.
  std::int64_t bytes() const;

 private:
  /// Bytes; up to here a second round costs more than the bytes that it saves.
  static constexpr Index kSmall = 2048;

  Part piece(int rank) const;
  Part own() const { return small_ ? Part{0, size_} : piece(rank_); }
  std::byte* place(Index first) const { return data_ + first * element_; }
  std::byte* term(int rank, Index count) const { return terms_.data() + rank * count * element_; }
  void receive(int from, std::byte* to, Index count);
  void send(int to, Part part);
  void add(Part mine);

  MPI_Comm comm_;
  int rank_ = 0, ranks_ = 1;
  std::vector<MPI_Request> requests_;  // receiving from each rank, then sending to each
  std::byte* data_ = nullptr;
  Index size_ = 0, element_ = 0;
  MPI_Datatype type_ = MPI_FLOAT;
  int tag_ = 0;
  bool small_ = false, gathering_ = false;
  Buffer<std::byte> terms_;               // of all ranks for the piece that is added here
  std::vector<const std::byte*> places_;  // of these
};

}  // namespace chainrule::dist
