#include "chainrule/dist/node_sums.h"

#include <algorithm>
#include <cstring>

#include "chainrule/dist/wire.h"
#include "chainrule/kernels/exchange.h"

namespace chainrule::dist {
namespace {

void copy_part(const std::byte* from, Part part, std::byte* to) {
  std::memcpy(to + part.first, from + part.first, static_cast<std::size_t>(part.count));
}

}  // namespace

NodeSums::NodeSums(std::vector<NodeShare> shares, int place, bool several_nodes, Wire* wire)
    : shares_(std::move(shares)),
      place_(place),
      several_nodes_(several_nodes),
      wire_(wire),
      terms_(shares_.size()) {}

template <class T>
void NodeSums::begin(std::span<T> values) {
  constexpr auto element = static_cast<Index>(sizeof(T));
  const Index bytes = element * static_cast<Index>(values.size());
  if (bytes == 0) return;
  request(begun_++) = {reinterpret_cast<std::byte*>(values.data()), bytes, element};
}

template void NodeSums::begin(std::span<float>);
template void NodeSums::begin(std::span<double>);

bool NodeSums::advance() {
  const bool fetched = fetch(), gave = give(), added = add();
  const bool crossed = several_nodes_ && place_ == 0 && cross();
  return fetched || gave || added || crossed;
}

bool NodeSums::give() {
  if (giving_ == begun_) return false;
  const std::int64_t before = given_, room = least(&NodeProgress::fetched) + NodeShare::kSlots;
  for (; giving_ < begun_ && given_ < room; ++given_) {
    Request& r = request(giving_);
    Chunk& c = chunk(given_);
    c = {r.data + r.given, std::min(r.bytes - r.given, NodeShare::kChunk), r.element};
    r.given += c.bytes;
    if (r.given == r.bytes) ++giving_;
    const Part mine = piece(c, place_);
    const Index end = mine.first + mine.count;
    std::byte* const slot = own().slot(given_);
    kernels::copy_to_memory(c.data, mine.first, slot);
    kernels::copy_to_memory(c.data + end, c.bytes - end, slot + end);
    own().progress().given.store(given_ + 1, std::memory_order_release);
    bytes_ += c.bytes - mine.count + mine.count * (ranks() - 1);
  }
  return given_ != before;
}

bool NodeSums::add() {
  if (added_ == given_) return false;
  const std::int64_t before = added_, there = least(&NodeProgress::given);
  for (; added_ < std::min(there, given_); ++added_) {
    const Chunk& c = chunk(added_);
    const Part mine = piece(c, place_);
    for (int r = 0; r < ranks(); ++r) {
      const std::byte* const values =
          r == place_ ? c.data : shares_[static_cast<std::size_t>(r)].slot(added_);
      terms_[static_cast<std::size_t>(r)] = values + mine.first;
    }
    std::byte* const sums = c.data + mine.first;
    const Index count = mine.count / c.element;
    if (c.element == sizeof(float))
      kernels::sum_terms(terms_.data(), ranks(), count, reinterpret_cast<float*>(sums));
    else
      kernels::sum_terms(terms_.data(), ranks(), count, reinterpret_cast<double*>(sums));
    kernels::copy_to_memory(sums, mine.count, own().slot(added_) + mine.first);
    own().progress().added.store(added_ + 1, std::memory_order_release);
  }
  return added_ != before;
}

/// The leader's slot gets all pieces, and then the sums over the nodes.
bool NodeSums::cross() {
  const std::int64_t before = crossing_, there = least(&NodeProgress::added);
  for (; crossing_ < there; ++crossing_) {
    const Chunk& c = chunk(crossing_);
    std::byte* const slot = own().slot(crossing_);
    for (int r = 1; r < ranks(); ++r)
      copy_part(shares_[static_cast<std::size_t>(r)].slot(crossing_), piece(c, r), slot);
    const auto count = static_cast<std::size_t>(c.bytes / c.element);
    if (c.element == sizeof(float))
      wire_->start_sum(std::span<float>(reinterpret_cast<float*>(slot), count));
    else
      wire_->start_sum(std::span<double>(reinterpret_cast<double*>(slot), count));
  }
  const std::int64_t crossed = wire_->done();
  const bool news = crossed != own().progress().crossed.load(std::memory_order_relaxed);
  if (news) own().progress().crossed.store(crossed, std::memory_order_release);
  return news || crossing_ != before;
}

bool NodeSums::fetch() {
  if (fetched_ == added_) return false;
  const std::int64_t before = fetched_;
  const std::int64_t there = several_nodes_
                                 ? shares_[0].progress().crossed.load(std::memory_order_acquire)
                                 : least(&NodeProgress::added);
  for (; fetched_ < std::min(there, added_); ++fetched_) {
    const Chunk& c = chunk(fetched_);
    if (several_nodes_) {
      copy_part(shares_[0].slot(fetched_), {0, c.bytes}, c.data);
    } else {
      for (int r = 0; r < ranks(); ++r)
        if (r != place_)
          copy_part(shares_[static_cast<std::size_t>(r)].slot(fetched_), piece(c, r), c.data);
    }
    own().progress().fetched.store(fetched_ + 1, std::memory_order_release);
    Request& r = request(over_);
    r.fetched += c.bytes;
    if (r.fetched == r.bytes) ++over_;
  }
  return fetched_ != before;
}

std::int64_t NodeSums::least(std::atomic<std::int64_t> NodeProgress::*counter) const {
  std::int64_t n = (shares_[0].progress().*counter).load(std::memory_order_acquire);
  for (const NodeShare& s : shares_)
    n = std::min(n, (s.progress().*counter).load(std::memory_order_acquire));
  return n;
}

int NodeSums::behind(std::atomic<std::int64_t> NodeProgress::*counter, std::int64_t chunk) const {
  for (int r = 0; r < ranks(); ++r) {
    const NodeProgress& p = shares_[static_cast<std::size_t>(r)].progress();
    if (r != place_ && (p.*counter).load(std::memory_order_acquire) <= chunk) return r;
  }
  return -1;
}

int NodeSums::missing() const {
  // The chunk that is next; it has no slot yet while somebody has not fetched its predecessor
  // there.
  const std::int64_t next = fetched_;
  if (given_ <= next) return behind(&NodeProgress::fetched, next - NodeShare::kSlots);
  const int r = behind(&NodeProgress::given, next);
  return r >= 0 ? r : behind(&NodeProgress::added, next);
}

Part NodeSums::piece(const Chunk& chunk, int place) const {
  // Whole cache lines, so that two ranks never write into the same.
  constexpr auto line = static_cast<Index>(kAlignment);
  const auto begin = [&](int r) {
    return r == ranks() ? chunk.bytes : r * chunk.bytes / ranks() / line * line;
  };
  return {begin(place), begin(place + 1) - begin(place)};
}

}  // namespace chainrule::dist
