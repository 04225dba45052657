// Sums over ranks that share memory.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "chainrule/core/exchange.h"
#include "chainrule/core/tensor.h"

namespace chainrule::dist {

class SharedMemory;
class Wire;

/// How many chunks a rank has done each of these with; it alone writes them, the others wait for
/// them.
struct alignas(kAlignment) NodeProgress {
  std::atomic<std::int64_t> given = 0;    ///< its terms lie where all ranks reach them
  std::atomic<std::int64_t> added = 0;    ///< every rank of the node has the sums of its piece
  std::atomic<std::int64_t> crossed = 0;  ///< of the leader: it has the sums over all nodes
  std::atomic<std::int64_t> fetched = 0;  ///< it has the sums, and needs nobody's memory any more
  /// What it found to be not finite: pieces, or sums over all nodes.
  std::atomic<std::int64_t> not_finite = 0;
};

/// What a rank shares with the others of its node: its progress, then its slots.
struct NodeShare {
  static constexpr std::int64_t kSlots = 16;  ///< chunks that a rank may be ahead of another
  static constexpr Index kChunk = 1 << 18;    ///< bytes
  static constexpr Index kBytes = static_cast<Index>(sizeof(NodeProgress)) + kSlots * kChunk;

  explicit NodeShare(std::byte* share) : memory(share) {}
  NodeProgress& progress() const { return *reinterpret_cast<NodeProgress*>(memory); }
  std::byte* slot(std::int64_t chunk) const {
    return memory + sizeof(NodeProgress) + chunk % kSlots * kChunk;
  }
  std::byte* memory;
};

/// Values are added up in chunks, where all ranks reach them: in memory that was shared for them,
/// or in slots, through which others are copied. Each rank adds up one piece of a chunk over all
/// ranks, in their order, and writes the sums into the place of every rank's terms. Everything is
/// done by the caller, in advance(): on a busy processor a second thread would only interrupt the
/// first. With several nodes the leader then sends each chunk over the wire, and the others fetch
/// it from there.
class NodeSums {
 public:
  /// `shares` of all ranks of the node. `several_nodes`: sums are over other nodes, too; then
  /// `wire` is needed by the first rank, who leads.
  NodeSums(std::vector<NodeShare> shares, int place, bool several_nodes, Wire* wire);

  /// There is room for one more sum.
  bool has_room() const { return begun_ - over_ < kRequests; }
  template <class T>
  void begin(std::span<T> values);
  /// Values may lie there, as long as it lives.
  void add_memory(std::weak_ptr<SharedMemory> memory);
  /// Does what can be done without waiting; true when that was something.
  bool advance();
  /// Every sum that was begun is there.
  bool idle() const {
    return over_ == begun_ && (!several_nodes_ || least(&NodeProgress::fetched) >= fetched_);
  }
  /// When idle: were all sums finite since this was last asked?
  bool finite();

  /// The first rank of the node that keeps this one waiting, -1 when that is another node.
  int missing() const;
  std::int64_t bytes_sent() const { return bytes_; }

 private:
  static constexpr std::int64_t kRequests = 64;
  struct Request {
    std::byte* data;
    Index bytes, element;
    const SharedMemory* shared;    ///< where data lies, if it does in any
    Index given = 0, fetched = 0;  ///< bytes of these
  };
  struct Chunk {
    std::byte* data;
    Index bytes, element;
    const SharedMemory* shared;
  };

  bool give();
  bool add();
  bool cross();
  bool fetch();
  const SharedMemory* memory_with(const std::byte* data) const;
  /// Where all ranks find what the one at `place` has of chunk n.
  std::byte* common(std::int64_t n, int place);
  std::int64_t least(std::atomic<std::int64_t> NodeProgress::*counter) const;
  int behind(std::atomic<std::int64_t> NodeProgress::*counter, std::int64_t chunk) const;
  /// Of a chunk, in bytes.
  Part piece(const Chunk& chunk, int place) const;
  Request& request(std::int64_t n) { return requests_[static_cast<std::size_t>(n % kRequests)]; }
  Chunk& chunk(std::int64_t n) { return chunks_[static_cast<std::size_t>(n % NodeShare::kSlots)]; }
  int ranks() const { return static_cast<int>(shares_.size()); }
  NodeShare& share(int place) { return shares_[static_cast<std::size_t>(place)]; }
  NodeProgress& progress() { return share(place_).progress(); }

  std::vector<NodeShare> shares_;
  int place_;
  bool several_nodes_;
  Wire* wire_;
  std::vector<std::weak_ptr<SharedMemory>> memories_;
  std::vector<std::byte*> terms_;  // of the piece that is being added

  std::array<Request, kRequests> requests_;
  std::int64_t begun_ = 0, giving_ = 0, over_ = 0;                   // requests
  std::array<Chunk, NodeShare::kSlots> chunks_;                      // given, not yet fetched
  std::int64_t given_ = 0, added_ = 0, crossing_ = 0, fetched_ = 0;  // chunks
  std::int64_t bytes_ = 0, not_finite_ = 0;
};

}  // namespace chainrule::dist
