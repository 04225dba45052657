#include "chainrule/train/feed.h"

#include <algorithm>
#include <cmath>

#include "chainrule/core/error.h"

namespace chainrule {
namespace {

std::string title(const Dataset& data) {
  return data.name.empty() ? "the data" : cat("'", data.name, "'");
}

}  // namespace

Feed::Feed(const Model& model, const Dataset& data)
    : model_(&model),
      data_(&data),
      rows_(data.rows()),
      outputs_(model.outputs()),
      input_(model.input()),
      target_(model.target()),
      weight_(model.weight()),
      class_target_(model.class_target()) {
  for (const std::vector<Var>* nodes : {&model.inputs(), &model.targets()})
    for (const Var& v : *nodes)
      if (const NamedArray* array = data.find_array(v.name())) arrays_.push_back(bound(v, *array));
  features_ = !is_bound(input_);
  targets_ = target_ && !is_bound(target_);
  for (const Var& v : model.inputs())
    if (v != input_ && !is_bound(v)) refuse_unbound(v);
  if (!features_) return;
  const Index expected = model.features().size(), got = data.features.size();
  if (got != expected)
    throw DataError(cat(title(data), " has ", got, got == 1 ? " feature" : " features",
                        " in each row, the model expects ", expected));
}

bool Feed::is_bound(const Var& v) const {
  return std::ranges::any_of(arrays_, [&](const Bound& b) { return b.node == v; });
}

void Feed::refuse_unbound(const Var& v) const {
  std::string there;
  for (const NamedArray& a : data_->arrays) there += cat(there.empty() ? "" : ", ", a.name);
  throw DataError(cat(title(*data_), " has no array for the input '", v.name(), "' of the model",
                      there.empty() ? std::string() : cat(", only for ", there)));
}

Feed::Bound Feed::bound(const Var& v, const NamedArray& array) const {
  const Node& node = model_->graph().node(v);
  const bool classes = node.kind == NodeKind::class_input;
  if (array.shape.size() != node.shape.size())
    throw DataError(cat("the array '", array.name, "' has rows of ", array.shape.size(),
                        ", the model expects ", node.shape.size()));
  if (!classes && array.numbers.empty())
    throw DataError(cat("the array '", array.name, "' holds class indices, expected numbers"));
  for (std::size_t i = 0; classes && i < std::max(array.numbers.size(), array.indices.size());
       ++i) {
    const double x = array.indices.empty() ? static_cast<double>(array.numbers[i])
                                           : static_cast<double>(array.indices[i]);
    if (!(x >= 0 && x < static_cast<double>(node.classes)) || x != std::floor(x))
      throw DataError(cat("the array '", array.name, "' holds ", x,
                          ", expected a whole number from 0 to ", node.classes - 1));
  }
  return {v, &array, classes};
}

template <class T>
void Feed::named(Tape<T>& tape, std::span<const std::int32_t> rows,
                 const std::vector<Var>& nodes) const {
  for (const Bound& b : arrays_) {
    if (std::ranges::find(nodes, b.node) == nodes.end()) continue;
    const Index width = b.array->shape.size();
    T* number = b.classes ? nullptr : tape.input(b.node).data();
    std::int32_t* index = b.classes ? tape.class_input(b.node).data() : nullptr;
    for (const std::int32_t row : rows)
      for (Index i = row * width; i < (row + 1) * width; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (!b.classes)
          *number++ = static_cast<T>(b.array->numbers[at]);
        else
          *index++ = b.array->indices.empty() ? static_cast<std::int32_t>(b.array->numbers[at])
                                              : b.array->indices[at];
      }
  }
}

void Feed::check_targets() const {
  for (const Var& v : model_->targets())
    if (v != target_ && !is_bound(v)) refuse_unbound(v);
  if (!targets_) return;
  const Dataset& d = *data_;
  const std::string loss = cat("the loss ", model_->options().loss);
  if (d.has_classes()) {
    const Index classes = d.class_count();
    const bool binary = !class_target_ && outputs_ == 1 && classes <= 2;
    const Index expected = class_target_ ? model_->graph().node(target_).classes : outputs_;
    if (classes != expected && !binary)
      throw DataError(cat(title(d), " has ", classes, classes == 1 ? " class" : " classes",
                          ", the model has ", outputs_, outputs_ == 1 ? " output" : " outputs"));
  } else if (d.target_size() == 0) {
    throw DataError(cat(title(d), " has neither classes nor numbers to learn"));
  } else if (class_target_) {
    throw DataError(cat(title(d), " has numbers to learn, ", loss, " learns classes"));
  } else if (d.target_size() != outputs_) {
    throw DataError(cat(title(d), " has ", d.target_size(),
                        d.target_size() == 1 ? " number" : " numbers", " to learn in each row, ",
                        "the model has ", outputs_, outputs_ == 1 ? " output" : " outputs"));
  }
}

template <class T>
void Feed::features(Tape<T>& tape, std::span<const std::int32_t> rows) const {
  if (!arrays_.empty()) named(tape, rows, model_->inputs());
  if (!features_) return;
  if (model_->graph().node(input_).kind == NodeKind::class_input) return tokens(tape, rows);
  const std::span<T> out = tape.input(input_).span();
  const auto width = static_cast<std::size_t>(data_->features.size());
  // Split like the first product: the thread that writes a row is the one that reads it next.
  constexpr std::size_t kElements = 1 << 14;
  tape.pool().split(
      std::ssize(rows), static_cast<Index>(kElements / width + 1), [&](Index first, Index last) {
        const auto begin = static_cast<std::size_t>(first);
        const auto count = static_cast<std::size_t>(last - first);
        data_->gather(rows.subspan(begin, count), out.subspan(begin * width, count * width));
      });
}

/// Features that are whole numbers, as class indices.
template <class T>
void Feed::tokens(Tape<T>& tape, std::span<const std::int32_t> rows) const {
  const Node& node = model_->graph().node(input_);
  const auto width = static_cast<std::size_t>(data_->features.size());
  std::vector<float> numbers(rows.size() * width);
  data_->gather(rows, std::span<float>(numbers));
  std::int32_t* out = tape.class_input(input_).data();
  for (const float x : numbers) {
    if (!(x >= 0 && x < static_cast<float>(node.classes)) || x != std::floor(x))
      throw DataError(cat(title(*data_), " holds ", x,
                          ", the model expects whole numbers from 0 to ", node.classes - 1));
    *out++ = static_cast<std::int32_t>(x);
  }
}

template <class T>
void Feed::targets(Tape<T>& tape, std::span<const std::int32_t> rows) const {
  if (!arrays_.empty()) named(tape, rows, model_->targets());
  if (!targets_) return;
  const Dataset& d = *data_;
  const auto at = [](std::int32_t row) { return static_cast<std::size_t>(row); };
  if (class_target_) {
    std::int32_t* out = tape.class_input(target_).data();
    for (const std::int32_t row : rows) *out++ = d.classes[at(row)];
    return;
  }
  T* out = tape.input(target_).data();
  if (!d.has_classes()) {
    for (const std::int32_t row : rows) {
      const float* from = d.targets.data() + row * outputs_;
      for (Index i = 0; i < outputs_; ++i) *out++ = static_cast<T>(from[i]);
    }
  } else if (outputs_ == 1) {
    for (const std::int32_t row : rows) *out++ = static_cast<T>(d.classes[at(row)]);
  } else {
    for (const std::int32_t row : rows) {
      std::fill_n(out, outputs_, T{0});
      out[d.classes[at(row)]] = 1;
      out += outputs_;
    }
  }
}

template <class T>
void Feed::weights(Tape<T>& tape, std::span<const std::int32_t> rows) const {
  if (!weight_) return;
  T* out = tape.input(weight_).data();
  if (data_->weights.empty()) {
    std::fill_n(out, rows.size(), T{1});
    return;
  }
  for (const std::int32_t row : rows)
    *out++ = static_cast<T>(data_->weights[static_cast<std::size_t>(row)]);
}

template void Feed::features(Tape<float>&, std::span<const std::int32_t>) const;
template void Feed::features(Tape<double>&, std::span<const std::int32_t>) const;
template void Feed::targets(Tape<float>&, std::span<const std::int32_t>) const;
template void Feed::targets(Tape<double>&, std::span<const std::int32_t>) const;
template void Feed::weights(Tape<float>&, std::span<const std::int32_t>) const;
template void Feed::weights(Tape<double>&, std::span<const std::int32_t>) const;

}  // namespace chainrule
