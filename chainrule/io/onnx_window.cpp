#include "chainrule/io/onnx_window.h"

#include <string>

#include "chainrule/core/error.h"
#include "chainrule/layers/conv.h"

namespace chainrule::onnx {
namespace {

/// A list of `count` numbers from `least` to 2^20, or `fallback`.
std::vector<Index> numbers(const Node& node, std::string_view key, std::size_t count, Index least,
                           std::vector<Index> fallback) {
  const Value* const v = node.find(key);
  if (v == nullptr) return fallback;
  const auto* const list = std::get_if<std::vector<std::int64_t>>(v);
  if (list == nullptr || list->size() != count)
    throw Error(cat("its ", key, " is no list of ", count, " numbers, for two axes of pictures"));
  constexpr Index kMost = Index{1} << 20;
  for (const Index n : *list)
    if (n < least || n > kMost)
      throw Error(cat("its ", key, " has ", n, ", expected ", least, " to 2^20"));
  return *list;
}

std::int64_t whole(const Node& node, std::string_view key) {
  const Value* const v = node.find(key);
  const auto* const n = v == nullptr ? nullptr : std::get_if<std::int64_t>(v);
  return n == nullptr ? 0 : *n;
}

}  // namespace

Window read_window(const Node& node, const Shape& pictures, std::vector<Index> size) {
  if (pictures.rank() != 3)
    throw Error(cat("its input is ", pictures.str(), ", expected a channel axis and two others"));
  Window w;
  const bool given = !size.empty();
  w.size = numbers(node, "kernel_shape", 2, 1, size);
  if (w.size.size() != 2) throw Error("it has no kernel_shape");
  if (given && w.size != size) throw Error("its kernel_shape is not that of its weights");
  w.stride = numbers(node, "strides", 2, 1, {1, 1});
  w.dilation = numbers(node, "dilations", 2, 1, {1, 1});
  const std::vector<Index> pads = numbers(node, "pads", 4, 0, {0, 0, 0, 0});
  w.before = {pads[0], pads[1]}, w.after = {pads[2], pads[3]};
  const Value* const v = node.find("auto_pad");
  const auto* const automatic = v == nullptr ? nullptr : std::get_if<std::string>(v);
  if (automatic != nullptr && *automatic == "SAME_UPPER") {
    for (std::size_t i = 0; i < 2; ++i) {
      const auto [before, after] =
          same_padding(pictures.dims()[i], w.size[i], w.stride[i], w.dilation[i]);
      w.before[i] = before, w.after[i] = after;
    }
  } else if (automatic != nullptr && *automatic == "VALID") {
    w.before = w.after = {0, 0};
  } else if (automatic != nullptr && *automatic != "NOTSET") {
    throw Error(cat("its auto_pad is ", automatic->substr(0, 20),
                    ", expected NOTSET, VALID or SAME_UPPER"));
  }
  if (whole(node, "ceil_mode") != 0)
    for (std::size_t i = 0; i < 2; ++i) {
      const Index span = (w.size[i] - 1) * w.dilation[i] + 1;
      if ((pictures.dims()[i] + w.before[i] + w.after[i] - span) % w.stride[i] != 0)
        throw Error("its ceil_mode adds a window that reaches over the edge");
    }
  return w;
}

}  // namespace chainrule::onnx
