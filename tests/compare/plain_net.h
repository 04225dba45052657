// A network as a course's notebook writes it: lists of numbers and loops, nothing shared with the
// library, so that its gradients, right or wrong on purpose, are somebody else's.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "chainrule/data/npz.h"
#include "chainrule/model/model.h"

namespace chainrule::testing {

/// Rows of numbers.
template <class T>
struct Matrix {
  std::size_t rows = 0, cols = 0;
  std::vector<T> data;
  Matrix() = default;
  Matrix(std::size_t r, std::size_t c) : rows(r), cols(c), data(r * c) {}
  T& operator()(std::size_t r, std::size_t c) { return data[r * cols + c]; }
  T operator()(std::size_t r, std::size_t c) const { return data[r * cols + c]; }

  Matrix turned() const {
    Matrix m(cols, rows);
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < cols; ++c) m(c, r) = (*this)(r, c);
    return m;
  }
  Matrix times(const Matrix& b) const {
    Matrix m(rows, b.cols);
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < b.cols; ++c) {
        T sum = 0;
        for (std::size_t k = cols; k > 0; --k) sum += (*this)(r, k - 1) * b(k - 1, c);
        m(r, c) = sum;
      }
    return m;
  }
  template <class F>
  Matrix map(F f) const {
    Matrix m = *this;
    for (T& x : m.data) x = f(x);
    return m;
  }
  /// f(x, y) element by element.
  template <class F>
  Matrix with(const Matrix& other, F f) const {
    Matrix m = *this;
    for (std::size_t i = 0; i < data.size(); ++i) m.data[i] = f(data[i], other.data[i]);
    return m;
  }
};

template <class T>
struct PlainNet {
  using M = Matrix<T>;
  struct Layer {
    std::string kind, name;
    T slope = 0;         ///< of leaky_relu
    M w, b, mask, x, y;  ///< w [I, O]; x and y of the last forward pass
  };
  std::vector<Layer> layers;
  std::string loss;
  M x, t;                   ///< inputs, targets (one-hot)
  M before_derivative;      ///< for mistakes that keep something
  std::vector<M> upstream;  ///< of the last backward pass, what came to each layer from above
  std::map<std::string, M> gradients;

  /// dx of a layer in place of the right one; may write the gradients of its parameters. An empty
  /// matrix: the right one.
  std::function<M(PlainNet&, std::size_t layer, const M& dy)> instead;
  /// The gradient of the loss with respect to the network's output, in place of the right one.
  std::function<M(PlainNet&, const M& out)> loss_instead;

  PlainNet(const Model& model, const M& inputs, const M& targets) : x(inputs), t(targets) {
    loss = model.options().loss;
    std::stringstream text(model.text());
    std::map<std::string, int> numbers;
    for (std::string piece; std::getline(text, piece, ',');) {
      std::stringstream words(piece);
      Layer layer;
      words >> layer.kind;
      if (layer.kind == "leaky_relu") words >> layer.slope;
      const std::string prefix = layer.kind == "linear" ? "fc" : layer.kind;
      layer.name = prefix + std::to_string(++numbers[prefix]);
      if (layer.kind == "linear") {
        const auto read = [&](const std::string& name, M& to) {
          const auto values = model.params()[layer.name + name];
          to = M(static_cast<std::size_t>(name == ".bias" ? 1 : values.rows()), 0);
          const Shape& shape = model.graph().node(model.graph().find(layer.name + name)).shape;
          to.rows = name == ".bias" ? 1 : static_cast<std::size_t>(shape[0]);
          to.cols = static_cast<std::size_t>(shape.last());
          to.data.assign(values.begin(), values.end());
        };
        read(".weight", layer.w), read(".bias", layer.b);
      }
      layers.push_back(layer);
    }
  }

  void forward() {
    M h = x;
    for (Layer& l : layers) {
      l.x = h;
      if (l.kind == "linear") {
        h = h.times(l.w);
        for (std::size_t r = 0; r < h.rows; ++r)
          for (std::size_t c = 0; c < h.cols; ++c) h(r, c) += l.b(0, c);
      } else if (l.kind == "relu") {
        h = h.map([](T z) { return z > 0 ? z : T{0}; });
      } else if (l.kind == "leaky_relu") {
        h = h.map([s = l.slope](T z) { return z > 0 ? z : s * z; });
      } else if (l.kind == "sigmoid") {
        h = h.map([](T z) { return 1 / (1 + std::exp(-z)); });
      } else if (l.kind == "tanh") {
        h = h.map([](T z) { return std::tanh(z); });
      } else if (l.kind == "dropout") {
        if (l.mask.data.empty()) {
          l.mask = M(h.rows, h.cols);
          for (std::size_t i = 0; i < l.mask.data.size(); ++i)
            l.mask.data[i] = (i * 7919 + 13) % 10 < 4 ? T{0} : T{2};  // rate 0.5
        }
        h = h.with(l.mask, std::multiplies<>());
      } else {
        h = softmax(h);
      }
      l.y = h;
    }
  }

