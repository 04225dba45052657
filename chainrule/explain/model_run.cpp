#include "chainrule/explain/model_run.h"

#include <algorithm>

#include "chainrule/data/answer.h"
#include "chainrule/data/loader.h"
#include "chainrule/explain/text.h"
#include "chainrule/train/feed.h"

namespace chainrule {
namespace {

template <class T>
Params<T> copied(const Model& model) {
  Params<T> params(model.graph());
  std::transform(model.params().all().begin(), model.params().all().end(), params.all().begin(),
                 [](float x) { return static_cast<T>(x); });
  return params;
}

std::vector<std::int32_t> checked(std::vector<std::int32_t> rows) {
  if (rows.empty()) throw Error("a batch has no rows, expected at least one");
  return rows;
}

}  // namespace

std::vector<std::int32_t> first_batch(const Dataset& data, Index batch, std::uint64_t seed) {
  Loader loader(data.rows(), {.batch = batch, .seed = seed});
  const auto rows = loader.next();
  return {rows.begin(), rows.end()};
}

std::vector<std::int32_t> spread_rows(Index rows, Index most) {
  const Index count = std::min(rows, most);
  std::vector<std::int32_t> numbers;
  for (Index i = 0; i < count; ++i) numbers.push_back(static_cast<std::int32_t>(i * rows / count));
  return numbers;
}

template <class T>
ModelRun<T>::ModelRun(const Model& model, const Dataset& data, std::vector<std::int32_t> rows,
                      const Pass& pass)
    : model_(model),
      data_(data),
      rows_(checked(std::move(rows))),
      pass_(pass),
      params_(copied<T>(model)),
      tape_(params_, {.rows = static_cast<Index>(rows_.size())}) {
  const Feed feed(model, data);
  feed.check_targets();
  feed(tape_, rows_);
  tape_.forward(pass_);
  tape_.backward(model.loss());
}

template <class T>
double ModelRun<T>::loss() const {
  return static_cast<double>(tape_.value(model_.loss())[0]);
}

template <class T>
std::string ModelRun<T>::label(Index i) const {
  const auto row = static_cast<std::size_t>(this->row(i));
  if (data_.has_classes()) return data_.class_names[static_cast<std::size_t>(data_.classes[row])];
  const auto width = static_cast<std::size_t>(data_.target_size());
  std::vector<double> values(
      data_.targets.begin() + static_cast<std::ptrdiff_t>(row * width),
      data_.targets.begin() + static_cast<std::ptrdiff_t>((row + 1) * width));
  const Index shape[] = {data_.target_size()};
  return detail::value_text(values, std::span(shape).first(width == 1 ? 0 : 1), 30, 4);
}

template <class T>
std::string ModelRun<T>::prediction(Index i) const {
  const auto row = tape_.value(model_.output()).row(i);
  if (data_.has_classes()) {
    const std::vector<float> outputs(row.begin(), row.end());
    return data_.class_names[static_cast<std::size_t>(decide(model_.schema, outputs, false))];
  }
  const std::vector<double> values(row.begin(), row.end());
  const Index shape[] = {model_.outputs()};
  return detail::value_text(values, std::span(shape).first(values.size() == 1 ? 0 : 1), 30, 4);
}

template class ModelRun<float>;
template class ModelRun<double>;

}  // namespace chainrule
