#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "chainrule/core/error.h"
#include "chainrule/data/npy.h"

namespace chainrule::data {
namespace {

void read_targets(const std::string& name, const NpyArray& y, Dataset& d) {
  if (y.kind == 'f') {
    if (y.shape.size() > 2 || (y.shape.size() == 2 && y.shape[1] > 4096))
      throw DataError(
          cat(name, ": targets of shape ", shape_text(y.shape), ", expected (N,) or (N, K)"));
    d.targets = y.as<float>();
    const Index width = y.shape.size() == 2 ? y.shape[1] : 1;
    for (Index i = 0; i < width; ++i) d.target_names.push_back(width == 1 ? "y" : cat("y", i + 1));
    return;
  }
  if (y.shape.size() != 1 && !(y.shape.size() == 2 && y.shape[1] == 1))
    throw DataError(cat(name, ": classes of shape ", shape_text(y.shape), ", expected (N,)"));
  constexpr std::int64_t kMostClasses = 1000;
  std::int64_t classes = 2;
  for (const std::int64_t c : y.as<std::int64_t>()) {
    if (c < 0 || c >= kMostClasses)
      throw DataError(cat(name, ": class ", c, " in row ", d.classes.size() + 1, ", expected 0 to ",
                          kMostClasses - 1));
    d.classes.push_back(static_cast<std::int32_t>(c));
    classes = std::max(classes, c + 1);
  }
  for (std::int64_t c = 0; c < classes; ++c) d.class_names.push_back(std::to_string(c));
}

}  // namespace

Dataset npy_dataset(NpyArray x, const std::string& name, const NpyArray* y,
                    const std::string& y_name) {
  if (x.shape.empty() || x.size() == 0)
    throw DataError(
        cat(name, ": features of shape ", shape_text(x.shape), ", expected (N, ...) with N > 0"));
  Dataset d;
  d.name = std::filesystem::path(name).stem().string();
  const Index rows = x.shape[0];
  constexpr Index kMostFeatures = Index{1} << 24;
  const Index width = x.size() / rows;
  if (rows > std::numeric_limits<std::int32_t>::max() || width > kMostFeatures)
    throw DataError(cat(name, ": features of shape ", shape_text(x.shape), " are too many"));
  d.features = {width};
  if (x.kind == 'u' && x.item_size == 1) {
    if (x.shape.size() == 3) d.image = {x.shape[1], x.shape[2]};
    d.bytes = std::move(x.bytes);
  } else {
    d.floats = x.as<float>();
  }
  if (y != nullptr) {
    if (y->shape.empty() || y->shape[0] != rows || y->size() == 0)
      throw DataError(
          cat(name, " has ", rows, " rows, but ", y_name, " is of shape ", shape_text(y->shape)));
    read_targets(y_name, *y, d);
  }
  d.validate();
  return d;
}

Dataset npy(const std::filesystem::path& x, const std::filesystem::path& y) {
  NpyArray features = read_npy(x);
  if (y.empty()) return npy_dataset(std::move(features), x.string(), nullptr, "");
  const NpyArray targets = read_npy(y);
  return npy_dataset(std::move(features), x.string(), &targets, y.string());
}

}  // namespace chainrule::data
