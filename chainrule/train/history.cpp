#include "chainrule/train/history.h"

#include <array>
#include <charconv>
#include <cmath>
#include <span>

#include "chainrule/data/file.h"

namespace chainrule {
namespace {

/// Nine digits, which is what a float holds; nothing for NaN.
std::string csv_number(double value) {
  if (std::isnan(value)) return "";
  std::array<char, 32> text;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 9);
  return {text.data(), end.ptr};
}

}  // namespace

std::string_view to_string(StopReason reason) {
  switch (reason) {
    case StopReason::finished:
      return "finished";
    case StopReason::early:
      return "early";
    case StopReason::interrupted:
      return "interrupted";
    case StopReason::paused:
      return "paused";
    case StopReason::diverged:
      break;
  }
  return "diverged";
}

void History::add(const EpochRow& row) {
  if (!epochs.empty() && epochs.back().epoch % stride != 0) epochs.pop_back();
  if (epochs.size() == kMostRows) {
    stride *= 2;
    std::erase_if(epochs, [&](const EpochRow& r) { return r.epoch % stride != 0; });
  }
  epochs.push_back(row);
}

const EpochRow* History::best() const {
  const EpochRow* found = nullptr;
  for (const EpochRow& row : epochs)
    if (row.epoch <= best_epoch) found = &row;
  return found;
}

std::string History::csv() const {
  std::string s =
      "epoch,step,learning_rate,train_loss,train_accuracy,validation_loss,validation_accuracy,"
      "test_loss,test_accuracy,seconds\n";
  for (const EpochRow& row : epochs) {
    s += std::to_string(row.epoch) + ',' + std::to_string(row.step) + ',' + csv_number(row.lr);
    for (const Score& score : {row.train, row.validation, row.test})
      s += ',' + csv_number(score.loss) + ',' + csv_number(score.accuracy);
    s += ',' + csv_number(row.seconds) + '\n';
  }
  return s;
}

void History::write_csv(const std::filesystem::path& path) const {
  const std::string text = csv();
  data::write_file(path,
                   std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

}  // namespace chainrule
