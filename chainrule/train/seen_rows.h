// Rows that a model was made with, known again by their features.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/data/dataset.h"

namespace chainrule {

/// A mark of 40 bits for each row, by which an equal row is known again: another row has the same
/// mark with a probability of 1 in 10^12 per row that is remembered. Not made against those who
/// want it to fail.
class SeenRows {
 public:
  /// Most rows that are remembered, so that their marks fit the metadata of a model file.
  static constexpr std::size_t kMost = 300'000;

  /// Remembers the rows of `data`, features as the network gets them, targets not looked at.
  void add(const Dataset& data);

  bool empty() const { return marks_.empty() && !too_many_; }
  /// There were more than kMost, and none is known any more.
  bool too_many() const { return too_many_; }
  /// Numbers of the rows of `data` that are not remembered. A row that was added n times stands for
  /// n equal rows of `data`; of these the first count as seen.
  std::vector<std::int32_t> unseen(const Dataset& data) const;

  /// Ten hexadecimal digits for each row, in the order of the marks; or "too many".
  std::string text() const;
  /// Throws DataError, the end of a sentence that begins with a file's name.
  static SeenRows parse(std::string_view text);

 private:
  std::vector<std::uint64_t> marks_;  // sorted
  bool too_many_ = false;
};

}  // namespace chainrule
