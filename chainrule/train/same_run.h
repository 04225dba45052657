// What makes a run the run that it is: its recipe and its data. Asked by ranks that train together
// and by a run that goes on from a checkpoint.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "chainrule/core/exchange.h"
#include "chainrule/data/dataset.h"
#include "chainrule/model/model.h"

namespace chainrule {

struct FitOptions;

/// Names with values, numbers to the last digit: {"optimizer", "adam"}, {"lr", "0.001"}, ...
using Recipe = std::vector<std::pair<std::string, std::string>>;

/// What decides about the bits of a run beside model, data and length: every setting of the
/// optimizer and of groups, the schedule ("custom" for a function, which cannot be compared),
/// batch, seed, clipping, and how the best epoch is chosen.
Recipe recipe_of(const FitOptions& options);
/// Network, loss, label smoothing, penalties, and a checksum of all nodes.
Recipe recipe_of(const Model& model);
/// "optimizer adam, lr 0.001, ..."
std::string text_of(const Recipe& recipe);
/// "momentum 0.9, not 0.8" for the first setting in which `now` differs from `before`; "" when none
/// does.
std::string difference(const Recipe& before, const Recipe& now);

/// 64 bits that differ when the bytes do, unless by an accident of 1 in 2^64; not made against
/// those who want it to fail.
std::uint64_t fingerprint(std::span<const std::byte> bytes, std::uint64_t before = 0);
/// The same of all values of all parts, the names and categories of columns and classes, and how
/// raw rows became features.
std::uint64_t fingerprint(const Splits& data);
/// Tells one set of data from another: "90 training, 0 validation and 30 test rows, checksum ...".
std::string data_mark(const Splits& data);

/// 16 digits.
std::string hexadecimal(std::uint64_t value);

struct Fingerprint {
  const char* what;  ///< "data", as in "rank 1 has other data than rank 0"
  std::uint64_t value;
};
/// Throws RankError naming the first rank that has another value than rank 0, and what it is of.
/// All ranks throw the same.
void check_same(Exchange& exchange, std::span<const Fingerprint> prints);

/// Compares version, network, parameters, data and options, and the step that a run goes on from.
void check_same_run(Exchange& exchange, const Model& model, const Splits& data,
                    const FitOptions& options, std::int64_t step);

}  // namespace chainrule
