#include "chainrule/train/feed.h"

#include <algorithm>

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
  const Index expected = model.features().size(), got = data.features.size();
  if (got != expected)
    throw DataError(cat(title(data), " has ", got, got == 1 ? " feature" : " features",
                        " in each row, the model expects ", expected));
}

void Feed::check_targets() const {
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

template <class T>
void Feed::targets(Tape<T>& tape, std::span<const std::int32_t> rows) const {
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
