// A run at rest in one file, from which it goes on to the bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "chainrule/io/safetensors.h"
#include "chainrule/model/model.h"
#include "chainrule/train/fit.h"
#include "chainrule/train/observer.h"
#include "chainrule/train/same_run.h"

namespace chainrule {

/// What else the writer of a checkpoint wants to know again: names with values, in this order.
using Settings = std::vector<std::pair<std::string, std::string>>;

struct CheckpointOptions {
  std::filesystem::path folder;
  std::int64_t every = 0;   ///< above 0: after every so many steps
  bool each_epoch = false;  ///< after each epoch
  int keep = 3;             ///< the last so many files stay; at least 1
  Settings settings = {};
};

/// Writes "step-000000500.safetensors" to a folder while fit() runs: at the moments asked for and
/// at the end of the run; if none were asked for, only when the run pauses or is interrupted, so
/// that it can go on. Each file is there as a whole or not at all, and an older one goes only after
/// a newer one has come. When the disk is full, older files make room, all but the last. Throws
/// DataError when even then a file cannot be written. Allocates only when it writes.
///
/// The bytes depend on nothing but the run; how long it took stands apart, in times.json.
class Checkpointer final : public Observer {
 public:
  /// Throws Error when an option makes no sense.
  explicit Checkpointer(CheckpointOptions options);

  void on_start(const RunInfo& info) override;
  void on_state(const StateInfo& info) override;

 private:
  void write(const StateInfo& info);

  CheckpointOptions options_;
  const Splits* splits_ = nullptr;
  std::int64_t steps_ = 0;
  std::string data_;  ///< of the file's metadata; takes time and waits for the first file
  Recipe recipe_;
  std::vector<std::string> slots_;
};

/// What a checkpoint holds.
struct Checkpoint {
  std::filesystem::path file;
  Model model;             ///< with the parameters of that moment
  RunState state;          ///< for FitOptions::resume
  std::int64_t steps = 0;  ///< planned
  std::string ended;       ///< "finished", "early", or nothing: steps follow
  Settings settings;
  std::string data;  ///< what expect_same() compares, with `recipe`
  Recipe recipe;
  std::string version, instruction_set;  ///< of the program that wrote it

  /// Throws DataError when the data are not those that the run began with, in values or in columns,
  /// and Error naming the first setting of the recipe (see same_run.h) that is another. The length
  /// of the run may differ.
  void expect_same(const Splits& data, const FitOptions& options) const;
  /// The same for a model of one's own in the place of `model`: network, loss and penalties.
  void expect_same(const Model& own) const;
  /// A sentence when another version of the program, or one on another instruction set, wrote it:
  /// then the run goes on, but perhaps not to the same bits. Else "".
  std::string elsewhere() const;

 private:
  void refuse_other(const Recipe& before, const Recipe& now) const;
};

/// Throws DataError for a file that is damaged, cut short, or no checkpoint.
Checkpoint load_checkpoint(const std::filesystem::path& file);
Checkpoint parse_checkpoint(std::span<const std::byte> bytes, const std::string& file);
Checkpoint read_checkpoint(const SafeTensors& content, const std::string& file);
/// SHA-256 of all that a checkpoint holds, beside this sum itself, as its metadata say it.
std::string checkpoint_checksum(const SafeTensors& content);

/// The checkpoint of the most steps that can be loaded, if any. `skipped` receives a sentence for
/// each newer one that cannot.
std::optional<Checkpoint> newest_checkpoint(const std::filesystem::path& folder,
                                            std::vector<std::string>* skipped = nullptr);

/// Removes the checkpoints of the folder, and the folder if nothing else is in it.
void remove_checkpoints(const std::filesystem::path& folder);

}  // namespace chainrule
