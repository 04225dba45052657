// TensorBoard's event files: an observer that writes a run down as it goes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "chainrule/train/observer.h"

namespace chainrule {

struct TensorBoardOptions {
  /// The loss and the learning rate of every so many steps; 0 for none.
  std::int64_t every_steps = 10;
  /// After each epoch a histogram of every trainable parameter and of its gradient.
  bool histograms = false;
};

/// Writes `folder`/events.out.tfevents.*, a new file for each run; `tensorboard --logdir folder`
/// shows it while training goes on. The tags are loss/train, loss/validation, loss/test,
/// accuracy/..., learning_rate, loss/step. A resumed run goes on at its step in a file of its own.
///
/// Format: records as TFRecord (length, CRC of the length, data, CRC of the data; Castagnoli's
/// CRC-32, masked), each an Event of protobuf
/// (https://github.com/tensorflow/tensorboard/tree/master/tensorboard/compat/proto).
class TensorBoard final : public Observer {
 public:
  /// Makes the folder and the file. Throws DataError when it cannot, Error when the program was
  /// built without protozero.
  explicit TensorBoard(const std::filesystem::path& folder, TensorBoardOptions options = {});
  ~TensorBoard() override;

  void on_start(const RunInfo& info) override;
  void on_step(const StepInfo& info) override;
  void on_epoch(const EpochInfo& info) override;

  const std::filesystem::path& file() const;
  static bool available();

 private:
  struct Writer;
  std::unique_ptr<Writer> writer_;
  TensorBoardOptions options_;
  const Tape<float>* tape_ = nullptr;  ///< of the last step
};

}  // namespace chainrule
