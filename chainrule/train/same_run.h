// Do all ranks train the same network on the same data?
#pragma once

#include <cstdint>
#include <span>

#include "chainrule/core/exchange.h"
#include "chainrule/data/dataset.h"
#include "chainrule/model/model.h"

namespace chainrule {

struct FitOptions;

/// 64 bits that differ when the bytes do, unless by an accident of 1 in 2^64; not made against
/// those who want it to fail.
std::uint64_t fingerprint(std::span<const std::byte> bytes, std::uint64_t before = 0);

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
