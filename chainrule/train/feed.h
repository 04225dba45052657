// Rows of a dataset as the inputs of a model.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "chainrule/data/dataset.h"
#include "chainrule/graph/tape.h"
#include "chainrule/model/model.h"

namespace chainrule {

/// Checks once that a dataset fits a model, then writes batches of it straight into a tape's
/// inputs: arrays by the names of the nodes, features and targets for the first input and the
/// target that have none. Classes become what the model's loss learns from: class indices, a 1
/// among 0s (one output per class), or 0 and 1 (two classes, one output). Model and data must
/// outlive it.
class Feed {
 public:
  /// Checks the features. Throws DataError when their number is not the model's.
  Feed(const Model& model, const Dataset& data);
  /// Checks the targets. Throws DataError when the model cannot learn from them.
  void check_targets() const;

  const Dataset& data() const { return *data_; }
  Index rows() const { return rows_; }

  /// The three parts of a batch; the tape must have been set to as many rows. T is float or
  /// double.
  template <class T>
  void features(Tape<T>& tape, std::span<const std::int32_t> rows) const;
  template <class T>
  void targets(Tape<T>& tape, std::span<const std::int32_t> rows) const;
  template <class T>
  void weights(Tape<T>& tape, std::span<const std::int32_t> rows) const;

  /// All of a training batch.
  template <class T>
  void operator()(Tape<T>& tape, std::span<const std::int32_t> rows) const {
    tape.set_rows(static_cast<Index>(rows.size()));
    features(tape, rows), targets(tape, rows), weights(tape, rows);
  }

 private:
  struct Bound {
    Var node;
    const NamedArray* array;
    bool classes;
  };
  Bound bound(const Var& v, const NamedArray& array) const;
  bool is_bound(const Var& v) const;
  [[noreturn]] void refuse_unbound(const Var& v) const;
  template <class T>
  void named(Tape<T>& tape, std::span<const std::int32_t> rows,
             const std::vector<Var>& nodes) const;
  template <class T>
  void tokens(Tape<T>& tape, std::span<const std::int32_t> rows) const;

  const Model* model_;
  const Dataset* data_;
  Index rows_, outputs_;
  Var input_, target_, weight_;
  bool class_target_;
  std::vector<Bound> arrays_;
  bool features_ = true, targets_ = true;  ///< of the dataset are read, not an array
};

}  // namespace chainrule
