#include "chainrule/train/share.h"

#include <functional>

#include "chainrule/optim/clip.h"

namespace chainrule {

template <class T>
std::span<const std::int32_t> Share<T>::take(std::span<const std::int32_t> batch) {
  part_ = part_of(std::ssize(batch), exchange_);
  if (exchange_ == nullptr) return batch;
  const auto weigh = [&](std::span<const std::int32_t> rows) {
    double sum = 0;
    for (const std::int32_t row : rows)
      sum += static_cast<double>(data_->weights[static_cast<std::size_t>(row)]);
    return sum;
  };
  const auto rows =
      batch.subspan(static_cast<std::size_t>(part_.first), static_cast<std::size_t>(part_.count));
  factor_ = data_->weights.empty()
                ? static_cast<double>(part_.count) / static_cast<double>(batch.size())
                : weigh(rows) / weigh(batch);
  return rows.empty() ? batch.first(1) : rows;
}

template <class T>
std::span<std::byte> Share<T>::param_grads(std::size_t size) {
  const std::size_t bytes = size * sizeof(T);
  if (exchange_ != nullptr) param_grads_ = exchange_->memory(static_cast<Index>(bytes));
  return param_grads_ == nullptr ? std::span<std::byte>() : std::span(param_grads_.get(), bytes);
}

template <class T>
bool Share<T>::backward(Tape<T>& tape, Var loss) {
  const std::span<T> grads = tape.param_grads();
  if (exchange_ == nullptr) {
    tape.backward(loss);
    return all_finite(std::span<const T>(grads), tape.pool());
  }
  std::size_t sent = grads.size();  // from here on
  const T factor = static_cast<T>(factor_);
  const auto send = [&](Index from) {
    const auto begin = static_cast<std::size_t>(from);
    if (from > 0 && sent - begin < static_cast<std::size_t>(bucket_)) return;
    exchange_->start_sum(grads.subspan(begin, sent - begin));
    sent = begin;
  };
  // A reference fits into a std::function without an allocation.
  tape.backward(loss, std::span<const T>(&factor, 1), std::ref(send));
  return exchange_->wait();
}

template <class T>
void Share<T>::average(std::span<T> state) {
  if (exchange_ == nullptr || state.empty()) return;
  for (T& x : state) x *= static_cast<T>(factor_);
  exchange_->sum(state);
}

template class Share<float>;
template class Share<double>;

}  // namespace chainrule
