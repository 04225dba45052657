#include "chainrule/io/onnx_pictures.h"

#include <algorithm>

#include "chainrule/core/error.h"

namespace chainrule::onnx {
namespace {

using Order = std::vector<std::int64_t>;

std::vector<std::int64_t> both(const std::vector<Index>& before, const std::vector<Index>& after) {
  return {before[0], before[1], after[0], after[1]};
}

std::string conv(Step& s) {
  const Shape& w = s.shape(1);
  return s.op("Conv", s.all(),
              {{"kernel_shape", Order{w[0], w[1]}},
               {"strides", s.list("stride")},
               {"pads", both(s.list("before"), s.list("after"))},
               {"dilations", s.list("dilation")},
               {"group", static_cast<std::int64_t>(s.setting("groups"))}});
}

std::vector<Attribute> window(const Step& s) {
  const std::vector<Index>& stride = s.list("stride");
  return {{"kernel_shape", s.list("size")},
          {"strides", stride.empty() ? s.list("size") : stride},
          {"pads", both(s.list("before"), s.list("after"))}};
}

std::string max_pool(Step& s) { return s.op("MaxPool", s.all(), window(s)); }

std::string avg_pool(Step& s) {
  std::vector<Attribute> attributes = window(s);
  attributes.push_back(
      {"count_include_pad", static_cast<std::int64_t>(s.setting("counts_padding"))});
  return s.op("AveragePool", s.all(), std::move(attributes));
}

std::string batch_norm(Step& s) {
  const auto number = [&](const char* name) { return static_cast<float>(s.setting(name)); };
  return s.op("BatchNormalization", s.all(),
              {{"epsilon", number("epsilon")}, {"momentum", 1 - number("momentum")}});
}

std::string global_average(Step& s) {
  const std::string mean = s.op("GlobalAveragePool");
  return s.setting("keep") != 0 ? mean : s.op("Flatten", {mean}, {{"axis", std::int64_t{1}}});
}

/// The mean over both axes of pictures.
bool is_global_average(const chainrule::Node& node) {
  if (node.op->doc().name != "mean_axes" || node.op->setting("batch") != 0) return false;
  const SettingList settings = node.op->settings();
  auto axes = std::get<std::vector<Index>>(*find_setting(settings, "axes"));
  for (Index& axis : axes)
    if (axis < 0) axis += 3;
  std::ranges::sort(axes);
  return axes == std::vector<Index>{0, 1};
}

}  // namespace

const std::string& PictureNames::last(int id) {
  std::string& name = last_[static_cast<std::size_t>(id)];
  if (only_second(id))
    name = out_.op(out_.graph().node(id), "Transpose", {second_[static_cast<std::size_t>(id)]},
                   {{"perm", Order{0, 2, 3, 1}}});
  return name;
}

const std::string& PictureNames::second(int id) {
  std::string& name = second_[static_cast<std::size_t>(id)];
  if (name.empty())
    name = out_.op(out_.graph().node(id), "Transpose", {last_[static_cast<std::size_t>(id)]},
                   {{"perm", Order{0, 3, 1, 2}}});
  return name;
}

void PictureNames::rename(const std::string& from, const std::string& to) {
  std::ranges::replace(last_, from, to);
  std::ranges::replace(second_, from, to);
}

PictureWriter picture_writer(const Graph& graph, const chainrule::Node& node) {
  const Shape& x = graph.node(node.inputs[0]).shape;
  if (!x.batched() || x.rank() != 3) return nullptr;
  const std::string_view op = node.op->doc().name;
  if (op == "conv2d") return conv;
  if (op == "max_pool2d") return max_pool;
  if (op == "avg_pool2d") return avg_pool;
  if (is_global_average(node)) return global_average;
  return op == "batch_norm" ? batch_norm : nullptr;
}

std::vector<std::string_view> picture_operations() {
  return {"conv2d", "max_pool2d", "avg_pool2d"};
}

bool keeps_axes(const Graph& graph, const chainrule::Node& node) {
  const OpTraits& traits = node.op->traits();
  if (traits.elementwise || traits.random) return true;
  return node.inputs.size() == 2 && !traits.onnx.name.empty() &&
         std::ranges::all_of(node.inputs, [&](int in) {
           return graph.node(in).shape == node.shape || graph.node(in).shape == Shape();
         });
}

bool is_filters(const Graph& graph, int id, const std::vector<bool>& needed) {
  bool read = false;
  for (int reader = id + 1; reader < graph.size(); ++reader) {
    const chainrule::Node& node = graph.node(reader);
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      if (node.inputs[i] == id && needed[static_cast<std::size_t>(reader)]) {
        if (!node.op->traits().filter || i != 1) return false;
        read = true;
      }
  }
  return read;
}

}  // namespace chainrule::onnx
