// A model on one batch of data, forward and backward.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "chainrule/data/dataset.h"
#include "chainrule/graph/tape.h"
#include "chainrule/model/model.h"

namespace chainrule {

/// Numbers of the rows that the first training step with this seed and batch size takes.
std::vector<std::int32_t> first_batch(const Dataset& data, Index batch, std::uint64_t seed);

/// At most `most` rows, spread evenly over so many.
std::vector<std::int32_t> spread_rows(Index rows, Index most);

/// The parameters of a model copied to float or double, and a tape that has run forward and
/// backward on the named rows of the data, as a training step does. Model and data must outlive it.
template <class T>
class ModelRun {
 public:
  /// Throws DataError when the data do not fit the model.
  ModelRun(const Model& model, const Dataset& data, std::vector<std::int32_t> rows,
           const Pass& pass = {.training = true});

  const Model& model() const { return model_; }
  const Dataset& data() const { return data_; }
  Tape<T>& tape() { return tape_; }
  const Pass& pass() const { return pass_; }
  /// Row of the data that stands in row i of the batch.
  std::int32_t row(Index i) const { return rows_[static_cast<std::size_t>(i)]; }
  const std::vector<std::int32_t>& batch() const { return rows_; }
  Index rows() const { return static_cast<Index>(rows_.size()); }
  double loss() const;
  /// What the data say about row i of the batch, and what the model makes of it: the name of a
  /// class, or numbers.
  std::string label(Index i) const;
  std::string prediction(Index i) const;

 private:
  const Model& model_;
  const Dataset& data_;
  std::vector<std::int32_t> rows_;
  Pass pass_;
  Params<T> params_;
  Tape<T> tape_;
};

extern template class ModelRun<float>;
extern template class ModelRun<double>;

}  // namespace chainrule