  static M softmax(const M& z) {
    M p = z;
    for (std::size_t r = 0; r < z.rows; ++r) {
      T sum = 0;
      for (std::size_t c = 0; c < z.cols; ++c) sum += p(r, c) = std::exp(z(r, c));
      for (std::size_t c = 0; c < z.cols; ++c) p(r, c) /= sum;
    }
    return p;
  }

  M loss_gradient(const M& out) const {
    const T n = static_cast<T>(out.rows), f = static_cast<T>(out.cols);
    if (loss == "softmax_cross_entropy")
      return softmax(out).with(t, [=](T p, T y) { return (p - y) / n; });
    if (loss == "categorical_cross_entropy")
      return out.with(t, [=](T p, T y) { return -y / p / n; });
    if (loss == "binary_cross_entropy_logits")
      return out.with(t, [=](T z, T y) { return (1 / (1 + std::exp(-z)) - y) / n / f; });
    if (loss == "half_squared_error") return out.with(t, [=](T a, T y) { return (a - y) / n; });
    return out.with(t, [=](T a, T y) { return 2 * (a - y) / n / f; });  // squared_error
  }

  M dx(std::size_t i, const M& dy) {
    Layer& l = layers[i];
    if (l.kind == "linear") {
      gradients[l.name + ".weight"] = l.x.turned().times(dy);
      M db(1, dy.cols);
      for (std::size_t r = 0; r < dy.rows; ++r)
        for (std::size_t c = 0; c < dy.cols; ++c) db(0, c) += dy(r, c);
      gradients[l.name + ".bias"] = db;
      return dy.times(l.w.turned());
    }
    if (l.kind == "relu") return dy.with(l.x, [](T g, T z) { return z > 0 ? g : T{0}; });
    if (l.kind == "leaky_relu")
      return dy.with(l.x, [s = l.slope](T g, T z) { return z > 0 ? g : s * g; });
    if (l.kind == "sigmoid") return dy.with(l.y, [](T g, T y) { return g * y * (1 - y); });
    if (l.kind == "tanh") return dy.with(l.y, [](T g, T y) { return g * (1 - y * y); });
    if (l.kind == "dropout") return dy.with(l.mask, std::multiplies<>());
    M m = dy;
    for (std::size_t r = 0; r < m.rows; ++r) {
      T dot = 0;
      for (std::size_t c = 0; c < m.cols; ++c) dot += dy(r, c) * l.y(r, c);
      for (std::size_t c = 0; c < m.cols; ++c) m(r, c) = l.y(r, c) * (dy(r, c) - dot);
    }
    return m;
  }

  void backward() {
    const M out = layers.back().y;
    M dy = loss_instead ? loss_instead(*this, out) : loss_gradient(out);
    upstream.resize(layers.size());
    for (std::size_t i = layers.size(); i > 0; --i) {
      upstream[i - 1] = dy;
      M d = instead ? instead(*this, i - 1, dy) : M();
      dy = d.data.empty() ? dx(i - 1, dy) : d;
    }
  }

  /// As numpy would have saved them: weights [O, I].
  template <class S = float>
  std::vector<data::NpzArray> arrays() const {
    std::vector<data::NpzArray> all;
    for (const auto& [name, g] : gradients) {
      const bool weight = name.ends_with(".weight");
      const M as_in_files = weight ? g.turned() : g;
      std::vector<S> values(as_in_files.data.begin(), as_in_files.data.end());
      std::vector<Index> shape = {static_cast<Index>(as_in_files.cols)};
      if (weight) shape.insert(shape.begin(), static_cast<Index>(as_in_files.rows));
      all.push_back({name, data::parse_npy(data::format_npy<S>(values, shape), name)});
    }
    for (const Layer& l : layers)
      if (l.kind == "dropout") {
        std::vector<float> mask(l.mask.data.begin(), l.mask.data.end());
        const std::vector<Index> shape = {static_cast<Index>(l.mask.rows),
                                          static_cast<Index>(l.mask.cols)};
        all.push_back(
            {l.name + ".mask", data::parse_npy(data::format_npy<float>(mask, shape), l.name)});
      }
    return all;
  }
};

}  // namespace chainrule::testing
