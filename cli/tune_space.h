// What chainrule tune may choose: flags of train with the values that they may have.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "chainrule/core/random.h"
#include "chainrule/train/checkpoint.h"

namespace chainrule::cli {

/// One flag. Of "lr=log:1e-4:1" the name is "--lr", and a value is drawn so that its logarithm is
/// uniform; "uniform:A:B", "int:A:B" and "logint:A:B" likewise; "16,32,64" is one of these; and of
/// "model=linear {16,32}, relu, linear 2" each pair of braces is one of its own.
class Choice {
 public:
  /// Throws UsageError with the text and what was expected.
  explicit Choice(const std::string& text);
  const std::string& flag() const { return flag_; }
  std::string draw(Random& random) const;

 private:
  enum class Kind { uniform, log, whole, log_whole, pieces };
  void parse_range(const std::string& text, const std::string& value);
  void parse_pieces(const std::string& text, const std::string& value);

  std::string flag_;
  Kind kind_ = Kind::pieces;
  double low_ = 0, high_ = 0;
  /// A text is one of the first, one of the second, ...
  std::vector<std::vector<std::string>> pieces_;
};

/// The choices of --try, each flag once. Throws UsageError.
std::vector<Choice> parse_choices(const std::vector<std::string>& texts);

/// The settings of a trial: they depend on nothing but the seed and its number.
Settings draw_settings(const std::vector<Choice>& choices, std::uint64_t seed, std::int64_t trial);

/// Flags that are for each network; all others are the same for the whole search.
const std::set<std::string>& tunable();

/// What is tried when nothing is asked for: rate, batch and width, but for what is `given`.
std::vector<std::string> default_choices(const Settings& given);

}  // namespace chainrule::cli
