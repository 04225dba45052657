#include "chainrule/model/picture_layers.h"

#include "chainrule/layers/conv.h"
#include "chainrule/layers/init.h"
#include "chainrule/ops/pool2d.h"
#include "chainrule/ops/reduce_axes.h"
#include "chainrule/ops/reshape.h"

namespace chainrule {
namespace {

using Spec = const LayerSpec&;
using Name = std::string_view;

constexpr std::string_view kSame = "same", kOfSize = "size";

/// Fields of both convolutions, in this order.
enum ConvField { kFilters, kKernel, kStride, kPad, kDilation, kGroups, kBias, kInitializer };

std::vector<Field> conv_fields(const ValueKind& size, const ValueKind& number,
                               const ValueKind& padding) {
  return {{"N", size_kind(), "", true, true},
          {"size", size, "", true, true},
          {"stride", number, "1"},
          {"pad", padding, "0"},
          {"dilation", number, "1"},
          {"groups", size_kind(), "1"},
          {"bias", flag_kind(), "true"},
          {"init", init_kind()}};
}

Initializer init_of(Spec spec, Name init) {
  return initializer(spec.values[kInitializer].empty() ? init : spec.values[kInitializer]);
}

/// Throws ShapeError when the weights would be more than a model may have.
void check_weights(const std::vector<Index>& kernel, Index channels, Index filters) {
  for (Index count = filters; const Index n : {channels, kernel[0], kernel[1]}) {
    if (n > kMaxParameters / count)
      throw ShapeError(cat("more than ", grouped(kMaxParameters), " parameters"));
    count *= n;
  }
}

Var build_conv(Spec spec, Var x, Name name, Name init, Location at) {
  const auto pair = [&](ConvField field) { return *read_pair(spec.values[field]); };
  Conv layer{.filters = static_cast<Index>(spec.number(kFilters)),
             .kernel = pair(kKernel),
             .options = {.stride = pair(kStride),
                         .dilation = pair(kDilation),
                         .groups = static_cast<Index>(spec.number(kGroups))},
             .same = spec.values[kPad] == kSame,
             .bias = spec.values[kBias] == "true",
             .init = init_of(spec, init)};
  if (!layer.same) layer.options.before = layer.options.after = pair(kPad);
  check_weights(layer.kernel, x.shape().last(), layer.filters);
  return layer(x, name, at);
}

Var build_conv1d(Spec spec, Var x, Name name, Name init, Location at) {
  const auto number = [&](ConvField field) { return static_cast<Index>(spec.number(field)); };
  Conv1d layer{.filters = number(kFilters),
               .kernel = number(kKernel),
               .stride = number(kStride),
               .dilation = number(kDilation),
               .groups = number(kGroups),
               .same = spec.values[kPad] == kSame,
               .bias = spec.values[kBias] == "true",
               .init = init_of(spec, init)};
  if (!layer.same) layer.before = layer.after = number(kPad);
  check_weights({1, layer.kernel}, x.shape().last(), layer.filters);
  return layer(x, name, at);
}

/// Pictures of one channel get an axis for it.
Var with_channels(Var x, Location at) {
  const Shape& s = x.shape();
  return s.rank() == 2 ? reshape(x, Shape{s[0], s[1], 1}, at) : x;
}

Pool2dOptions pooling(Spec spec) {
  Pool2dOptions options{.size = *read_pair(spec.values[0])};
  if (spec.values[1] != kOfSize) options.stride = *read_pair(spec.values[1]);
  options.before = options.after = *read_pair(spec.values[2]);
  return options;
}

LayerKind pool_layer(std::string name, std::string operation, std::string help,
                     Var (*build)(Var x, Pool2dOptions options, Location at)) {
  return {.name = name,
          .prefix = name,
          .help = std::move(help),
          .fields = {{"size", pair_kind(1, true), "", true, true},
                     {"stride", pair_kind(1, true, kOfSize), std::string(kOfSize)},
                     {"pad", pair_kind(0, true), "0"}},
          .init_before = "",
          .build = [build](Spec spec, Var x, Name, Name,
                           Location at) { return build(with_channels(x, at), pooling(spec), at); },
          .pictures = true,
          .operation = std::move(operation)};
}

/// [B, H, W, C] -> [B, C], or [B, T, C] -> [B, C].
Var build_global_average(Spec, Var x, Name, Name, Location at) {
  const int rank = x.shape().rank();
  if (rank < 2)
    throw ShapeError(cat("the input is ", x.shape().str(), ", expected pictures or series"));
  Over over;
  for (Index axis = 0; axis + 1 < rank; ++axis) over.axes.push_back(axis);
  return mean(x, over, at);
}

}  // namespace

std::vector<LayerKind> picture_layers() {
  const ValueKind step = pair_kind(1, true);
  return {
      {.name = "conv",
       .prefix = "conv",
       .help = "N filters of SIZE pixels, such as 3x3, over pictures; pad=same keeps their size",
       .fields = conv_fields(pair_kind(1, false), step, pair_kind(0, true, kSame)),
       .init_before = "glorot_uniform",
       .build = build_conv,
       .parameters = true,
       .pictures = true},
      {.name = "conv1d",
       .prefix = "conv",
       .help = "N filters of SIZE steps over series [T, C]",
       .fields = conv_fields(size_kind(), size_kind(),
                             {"a whole number from 0, or 'same'",
                              [](std::string_view text) {
                                return text == kSame
                                           ? std::string(kSame)
                                           : whole_kind(0, kMaxParameters).canonical(text);
                              }}),
       .init_before = "glorot_uniform",
       .build = build_conv1d,
       .parameters = true},
      pool_layer("maxpool", "max_pool2d", "the greatest of each window of SIZE pixels",
                 [](Var x, Pool2dOptions o, Location at) { return max_pool2d(x, o, at); }),
      pool_layer("avgpool", "avg_pool2d", "the mean of each window of SIZE pixels",
                 [](Var x, Pool2dOptions o, Location at) { return avg_pool2d(x, o, true, at); }),
      {.name = "global_avgpool",
       .prefix = "avgpool",
       .help = "the mean of each channel over the whole picture or series",
       .fields = {},
       .init_before = "",
       .build = build_global_average},
  };
}

}  // namespace chainrule
