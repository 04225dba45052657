#include "chainrule/train/seen_rows.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "chainrule/core/error.h"
#include "chainrule/train/same_run.h"

namespace chainrule {
namespace {

constexpr std::size_t kDigits = 10;
constexpr std::string_view kTooMany = "too many";
constexpr std::uint64_t kMask = (std::uint64_t{1} << 40) - 1;

std::vector<std::uint64_t> marks_of(const Dataset& data) {
  std::vector<float> row(static_cast<std::size_t>(data.features.size()));
  std::vector<std::uint64_t> marks;
  for (Index r = 0; r < data.rows(); ++r) {
    const auto number = static_cast<std::int32_t>(r);
    data.gather(std::span(&number, 1), std::span(row));
    marks.push_back(fingerprint(std::as_bytes(std::span(row))) & kMask);
  }
  return marks;
}

}  // namespace

void SeenRows::add(const Dataset& data) {
  const std::vector<std::uint64_t> more = marks_of(data);
  marks_.insert(marks_.end(), more.begin(), more.end());
  std::ranges::sort(marks_);
  too_many_ |= marks_.size() > kMost;
  if (too_many_) marks_.clear();
}

std::vector<std::int32_t> SeenRows::unseen(const Dataset& data) const {
  std::vector<bool> met(marks_.size());
  std::vector<std::int32_t> rows;
  const std::vector<std::uint64_t> marks = marks_of(data);
  for (std::size_t r = 0; r < marks.size(); ++r) {
    const auto [first, last] = std::ranges::equal_range(marks_, marks[r]);
    const auto begin = met.begin() + (first - marks_.begin());
    const auto end = met.begin() + (last - marks_.begin());
    const auto free = std::find(begin, end, false);
    if (free == end)
      rows.push_back(static_cast<std::int32_t>(r));
    else
      *free = true;
  }
  return rows;
}

std::string SeenRows::text() const {
  if (too_many_) return std::string(kTooMany);
  std::string text;
  for (const std::uint64_t mark : marks_) text += hexadecimal(mark).substr(16 - kDigits);
  return text;
}

SeenRows SeenRows::parse(std::string_view text) {
  SeenRows seen;
  seen.too_many_ = text == kTooMany;
  if (seen.too_many_) return seen;
  if (text.size() % kDigits != 0) throw DataError("has marks of training rows that are cut short");
  for (std::size_t at = 0; at < text.size(); at += kDigits) {
    const char* const end = text.data() + at + kDigits;
    std::uint64_t mark = 0;
    const auto [stop, error] = std::from_chars(text.data() + at, end, mark, 16);
    if (error != std::errc{} || stop != end)
      throw DataError("has marks of training rows that are no hexadecimal numbers");
    seen.marks_.push_back(mark);
  }
  std::ranges::sort(seen.marks_);
  return seen;
}

}  // namespace chainrule
