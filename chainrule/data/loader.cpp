#include "chainrule/data/loader.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "chainrule/core/error.h"
#include "chainrule/core/random.h"

namespace chainrule {
namespace {

// Streams of random numbers: one per epoch, or with replacement one per batch.
constexpr std::uint64_t kShuffleStream = 0x73687566'00000000;  // "shuf"
constexpr std::uint64_t kDrawStream = 0x64726177'00000000;     // "draw"

}  // namespace

Loader::Loader(Index rows, const LoaderOptions& options)
    : rows_(rows), batch_(options.batch), batches_(0), options_(options) {
  constexpr Index kMost = std::numeric_limits<std::int32_t>::max();
  if (rows < 1) throw Error("there are no rows to make batches of");
  if (rows > kMost) throw Error(cat("there are ", rows, " rows, at most 2^31 - 1 are supported"));
  if (batch_ < 1 || batch_ > kMost)
    throw Error(cat("the batch has ", batch_, " rows, expected at least 1"));
  if (!options.replacement) batch_ = std::min(batch_, rows);
  batches_ = (rows_ + batch_ - 1) / batch_;
  order_.resize(static_cast<std::size_t>(options.replacement ? batch_ : rows));
}

std::span<const std::int32_t> Loader::next() {
  const State now = state_;
  if (++state_.position == batches()) state_ = {now.epoch + 1, 0};

  if (options_.replacement) {
    Random random(options_.seed,
                  kDrawStream + static_cast<std::uint64_t>(now.epoch * batches() + now.position));
    for (std::int32_t& row : order_)
      row = static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(rows_)));
    return order_;
  }
  if (ordered_epoch_ != now.epoch) {
    std::iota(order_.begin(), order_.end(), 0);
    if (options_.shuffle)
      Random(options_.seed, kShuffleStream + static_cast<std::uint64_t>(now.epoch)).shuffle(order_);
    ordered_epoch_ = now.epoch;
  }
  const Index first = now.position * batch_;
  return std::span<const std::int32_t>(order_).subspan(
      static_cast<std::size_t>(first), static_cast<std::size_t>(std::min(batch_, rows_ - first)));
}

void Loader::set_state(State state) {
  if (state.epoch < 0 || state.position < 0 || state.position >= batches())
    throw Error(cat("batch ", state.position, " of epoch ", state.epoch,
                    " was asked for, an epoch has ", batches(), " batches"));
  state_ = state;
}

}  // namespace chainrule
