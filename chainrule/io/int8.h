// A model's linear layers in 8-bit integers: what the C file computes, computed here.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "chainrule/core/tensor.h"
#include "chainrule/model/model.h"

namespace chainrule {

/// An integer q from -128 to 127 stands for the number scale * (q - zero).
struct Int8Scale {
  float scale = 1;
  std::int32_t zero = 0;
  std::int8_t quantise(float x) const;
};

/// acc[o] = bias[o] + sum over i of weight[o][i] * q[i]   (32 bits; the input's zero is in the
/// bias) A hidden layer gives q'[o] = clamp(round(acc[o] * multiplier[o] / 2^shift[o]) + zero, low,
/// 127), halves away from zero; then, if there is one, q'' = table[q' + 128]. The last layer gives
/// the number acc[o] * scale[o].
struct Int8Layer {
  int node = -1;  ///< of the affine operation
  Index inputs = 0, outputs = 0;
  std::vector<std::int8_t> weight;  ///< [O, I], symmetric, a scale for each output
  std::vector<std::int32_t> bias;
  std::vector<std::int32_t> multiplier;  ///< hidden layers
  std::vector<std::uint8_t> shift;       ///< hidden layers
  std::int32_t zero = 0, low = -128;     ///< hidden layers; low is zero after relu
  std::vector<std::int8_t> table;        ///< 256 elements, or none
  std::string table_name;                ///< "tanh1"
  std::vector<float> scale;              ///< the last layer
};

/// Made from a model and rows like those that it will see: the least and the greatest value of each
/// layer over these rows become its range. Between the first and the last linear layer everything
/// is integers; relu is a clamp, other activations are tables of 256 elements, batch_norm and bias
/// become a part of a linear layer. What comes before and after these layers stays in float.
class Int8Network {
 public:
  /// `rows` rows of features as the model expects them. Throws Error when the model has no linear
  /// layer or has between two of them a layer that 8 bits cannot hold, DataError when there are no
  /// rows.
  Int8Network(const Model& model, std::span<const float> rows);

  /// The model's output for rows of features: [rows, outputs].
  Tensor<float> run(std::span<const float> rows) const;

  Index calibration_rows() const { return calibration_rows_; }
  const Int8Scale& input() const { return input_; }  ///< of the first layer
  const std::vector<Int8Layer>& layers() const { return layers_; }
  std::span<const int> before() const { return before_; }  ///< operations in float
  std::span<const int> after() const { return after_; }

 private:
  class Builder;
  void run_layers(std::span<const float> x, std::span<float> y) const;

  const Model* model_;
  Index calibration_rows_ = 0;
  Int8Scale input_;
  std::vector<Int8Layer> layers_;
  std::vector<int> before_, after_;
};

}  // namespace chainrule
