// Arrays in one line each: shape, type, and what their numbers look like.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/core/json.h"
#include "chainrule/core/shape.h"
#include "cli/inspect.h"

namespace chainrule::cli {

/// Of the finite numbers among those that were added. Welford's recurrence: a mean far from 0 does
/// not swallow the spread.
class NumberSummary {
 public:
  void add(double x);
  void add(std::span<const double> numbers) {
    for (const double x : numbers) add(x);
  }

  std::int64_t finite() const { return finite_; }
  std::int64_t nan() const { return nan_; }
  std::int64_t infinite() const { return infinite_; }
  std::int64_t zeros() const { return zeros_; }
  double mean() const { return finite_ > 0 ? mean_ : kNone; }
  /// Divided by the count, not by one less.
  double deviation() const;
  double least() const { return finite_ > 0 ? least_ : kNone; }
  double greatest() const { return finite_ > 0 ? greatest_ : kNone; }

 private:
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  std::int64_t finite_ = 0, nan_ = 0, infinite_ = 0, zeros_ = 0;
  double mean_ = 0, squares_ = 0;
  double least_ = std::numeric_limits<double>::infinity(), greatest_ = -least_;
};

struct ArrayLine {
  std::string name;
  std::string type;
  std::vector<Index> shape;
  std::int64_t count = 0;
  NumberSummary numbers;
};

/// Calls `add` with all bytes of an array in pieces of whole elements, so that a file of many
/// gigabytes is never held as doubles.
void in_pieces(std::span<const std::byte> bytes, std::size_t element,
               const std::function<void(std::span<const std::byte>)>& add);

/// "784 × 50"
std::string sizes_text(std::span<const Index> shape);
/// "all finite", or how many are not.
std::string finite_text(std::span<const ArrayLine> arrays);
/// A row per array under `title`, and the field `field`; columns for NaN and infinity only when
/// there are any.
void show_arrays(Sheet& sheet, const std::string& title, std::string_view field,
                 std::span<const ArrayLine> arrays, std::size_t most = 16);

}  // namespace chainrule::cli
