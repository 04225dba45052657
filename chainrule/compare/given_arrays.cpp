#include "chainrule/compare/given_arrays.h"

#include <algorithm>
#include <cmath>

#include "chainrule/compare/mistakes.h"
#include "chainrule/core/error.h"
#include "chainrule/core/file_order.h"
#include "chainrule/core/plain_text.h"
#include "chainrule/graph/op.h"

namespace chainrule::detail {
namespace {

std::vector<Index> without_ones(std::vector<Index> shape) {
  std::erase(shape, Index{1});
  return shape;
}

std::string printable(const std::string& name) { return without_controls(name.substr(0, 60)); }

class ArrayReader {
 public:
  ArrayReader(const Owners& owners, Index rows, const ArrayLayout& layout, GivenArrays& to)
      : o_(owners), g_(owners.graph), rows_(rows), layout_(layout), to_(to) {}

  /// `bias`: the node of the bias that may be within, or -1.
  void add(int id, int bias, const data::NpzArray& from) {
    const Node& node = g_.node(id);
    got_ = from.array.shape;
    memory_.assign(node.shape.dims().begin(), node.shape.dims().end());
    if (node.shape.batched() && node.kind != NodeKind::param && rows_ > 0)
      memory_.insert(memory_.begin(), rows_);
    file_ = memory_;
    turns_ =
        node.kind == NodeKind::param && node.param_options.file_layout == FileLayout::transposed;
    if (turns_) file_ = FileOrder(node.shape).dims;
    given_ = {.name = from.name, .node = id, .values = from.array.as<double>()};
    if (from.array.kind == 'f' && from.array.item_size == 2)
      given_.digits = 11, halves_.push_back(from.name);
    if (!std::ranges::all_of(given_.values, [](double x) { return std::isfinite(x); })) {
      given_.values.clear();
      given_.kind = "not finite", given_.note = "it holds NaN or infinity";
    } else if (turns_ && memory_.size() > 2 ? !read_filters(node.shape)
               : turns_                     ? !read_weight(bias)
                                            : !read_other(node)) {
      read_wrong(node, from.name);
    }
    to_.gradients.push_back(given_);
  }

  void say(std::vector<std::string>& to) const {
    const auto sentence = [&](const std::vector<std::string>& names, const char* one,
                              const char* many, std::string_view rest) {
      if (!names.empty())
        to.push_back(cat(names_listed(names), names.size() == 1 ? one : many, rest));
    };
    sentence(inputs_first_, " is ", " are ", "[inputs, outputs]");
    sentence(
        with_bias_, " has ", " have ",
        cat("the bias as ", layout_.bias_last ? "last " : "first ", bias_row_ ? "row" : "column"));
    sentence(columns_, " is a column", " are columns", "");
    sentence(lines_, " is a row of two axes", " are rows of two axes", "");
    sentence(values_turned_, " has", " have", " the samples as columns");
    sentence(halves_, " is", " are", " float16, so three digits are compared");
  }

 private:
  /// A weight that files keep as [O, I] and memory as [I, O].
  bool read_weight(int bias) {
    const bool flat = got_.size() == 1 && got_[0] == file_[0] * file_[1];
    const bool one_line = file_[0] == 1 || file_[1] == 1;
    const bool as_file = got_ == file_, as_memory = got_ == memory_;
    bool first = as_memory;
    if ((as_file && as_memory) || (flat && !one_line)) {
      first = layout_.inputs_first, to_.open_layout = to_.open_layout || !one_line;
    } else if (!as_file && !as_memory) {
      if (bias >= 0 && read_with_bias(bias)) return true;
      if (!flat && without_ones(got_) != without_ones(file_)) return false;
      first = true;  // one line: the order of the elements is the same
    }
    if (!first)
      turn(file_[0], file_[1]);
    else if (!one_line)
      inputs_first_.push_back(given_.name);
    return true;
  }

  void turn(Index rows, Index cols) {
    given_.values = transposed(given_.values, rows, cols);
    given_.turned = true;
  }

  /// Filters, which files keep as [O, I, KH, KW] and memory as [KH, KW, I, O].
  bool read_filters(const Shape& shape) {
    const bool as_file = got_ == file_, as_memory = got_ == memory_;
    if (!as_file && !as_memory) return false;
    to_.open_layout = to_.open_layout || (as_file && as_memory);
    if (as_memory && (!as_file || layout_.inputs_first)) return true;
    const FileOrder order(shape);
    const std::vector<double> file = given_.values;
    for (std::size_t i = 0; i < file.size(); ++i)
      given_.values[static_cast<std::size_t>(order.in_memory(static_cast<Index>(i)))] = file[i];
    given_.turned = true;
    return true;
  }

