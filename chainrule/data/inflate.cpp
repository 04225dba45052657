#include "chainrule/data/inflate.h"

#include <algorithm>
#include <utility>
#include <zlib.h>

#include "chainrule/core/error.h"

namespace chainrule::data {
namespace {

constexpr std::size_t kSmallestPiece = 1 << 16, kLargestPiece = 1 << 20;

}  // namespace

Inflater::Inflater(std::span<const std::uint8_t> packed, int window, std::string what)
    : z_(std::make_unique<z_stream>()), packed_(packed), what_(std::move(what)) {
  *z_ = {};
  if (inflateInit2(z_.get(), window) != Z_OK) throw DataError(what_ + " needs too much memory");
  z_->next_in = const_cast<std::uint8_t*>(packed.data());
}

Inflater::~Inflater() { inflateEnd(z_.get()); }

int Inflater::step() {
  if (pieces_.empty() || pieces_.back().used == pieces_.back().size) {
    const std::size_t size = std::clamp(made_, kSmallestPiece, kLargestPiece);
    pieces_.push_back({std::make_unique_for_overwrite<std::uint8_t[]>(size), size});
  }
  Piece& piece = pieces_.back();
  constexpr std::size_t kMostInput = std::size_t{1} << 30;  // zlib counts in 32 bits
  z_->avail_in = static_cast<uInt>(std::min(kMostInput, rest().size()));
  z_->next_out = piece.bytes.get() + piece.used;
  z_->avail_out = static_cast<uInt>(piece.size - piece.used);
  const int status = inflate(z_.get(), Z_NO_FLUSH);
  const std::size_t used = piece.size - z_->avail_out;
  made_ += used - piece.used;
  piece.used = used;
  if (made_ > kFreelyPacked && made_ / kMostTimes > packed_.size() - rest().size())
    throw DataError(cat(what_, " holds more than ", kMostTimes,
                        " times its own length, which is refused from ", kFreelyPacked >> 20,
                        " MiB on"));
  return status;
}

void Inflater::reset() { inflateReset(z_.get()); }

std::span<const std::uint8_t> Inflater::rest() const {
  return packed_.subspan(static_cast<std::size_t>(z_->next_in - packed_.data()));
}

bool Inflater::starved() const { return rest().empty() && z_->avail_out > 0; }

std::string Inflater::problem() const { return z_->msg != nullptr ? z_->msg : "unknown"; }

std::vector<std::uint8_t> Inflater::take() {
  std::vector<std::uint8_t> all;
  all.reserve(made_);
  for (Piece& piece : pieces_) {
    all.insert(all.end(), piece.bytes.get(), piece.bytes.get() + piece.used);
    piece.bytes.reset();  // so that the content is never there twice
  }
  pieces_.clear();
  made_ = 0;
  return all;
}

}  // namespace chainrule::data
