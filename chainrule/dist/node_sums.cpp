#include "chainrule/dist/node_sums.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "chainrule/dist/shared_memory.h"
#include "chainrule/dist/wire.h"
#include "chainrule/kernels/exchange.h"

namespace chainrule::dist {

NodeSums::NodeSums(std::vector<NodeShare> shares, int place, bool several_nodes, Wire* wire)
    : shares_(std::move(shares)),
      place_(place),
      several_nodes_(several_nodes),
      wire_(wire),
      terms_(shares_.size()) {}

template <class T>
void NodeSums::begin(std::span<T> values) {
  const Index bytes = static_cast<Index>(values.size_bytes());
  if (bytes == 0) return;
  auto* const data = reinterpret_cast<std::byte*>(values.data());
  request(begun_++) = {data, bytes, static_cast<Index>(sizeof(T)), memory_with(data)};
}

template void NodeSums::begin(std::span<float>);
template void NodeSums::begin(std::span<double>);

void NodeSums::add_memory(std::weak_ptr<SharedMemory> memory) {
  std::erase_if(memories_, [](const auto& m) { return m.expired(); });
  memories_.push_back(std::move(memory));
}

const SharedMemory* NodeSums::memory_with(const std::byte* data) const {
  for (const std::weak_ptr<SharedMemory>& m : memories_) {
    const std::shared_ptr<SharedMemory> memory = m.lock();
    if (memory && data >= memory->of(place_) && data < memory->of(place_) + memory->bytes())
      return memory.get();
  }
  return nullptr;
}

std::byte* NodeSums::common(std::int64_t n, int place) {
  const Chunk& c = chunk(n);
  if (c.shared == nullptr) return share(place).slot(n);
  return c.shared->of(place) + (c.data - c.shared->of(place_));
}

bool NodeSums::advance() {
  const bool fetched = fetch(), gave = give(), added = add();
  const bool crossed = several_nodes_ && place_ == 0 && cross();
  return fetched || gave || added || crossed;
}

bool NodeSums::give() {
  if (giving_ == begun_) return false;
  // The others may still look for what came over the wire.
  const std::int64_t free = several_nodes_ ? least(&NodeProgress::fetched) : fetched_;
  const std::int64_t before = given_, room = free + NodeShare::kSlots;
  for (; giving_ < begun_ && given_ < room; ++given_) {
    Request& r = request(giving_);
    Chunk& c = chunk(given_);
    c = {r.data + r.given, std::min(r.bytes - r.given, NodeShare::kChunk), r.element, r.shared};
    r.given += c.bytes;
    if (r.given == r.bytes) ++giving_;
    if (c.shared == nullptr) kernels::copy_to_memory(c.data, c.bytes, common(given_, place_));
    progress().given.store(given_ + 1, std::memory_order_release);
    const Part mine = piece(c, place_);
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
    for (int r = 0; r < ranks(); ++r)
      terms_[static_cast<std::size_t>(r)] = common(added_, r) + mine.first;
    const Index count = mine.count / c.element;
    const bool finite =
        c.element == sizeof(float)
            ? kernels::replace_by_sum<float>(terms_.data(), ranks(), place_, count)
            : kernels::replace_by_sum<double>(terms_.data(), ranks(), place_, count);
    if (!finite) progress().not_finite.fetch_add(1, std::memory_order_relaxed);
    progress().added.store(added_ + 1, std::memory_order_release);
  }
  return added_ != before;
}

/// The leader has all pieces, and then the sums over the nodes.
bool NodeSums::cross() {
  const std::int64_t before = crossing_, there = least(&NodeProgress::added);
  for (; crossing_ < there; ++crossing_) {
    const Chunk& c = chunk(crossing_);
    std::byte* const values = common(crossing_, 0);
    const auto count = static_cast<std::size_t>(c.bytes / c.element);
    if (c.element == sizeof(float))
      wire_->start_sum(std::span<float>(reinterpret_cast<float*>(values), count));
    else
      wire_->start_sum(std::span<double>(reinterpret_cast<double*>(values), count));
  }
  const std::int64_t crossed = wire_->done();
  const bool news = crossed != progress().crossed.load(std::memory_order_relaxed);
  if (news) {
    if (!wire_->finite()) progress().not_finite.fetch_add(1, std::memory_order_relaxed);
    progress().crossed.store(crossed, std::memory_order_release);
  }
  return news || crossing_ != before;
}

bool NodeSums::fetch() {
  if (fetched_ == added_) return false;
  const std::int64_t before = fetched_;
  const std::int64_t there = several_nodes_
                                 ? share(0).progress().crossed.load(std::memory_order_acquire)
                                 : least(&NodeProgress::added);
  for (; fetched_ < std::min(there, added_); ++fetched_) {
    const Chunk& c = chunk(fetched_);
    const std::byte* const sums = common(fetched_, several_nodes_ ? 0 : place_);
    if (sums != c.data) std::memcpy(c.data, sums, static_cast<std::size_t>(c.bytes));
    progress().fetched.store(fetched_ + 1, std::memory_order_release);
    Request& r = request(over_);
    r.fetched += c.bytes;
    if (r.fetched == r.bytes) ++over_;
  }
  return fetched_ != before;
}

bool NodeSums::finite() {
  std::int64_t all = 0;
  for (const NodeShare& s : shares_) all += s.progress().not_finite.load(std::memory_order_relaxed);
  const bool none = all == not_finite_;
  not_finite_ = all;
  return none;
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
  const std::int64_t next = fetched_;
  if (given_ > next) {
    const int r = behind(&NodeProgress::given, next);
    return r >= 0 ? r : behind(&NodeProgress::added, next);
  }
  return behind(&NodeProgress::fetched, next - 1);
}

Part NodeSums::piece(const Chunk& chunk, int place) const {
  // Whole cache lines where values begin at one, so that two ranks do not write into the same.
  constexpr auto line = static_cast<Index>(kAlignment);
  const auto begin = [&](int r) {
    return r == ranks() ? chunk.bytes : r * chunk.bytes / ranks() / line * line;
  };
  return {begin(place), begin(place + 1) - begin(place)};
}

}  // namespace chainrule::dist
