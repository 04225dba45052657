// Tensor owns aligned memory; View looks at it. Contiguous, row-major, no strides.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

#include "chainrule/core/error.h"
#include "chainrule/core/shape.h"

namespace chainrule {

/// Bytes to which every buffer is aligned: one cache line, one AVX-512 vector.
inline constexpr std::size_t kAlignment = 64;

/// `rows` rows of `cols` elements that somebody else owns. A node without a batch axis has one
/// row.
template <class T>
class View {
 public:
  View() = default;
  View(T* data, Index rows, Index cols) : data_(data), rows_(rows), cols_(cols) {}
  operator View<const T>() const { return {data_, rows_, cols_}; }

  T* data() const { return data_; }
  Index rows() const { return rows_; }
  Index cols() const { return cols_; }
  Index size() const { return rows_ * cols_; }
  bool empty() const { return data_ == nullptr; }

  T& operator[](Index i) const { return data_[i]; }
  T& operator()(Index row, Index col) const { return data_[row * cols_ + col]; }
  std::span<T> row(Index r) const { return {data_ + r * cols_, static_cast<std::size_t>(cols_)}; }
  std::span<T> span() const { return {data_, static_cast<std::size_t>(size())}; }
  T* begin() const { return data_; }
  T* end() const { return data_ + size(); }

  /// The only element, so that `tape.value(loss)` reads as a number. Throws Error otherwise.
  operator std::remove_const_t<T>() const {
    if (size() != 1) throw Error(cat("expected a single number, this view has ", size()));
    return *data_;
  }

 private:
  T* data_ = nullptr;
  Index rows_ = 0;
  Index cols_ = 0;
};

/// Owner of `size` aligned elements, zero at first. Moves, does not copy by accident.
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  explicit Buffer(Index size) : size_(size) {
    if (size == 0) return;
    const std::size_t bytes = static_cast<std::size_t>(size) * sizeof(T);
    data_.reset(static_cast<T*>(::operator new (bytes, std::align_val_t{kAlignment})));
    std::fill_n(data_.get(), size, T{});
  }

  T* data() const { return data_.get(); }
  Index size() const { return size_; }
  T& operator[](Index i) const { return data_.get()[i]; }
  std::span<T> span() const { return {data_.get(), static_cast<std::size_t>(size_)}; }
  T* begin() const { return data_.get(); }
  T* end() const { return data_.get() + size_; }

  Buffer clone() const {
    Buffer copy(size_);
    std::copy_n(data_.get(), size_, copy.data());
    return copy;
  }

 private:
  struct Free {
    void operator()(T* p) const { ::operator delete (p, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<T, Free> data_;
  Index size_ = 0;
};

/// A matrix that owns its memory: `rows` rows of `cols` elements.
template <class T>
class Tensor {
 public:
  Tensor() = default;
  Tensor(Index rows, Index cols) : buffer_(rows * cols), rows_(rows), cols_(cols) {}

  Index rows() const { return rows_; }
  Index cols() const { return cols_; }
  Index size() const { return buffer_.size(); }
  T* data() const { return buffer_.data(); }
  T& operator[](Index i) const { return buffer_[i]; }
  T& operator()(Index row, Index col) const { return buffer_[row * cols_ + col]; }
  View<T> view() const { return {buffer_.data(), rows_, cols_}; }
  std::span<T> span() const { return buffer_.span(); }
  std::span<T> row(Index r) const { return view().row(r); }
  Tensor clone() const {
    Tensor t;
    t.buffer_ = buffer_.clone(), t.rows_ = rows_, t.cols_ = cols_;
    return t;
  }

 private:
  Buffer<T> buffer_;
  Index rows_ = 0;
  Index cols_ = 0;
};

}  // namespace chainrule
