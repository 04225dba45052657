#include "chainrule/data/partition.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "chainrule/core/error.h"
#include "chainrule/core/random.h"
#include "chainrule/data/dataset.h"

namespace chainrule::data {
namespace {

using Rows = std::vector<std::int32_t>;

constexpr std::uint64_t kFolds = 0x666f6c64'73000000;  // "folds"

std::size_t index_of(std::int32_t row) { return static_cast<std::size_t>(row); }

Rows numbered(Index count) {
  Rows rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

void check_partition(const PartitionOptions& o) {
  const bool possible = o.test >= 0 && o.validation >= 0 && o.test + o.validation < 1;
  if (!possible)
    throw Error(cat("test fraction ", o.test, " and validation fraction ", o.validation,
                    " must not be negative and must leave rows to train on"));
  if (o.folds != 0 && (o.folds < 2 || o.fold < 0 || o.fold >= o.folds))
    throw Error(cat("fold ", o.fold, " of ", o.folds, " was asked for"));
  if (o.folds != 0 && o.in_order)
    throw Error("folds are drawn, so they cannot follow the order of rows");
}

template <class Values>
Rows picked(const Values& from, const Rows& which) {
  Rows rows;
  for (const std::int32_t i : which) rows.push_back(from[index_of(i)]);
  return rows;
}

/// The rest, and part `fold`: every folds-th row of the order by class.
std::pair<Rows, Rows> fold_rows(Index rows, std::span<const std::int32_t> classes,
                                const PartitionOptions& o) {
  Rows order = numbered(rows);
  Random(o.seed, kFolds).shuffle(order);
  if (!classes.empty())
    std::ranges::stable_sort(order, {}, [&](std::int32_t r) { return classes[index_of(r)]; });
  std::pair<Rows, Rows> parts;
  for (Index i = 0; i < rows; ++i)
    (i % o.folds == o.fold ? parts.second : parts.first)
        .push_back(order[static_cast<std::size_t>(i)]);
  std::ranges::sort(parts.first);
  std::ranges::sort(parts.second);
  return parts;
}

Partition in_order(Index rows, const PartitionOptions& o) {
  const Rows all = numbered(rows);
  const Index most = std::max<Index>(rows - 1, 0);
  const auto share = [&](double part) {
    return static_cast<Index>(std::llround(part * static_cast<double>(rows)));
  };
  const Index test = std::min(share(o.test), most);
  const Index validation = std::min(share(o.validation), most - test);
  const auto last = all.end() - test, middle = last - validation;
  return {{all.begin(), middle}, {middle, last}, {last, all.end()}};
}

}  // namespace

Partition partition(Index rows, std::span<const std::int32_t> classes, const PartitionOptions& o) {
  check_partition(o);
  if (o.in_order) return in_order(rows, o);
  auto [rest, test] =
      o.folds > 0 ? fold_rows(rows, classes, o) : split_rows(rows, classes, o.test, o.seed);
  const double left = o.folds > 0 ? 1 - 1 / static_cast<double>(o.folds) : 1 - o.test;
  const Rows rest_classes = classes.empty() ? Rows{} : picked(classes, rest);
  const auto [train, validation] =
      split_rows(std::ssize(rest), rest_classes, std::min(o.validation / left, 0.9), o.seed);
  return {picked(rest, train), picked(rest, validation), std::move(test)};
}

}  // namespace chainrule::data
