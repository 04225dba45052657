#include "chainrule/io/c_pictures.h"

#include <algorithm>

#include "chainrule/core/error.h"
#include "chainrule/graph/op.h"

namespace chainrule {
namespace {

// In all of them a picture is rows of pixels, each pixel its channels side by side, and s holds
// height, width, channels, those of the result, then pairs: size, stride and padding of the window.

constexpr std::string_view kConvolution =
    R"(/* w holds the weights of each filter, b (if any) a number for each; s: height, width, channels
   of x, of y, then size, stride, padding and dilation of the filters, vertical and horizontal, then
   groups of channels */
static void conv2d(const float *x, const float *w, const float *b, float *y, const int *s)
{
  const int channels = s[2] / s[14], filters = s[5] / s[14];
  for (int i = 0; i < s[3]; ++i)
    for (int j = 0; j < s[4]; ++j)
      for (int o = 0; o < s[5]; ++o) {
        const float *v = w + o * s[6] * s[7] * channels;
        float sum = b ? b[o] : 0.0f;
        for (int h = 0; h < s[6]; ++h)
          for (int k = 0; k < s[7]; ++k, v += channels) {
            const int row = i * s[8] - s[10] + h * s[12], col = j * s[9] - s[11] + k * s[13];
            const float *p;
            if (row < 0 || row >= s[0] || col < 0 || col >= s[1]) continue;
            p = x + (row * s[1] + col) * s[2] + o / filters * channels;
            for (int c = 0; c < channels; ++c) sum += v[c] * p[c];
          }
        *y++ = sum;
      }
}
)";

constexpr std::string_view kMaxPool =
    R"(/* s: height, width, channels of x, of y, then size, stride and padding of the windows, vertical
   and horizontal */
static void max_pool2d(const float *x, float *y, const int *s)
{
  for (int i = 0; i < s[3]; ++i)
    for (int j = 0; j < s[4]; ++j)
      for (int c = 0; c < s[2]; ++c) {
        float top = -INFINITY;
        for (int h = 0; h < s[6]; ++h)
          for (int k = 0; k < s[7]; ++k) {
            const int row = i * s[8] - s[10] + h, col = j * s[9] - s[11] + k;
            float v;
            if (row < 0 || row >= s[0] || col < 0 || col >= s[1]) continue;
            v = x[(row * s[1] + col) * s[2] + c];
            top = v > top || v != v ? v : top;
          }
        *y++ = top;
      }
}
)";

constexpr std::string_view kAvgPool =
    R"(/* s as for max_pool2d, then: does padding count? */
static void avg_pool2d(const float *x, float *y, const int *s)
{
  for (int i = 0; i < s[3]; ++i)
    for (int j = 0; j < s[4]; ++j)
      for (int c = 0; c < s[2]; ++c) {
        float sum = 0.0f;
        int count = 0;
        for (int h = 0; h < s[6]; ++h)
          for (int k = 0; k < s[7]; ++k) {
            const int row = i * s[8] - s[10] + h, col = j * s[9] - s[11] + k;
            if (row < 0 || row >= s[0] || col < 0 || col >= s[1]) continue;
            sum += x[(row * s[1] + col) * s[2] + c];
            ++count;
          }
        *y++ = sum / (float)(s[12] ? s[6] * s[7] : count);
      }
}
)";

constexpr std::string_view kMeanOfPixels =
    R"(static void mean_of_pixels(const float *x, float *y, int pixels, int channels)
{
  for (int c = 0; c < channels; ++c) {
    float sum = 0.0f;
    for (int i = 0; i < pixels; ++i) sum += x[i * channels + c];
    y[c] = sum / (float)pixels;
  }
}
)";

const std::vector<Index>& list(const SettingList& settings, std::string_view name) {
  return std::get<std::vector<Index>>(*find_setting(settings, name));
}

