#include "chainrule/train/evaluate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "chainrule/core/error.h"
#include "chainrule/data/answer.h"
#include "chainrule/train/evaluator.h"
#include "chainrule/train/measure.h"

namespace chainrule {
namespace {

std::span<const std::int32_t> part(const std::vector<std::int32_t>& order, Index first,
                                   Index count) {
  return std::span(order).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
}

std::vector<std::int32_t> counting(Index rows) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

Index fitting_batch(Index batch, Index rows) {
  if (batch < 1) throw Error(cat("the batch has ", batch, " rows, expected at least 1"));
  return std::clamp<Index>(rows, 1, batch);
}

/// Runs `rows` rows, whose features `fill(tape, first, count)` writes.
template <class F>
Predictions predict_rows(const Model& model, Index rows, const EvaluateOptions& options, F fill) {
  const Index batch = fitting_batch(options.batch, rows);
  ThreadPool pool(options.threads);
  Tape<float> tape(model.params(), {.rows = batch, .pool = &pool, .outputs = {model.output()}});
  const Schema& schema = model.schema;
  const bool is_class = schema.task == Task::classification;
  Predictions p{Tensor<float>(rows, model.outputs()), {}};
  if (is_class) p.classes.resize(static_cast<std::size_t>(rows));
  const Part part = part_of(rows, options.exchange);
  const Index end = part.first + part.count;
  for (Index first = part.first; first < end; first += batch) {
    const Index count = std::min(batch, end - first);
    tape.set_rows(count);
    fill(tape, first, count);
    tape.forward();
    const View<const float> outputs = tape.value(model.output());
    for (Index i = 0; i < count; ++i) {
      const std::span<const float> row = outputs.row(i);
      if (is_class) p.classes[static_cast<std::size_t>(first + i)] = decide(schema, row, false);
      std::copy(row.begin(), row.end(), p.values.row(first + i).begin());
      finish_outputs(schema, p.values.row(first + i));
    }
  }
  if (options.exchange == nullptr) return p;
  // Where other ranks have predicted there are zeros.
  std::vector<double> classes(p.classes.begin(), p.classes.end());
  options.exchange->start_sum(p.values.span());
  options.exchange->sum(std::span<double>(classes));
  std::transform(classes.begin(), classes.end(), p.classes.begin(),
                 [](double c) { return static_cast<std::int32_t>(c); });
  return p;
}

}  // namespace

Evaluator::Evaluator(const Model& model, const Dataset& data, Index batch, ThreadPool& pool,
                     Exchange* exchange)
    : model_(&model),
      data_(&data),
      exchange_(exchange),
      feed_(model, data),
      tape_(model.params(), {.rows = fitting_batch(batch, data.rows()),
                             .pool = &pool,
                             .outputs = {model.output(), model.sample_loss() ? model.sample_loss()
                                                                             : model.loss()}}),
      order_(counting(data.rows())) {
  feed_.check_targets();
}

template <class F>
double Evaluator::run(F&& on_batch) {
  double loss = 0, weight = 0;
  const Part rows = part_of(feed_.rows(), exchange_);
  const Index end = rows.first + rows.count;
  for (Index first = rows.first; first < end; first += tape_.capacity()) {
    const Index count = std::min(tape_.capacity(), end - first);
    const auto batch = part(order_, first, count);
    tape_.set_rows(count);
    feed_.features(tape_, batch);
    feed_.targets(tape_, batch);
    tape_.forward();
    // A loss that is none of rows is that of the whole batch.
    const bool of_rows = static_cast<bool>(model_->sample_loss());
    const View<const float> losses = tape_.value(of_rows ? model_->sample_loss() : model_->loss());
    for (Index i = 0; i < count; ++i) {
      const double w =
          data_->weights.empty()
              ? 1
              : static_cast<double>(data_->weights[static_cast<std::size_t>(first + i)]);
      loss += w * static_cast<double>(losses[of_rows ? i : 0]);
      weight += w;
    }
    on_batch(Batch{first, tape_.value(model_->output())});
  }
  std::array<double, 2> sums = {loss, weight};
  if (exchange_ != nullptr) exchange_->sum(std::span<double>(sums));
  return sums[0] / sums[1];
}

void Evaluator::add_up(std::span<std::int64_t> counts) const {
  if (exchange_ == nullptr) return;
  std::vector<double> sums(counts.begin(), counts.end());  // exact up to 2^53
  exchange_->sum(std::span<double>(sums));
  std::transform(sums.begin(), sums.end(), counts.begin(),
                 [](double c) { return static_cast<std::int64_t>(c); });
}

Score Evaluator::score() {
  Score score;
  std::int64_t right = 0;
  score.loss = run([&](const Batch& b) {
    if (!classifies()) return;
    for (Index i = 0; i < b.outputs.rows(); ++i)
      right += decide(model_->schema, b.outputs.row(i), false) ==
               data_->classes[static_cast<std::size_t>(b.first + i)];
  });
  add_up({&right, 1});
  if (classifies()) score.accuracy = static_cast<double>(right) / static_cast<double>(feed_.rows());
  return score;
}

Tensor<float> Evaluator::outputs(double& loss) {
  Tensor<float> all(feed_.rows(), model_->outputs());
  loss =
      run([&](const Batch& b) { std::ranges::copy(b.outputs.span(), all.row(b.first).begin()); });
  // Where other ranks have measured there are zeros.
  if (exchange_ != nullptr) exchange_->sum(all.span());
  return all;
}

Evaluation Evaluator::evaluate(Index top_k) {
  Evaluation e;
  e.rows = feed_.rows();
  const Tensor<float> outputs = this->outputs(e.loss);
  if (classifies())
    measure_classes(*model_, *data_, outputs, top_k, e);
  else if (data_->targets.empty() || !model_->target() || data_->target_size() != model_->outputs())
    return e;  // the loss says all
  else if (model_->schema.task == Task::multilabel)
    measure_labels(*model_, *data_, outputs, e);
  else
    measure_numbers(*model_, *data_, outputs, e);
  return e;
}

Evaluation evaluate(const Model& model, const Dataset& data, const EvaluateOptions& options) {
  data.validate();
  if (data.rows() == 0) throw DataError("there are no rows to evaluate the model on");
  ThreadPool pool(options.threads);
  return Evaluator(model, data, options.batch, pool, options.exchange).evaluate(options.top_k);
}

Predictions predict(const Model& model, std::span<const float> features,
                    const EvaluateOptions& options) {
  const Index width = model.features().size(), size = static_cast<Index>(features.size());
  if (size % width != 0)
    throw DataError(cat(size, " numbers were given to a model that expects rows of ", width));
  return predict_rows(model, size / width, options,
                      [&](Tape<float>& tape, Index first, Index count) {
                        std::copy_n(features.data() + first * width, count * width,
                                    tape.input(model.input()).data());
                      });
}

Predictions predict(const Model& model, const Dataset& data, const EvaluateOptions& options) {
  const Feed feed(model, data);
  const std::vector<std::int32_t> order = counting(data.rows());
  return predict_rows(model, data.rows(), options,
                      [&](Tape<float>& tape, Index first, Index count) {
                        feed.features(tape, part(order, first, count));
                      });
}

}  // namespace chainrule