  /// [O, I + 1] or [I + 1, O].
  bool read_with_bias(int bias) {
    const Index outputs = file_[0], inputs = file_[1];
    if (got_.size() != 2) return false;
    const bool as_file = got_ == std::vector<Index>{outputs, inputs + 1};
    const bool as_memory = got_ == std::vector<Index>{inputs + 1, outputs};
    if (!as_file && !as_memory) return false;
    const bool first = as_memory && (!as_file || layout_.inputs_first);
    to_.open_layout = to_.open_layout || (as_file && as_memory), to_.open_bias = true;
    std::vector<double> all =
        first ? given_.values : transposed(given_.values, outputs, inputs + 1);
    const Index at = layout_.bias_last ? inputs * outputs : 0;
    GivenArray own = given_;
    own.node = bias, own.name = cat(given_.name, " (bias)");
    own.values.assign(all.begin() + at, all.begin() + at + outputs);
    all.erase(all.begin() + at, all.begin() + at + outputs);
    given_.values = std::move(all), given_.turned = !first;
    if (first) inputs_first_.push_back(given_.name);
    with_bias_.push_back(given_.name), bias_row_ = first;
    to_.gradients.push_back(std::move(own));
    return true;
  }

  /// What lies in files as in memory, and values of rows.
  bool read_other(const Node& node) {
    if (got_ == file_) return true;
    if (without_ones(got_) == without_ones(file_)) {
      if (file_.size() == 1 && got_.size() == 2 && file_[0] > 1)
        (got_[1] == 1 ? columns_ : lines_).push_back(given_.name);
      return true;
    }
    if (node.kind == NodeKind::param || !node.shape.batched()) return false;
    const bool as_pictures = node.kind == NodeKind::input && got_.size() > 1 && got_[0] == rows_ &&
                             static_cast<Index>(given_.values.size()) == rows_ * node.shape.size();
    if (as_pictures) return true;
    if (got_ != std::vector<Index>{node.shape.size(), rows_}) return false;
    turn(got_[0], got_[1]);
    values_turned_.push_back(given_.name);
    return true;
  }

  /// Shapes that say what went wrong.
  void read_wrong(const Node& node, const std::string& name) {
    const std::string shapes =
        cat("it is ", data::shape_text(got_), ", expected ", data::shape_text(file_));
    const bool numbers_of_rows = !o_.parameters && rows_ > 1;
    if (numbers_of_rows && got_.size() > file_.size() && got_[0] == rows_ &&
        static_cast<Index>(given_.values.size()) == rows_ * node.shape.size()) {
      const auto width = given_.values.size() / static_cast<std::size_t>(rows_);
      for (std::size_t i = width; i < given_.values.size(); ++i)
        given_.values[i % width] += given_.values[i];
      given_.values.resize(width);
      if (turns_ && file_.size() == 2 && got_[1] == file_[0]) turn(file_[0], file_[1]);
      given_.kind = "not summed over the rows";
      given_.note = cat(shapes, ": it still has a row per sample, add them up");
    } else if (numbers_of_rows && node.kind == NodeKind::param &&
               without_ones(got_) == std::vector<Index>{rows_}) {
      given_.values.clear();
      given_.kind = "summed over the wrong axis";
      given_.note = cat(shapes,
                        ": it has a number per row of the batch; add up the rows, not the "
                        "features");
    } else if (!o_.parameters && given_.values.size() == 1) {
      given_.values.clear();
      given_.kind = "summed over the wrong axis";
      given_.note = cat(shapes, ": everything was added up to one number");
    } else {
      throw DataError(cat("array '", printable(name), "' has shape ", data::shape_text(got_),
                          ", expected ", data::shape_text(file_)));
    }
  }