/// The numbers of s for a window of `size`.
std::vector<Index> sizes(const Shape& x, const Shape& y, const std::vector<Index>& size,
                         const std::vector<Index>& stride, const std::vector<Index>& before) {
  std::vector<Index> s{x[0], x[1], x[2], y[0], y[1], y[2]};
  for (const auto* pair : {&size, &stride, &before}) s.insert(s.end(), pair->begin(), pair->end());
  return s;
}

std::string write_sizes(CWriter& out, const Node& node, const std::vector<Index>& s) {
  std::vector<std::string> items;
  for (const Index n : s) items.push_back(std::to_string(n));
  const std::string name = cat(out.array(node.name), "_sizes");
  out.constants("int", 4, name, items, static_cast<Index>(items.size()));
  return name;
}

void write_conv2d(CWriter& out, const CStep& step, const Node& node, const Shape& x) {
  const Graph& g = out.model().graph();
  const SettingList settings = node.op->settings();
  const Node& weight = g.node(node.inputs[1]);
  std::vector<Index> s = sizes(x, node.shape, {weight.shape[0], weight.shape[1]},
                               list(settings, "stride"), list(settings, "before"));
  for (const Index n : list(settings, "dilation")) s.push_back(n);
  s.push_back(static_cast<Index>(node.op->setting("groups")));
  const View<const float> w = out.model().params()[weight.param];
  const std::string name = out.array(weight.name);
  out.constants(name, output_rows(w.span(), node.shape[2]), w.size() / node.shape[2]);
  std::string bias = "0";
  if (node.inputs.size() == 3) {
    const Node& b = g.node(node.inputs[2]);
    bias = out.array(b.name);
    const View<const float> values = out.model().params()[b.param];
    out.constants(bias, values.span(), values.size());
  }
  out.function(kConvolution);
  out.line(cat("conv2d(", step.from[0], ", ", name, ", ", bias, ", ", step.to, ", ",
               write_sizes(out, node, s), ");"));
}

void write_pool(CWriter& out, const CStep& step, const Node& node, const Shape& x) {
  const SettingList settings = node.op->settings();
  const std::vector<Index>&size = list(settings, "size"), &stride = list(settings, "stride");
  std::vector<Index> s =
      sizes(x, node.shape, size, stride.empty() ? size : stride, list(settings, "before"));
  const bool max = node.op->doc().name == "max_pool2d";
  if (!max) s.push_back(static_cast<Index>(node.op->setting("counts_padding")));
  out.function(max ? kMaxPool : kAvgPool);
  out.line(cat(node.op->doc().name, "(", step.from[0], ", ", step.to, ", ",
               write_sizes(out, node, s), ");"));
}

}  // namespace

bool is_on_pictures(const Op& op) {
  constexpr std::string_view kNames[] = {"conv2d", "max_pool2d", "avg_pool2d", "mean_axes"};
  return std::ranges::find(kNames, op.doc().name) != std::end(kNames);
}

std::string refused_on_pictures(const Op& op, const Shape& x) {
  if (op.doc().name != "mean_axes") return "";
  std::vector<Index> axes = list(op.settings(), "axes");
  for (Index& axis : axes)
    if (axis < 0) axis += x.rank();
  std::ranges::sort(axes);
  std::vector<Index> all;
  for (Index i = 0; i + 1 < x.rank(); ++i) all.push_back(i);
  if (op.setting("batch") != 0 || axes != all) return ": over other axes than all but the last";
  return "";
}

void write_on_pictures(CWriter& out, const CStep& step) {
  const Graph& g = out.model().graph();
  const Node& node = g.node(step.node);
  const Shape& x = g.node(node.inputs[0]).shape;
  if (node.op->doc().name == "conv2d") return write_conv2d(out, step, node, x);
  if (node.op->doc().name != "mean_axes") return write_pool(out, step, node, x);
  out.function(kMeanOfPixels);
  out.line(cat("mean_of_pixels(", step.from[0], ", ", step.to, ", ", x.size() / x.last(), ", ",
               x.last(), ");"));
}

}  // namespace chainrule