  const Owners& o_;
  const Graph& g_;
  Index rows_;
  const ArrayLayout& layout_;
  GivenArrays& to_;
  std::vector<Index> got_, memory_, file_;
  bool turns_ = false, bias_row_ = false;
  GivenArray given_;
  std::vector<std::string> inputs_first_, with_bias_, columns_, lines_, values_turned_, halves_;
};

/// Dropped elements are 0; all others have the one factor that forward multiplied them by.
std::vector<double> read_mask(const Node& node, Index rows, const data::NpzArray& from) {
  std::vector<double> mask = from.array.as<double>();
  const std::string name = cat("mask '", printable(from.name), "'");
  if (static_cast<Index>(mask.size()) != rows * node.shape.size())
    throw DataError(cat(name, " has shape ", data::shape_text(from.array.shape), ", expected ",
                        rows, " rows of ", node.shape.size()));
  if (rows > 1 && from.array.shape == std::vector<Index>{node.shape.size(), rows})
    mask = transposed(mask, node.shape.size(), rows);
  const double kept = 1 / (1 - node.op->setting("rate"));
  for (double& m : mask) {
    if (m != 0 && m != 1 && std::abs(m - kept) > 1e-5 * kept)
      throw DataError(cat(name, " holds ", m, ", expected 0 for dropped and 1 or ", kept,
                          " for kept elements"));
    if (m != 0) m = kept;
  }
  return mask;
}

/// The bias of the layer that owns this weight, unless an array of its own has it.
int bias_within(const Owners& o, int weight, const std::vector<Meant>& meant) {
  const std::string& name = o.graph.node(weight).name;
  if (!name.ends_with(".weight")) return -1;
  const std::string bias = name.substr(0, name.size() - 7) + ".bias";
  for (const int id : o.graph.params())
    if (o.graph.node(id).name == bias)
      return std::ranges::find(meant, id, &Meant::node) == meant.end() ? id : -1;
  return -1;
}

void refuse_unknown(const Owners& owners, std::span<const data::NpzArray> arrays,
                    const std::vector<Meant>& meant, bool any, GivenArrays& given) {
  const std::vector<std::string_view> names = known_names(owners);
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    if (meant[i].node >= 0) continue;
    const std::string name = printable(arrays[i].name);
    if (!any || (name.size() > 3 && !closest(name, names).empty()))
      throw DataError(cat("array '", name,
                          "' has the name of no parameter, no operation and not of the input",
                          did_you_mean(name, names)));
    given.unknown.push_back(cat(name, " ", data::shape_text(arrays[i].array.shape)));
  }
}

}  // namespace

std::string names_listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += cat(i == 0 ? "" : i + 1 < names.size() ? ", " : " and ", printable(names[i]));
  return text;
}

GivenArrays read_given(const Owners& owners, Index rows, std::span<const data::NpzArray> arrays,
                       const ArrayLayout& layout) {
  GivenArrays given;
  const std::vector<Meant> meant = read_names(owners, arrays);
  ArrayReader reader(owners, rows, layout, given);
  std::vector<std::string> renamed;
  bool any = false;
  for (const Meant& m : meant) any = any || (m.node >= 0 && !m.mask);
  refuse_unknown(owners, arrays, meant, any, given);
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const Meant& m = meant[i];
    if (m.node < 0) continue;
    const Node& node = owners.graph.node(m.node);
    if (!m.exact) renamed.push_back(cat(printable(arrays[i].name), " = ", node.name));
    if (m.mask) {
      if (node.op == nullptr || !node.op->traits().random)
        throw DataError(cat("'", node.name, "' is no dropout, so it has no mask"));
      given.masks[m.node] = read_mask(node, rows, arrays[i]);
    } else {
      reader.add(m.node, bias_within(owners, m.node, meant), arrays[i]);
    }
  }
  if (given.gradients.empty()) throw DataError("there is no gradient among the arrays");
  std::ranges::stable_sort(given.gradients, std::ranges::greater(), &GivenArray::node);
  for (std::size_t i = 1; i < given.gradients.size(); ++i)
    if (given.gradients[i].node == given.gradients[i - 1].node)
      throw DataError(cat("the arrays '", printable(given.gradients[i - 1].name), "' and '",
                          printable(given.gradients[i].name), "' are both ",
                          owners.graph.node(given.gradients[i].node).name));
  for (const std::string_view name : known_names(owners)) {
    const auto is = [&](const GivenArray& a) { return owners.graph.node(a.node).name == name; };
    const bool input =
        !owners.graph.params().empty() && std::ranges::any_of(owners.inputs, [&](int id) {
          return owners.graph.node(id).name == name;
        });
    if (!input && std::ranges::none_of(given.gradients, is)) given.not_given.emplace_back(name);
  }
  if (!renamed.empty()) {
    std::string text;
    for (const std::string& r : renamed) text += (text.empty() ? "" : ", ") + r;
    given.conventions.push_back(text);
  }
  reader.say(given.conventions);
  return given;
}

}  // namespace chainrule::detail
