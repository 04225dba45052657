// The gradient check bites: operations that are wrong on purpose, one mistake each, are all caught.
#include <gtest/gtest.h>
#include <string>

#include "chainrule/check/gradcheck.h"
#include "chainrule/graph/op.h"

namespace chainrule {
namespace {

enum class Mistake {
  none,
  no_mask,
  overwrites,
  one_off,
  zero,
  sign,
  stale,
  threads,
};

/// y = x if x > 0 else x / 4, with a backward pass that makes one mistake.
template <Mistake kMistake>
struct Bent {
  inline static const OpDoc doc{
      "bent", {"x"}, "y = x if x > 0, else x / 4", {"dx = dy if x > 0, else dy / 4"}};

  Shape infer(std::span<const Shape> in) const { return in[0]; }

  template <class T>
  void forward(const Context<T>& c) const {
    const Index skipped = kMistake == Mistake::stale ? 1 : 0;
    for (Index i = 0; i < c.out().size() - skipped; ++i)
      c.out()[i] = c.in(0)[i] > 0 ? c.in(0)[i] : c.in(0)[i] / 4;
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const auto x = c.in(0);
    const auto dx = c.din(0);
    if (kMistake == Mistake::zero) return;
    c.pool().split(x.size(), 1, [&](Index begin, Index end) {
      if (kMistake == Mistake::threads && begin > 0) ++begin;
      for (Index i = begin; i < end; ++i) {
        const bool positive = x[i] > 0 || kMistake == Mistake::no_mask;
        T amount = positive ? c.dout()[i] : c.dout()[i] / 4;
        if (kMistake == Mistake::sign) amount = -amount;
        const Index to = kMistake == Mistake::one_off ? (i + 1) % x.size() : i;
        if (kMistake == Mistake::overwrites)
          dx[to] = amount;
        else
          dx[to] += amount;
      }
    });
  }
};

enum class Average { right, missing, doubled, capacity };

/// Mean over the batch; the mistakes are in the 1/N of the backward pass.
template <Average kAverage>
struct BatchMean {
  inline static const OpDoc doc{
      "batch_mean", {"x"}, "y = sum of x over the rows / N", {"dx = dy / N"}};

  Shape infer(std::span<const Shape> in) const { return in[0].with_batch(false); }
  Index workspace(std::span<const Shape>, Index rows) const { return rows; }

  template <class T>
  void forward(const Context<T>& c) const {
    for (T& y : c.out()) y = 0;
    for (Index r = 0; r < c.rows(); ++r)
      for (Index j = 0; j < c.out().size(); ++j)
        c.out()[j] += c.in(0)(r, j) / static_cast<T>(c.rows());
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const T n = static_cast<T>(
        kAverage == Average::capacity ? static_cast<Index>(c.workspace().size()) : c.rows());
    const T factor = kAverage == Average::missing   ? 1
                     : kAverage == Average::doubled ? 1 / (n * n)
                                                    : 1 / n;
    for (Index r = 0; r < c.rows(); ++r)
      for (Index j = 0; j < c.out().size(); ++j) c.din(0)(r, j) += c.dout()[j] * factor;
  }
};

/// y = x w with a square w; kTransposed: the gradient of w comes out transposed.
template <bool kTransposed>
struct Square {
  inline static const OpDoc doc{
      "square_matmul", {"x", "w"}, "y = x w", {"dx = dy w^T", "dw = x^T dy"}};

  Shape infer(std::span<const Shape> in) const { return in[0]; }

  template <class T>
  void forward(const Context<T>& c) const {
    const Index n = c.in(0).cols();
    for (Index r = 0; r < c.rows(); ++r)
      for (Index j = 0; j < n; ++j) {
        T sum = 0;
        for (Index i = 0; i < n; ++i) sum += c.in(0)(r, i) * c.in(1)[i * n + j];
        c.out()(r, j) = sum;
      }
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const Index n = c.in(0).cols();
    for (Index r = 0; r < c.rows(); ++r)
      for (Index i = 0; i < n; ++i)
        for (Index j = 0; j < n; ++j) {
          if (c.wants(0)) c.din(0)(r, i) += c.dout()(r, j) * c.in(1)[i * n + j];
          if (c.wants(1))
            c.din(1)[kTransposed ? j * n + i : i * n + j] += c.in(0)(r, i) * c.dout()(r, j);
        }
  }
};

/// y = a b; kForgets: a gradient is read before and written after the other one was added, which
/// only hurts where both are the same memory.
template <bool kForgets>
struct Product {
  inline static const OpDoc doc{"product", {"a", "b"}, "y = a * b", {"da = dy * b", "db = dy * a"}};

  Shape infer(std::span<const Shape> in) const { return in[0]; }

  template <class T>
  void forward(const Context<T>& c) const {
    for (Index i = 0; i < c.out().size(); ++i) c.out()[i] = c.in(0)[i] * c.in(1)[i];
  }

  template <class T>
  void backward(const Context<T>& c) const {
    for (Index i = 0; i < c.out().size(); ++i) {
      const T before = c.wants(0) ? c.din(0)[i] : 0;
      if (c.wants(1)) c.din(1)[i] += c.dout()[i] * c.in(0)[i];
      if (!c.wants(0)) continue;
      if (kForgets)
        c.din(0)[i] = before + c.dout()[i] * c.in(1)[i];
      else
        c.din(0)[i] += c.dout()[i] * c.in(1)[i];
    }
  }
};

template <class O>
std::string unary() {
  return gradcheck([](Var x) { return add_op(O{}, {x}, Location::current()); }, {{5, 3}}).failure;
}

template <class O>
std::string binary(const std::vector<Argument>& arguments) {
  return gradcheck(
             [](Var a, Var b) {
               return add_op(O{}, {a, b}, Location::current());
             },
             arguments)
      .failure;
}

/// The failure must be there and say what kind it is.
void expect_caught(const std::string& failure, const std::string& says) {
  EXPECT_NE(failure.find(says), std::string::npos) << "got: '" << failure << "'";
}

TEST(GradcheckBites, RightOperationsPass) {
  EXPECT_EQ(unary<Bent<Mistake::none>>(), "");
  EXPECT_EQ(unary<BatchMean<Average::right>>(), "");
  EXPECT_EQ(binary<Square<false>>({{5, 3}, Argument::param({3, 3})}), "");
  EXPECT_EQ(binary<Product<false>>({{4, 3}, {4, 3}}), "");
}

TEST(GradcheckBites, WrongOperationsAreCaught) {
  expect_caught(binary<Square<true>>({{5, 3}, Argument::param({3, 3})}), "relative error");
  expect_caught(unary<Bent<Mistake::no_mask>>(), "relative error");
  expect_caught(unary<BatchMean<Average::missing>>(), "relative error");
  expect_caught(unary<BatchMean<Average::doubled>>(), "relative error");
  expect_caught(unary<Bent<Mistake::overwrites>>(), "does not add");
  expect_caught(unary<Bent<Mistake::one_off>>(), "relative error");
  expect_caught(unary<Bent<Mistake::zero>>(), "relative error");
  expect_caught(unary<Bent<Mistake::sign>>(), "relative error");
  expect_caught(unary<Bent<Mistake::stale>>(), "unwritten");
  expect_caught(unary<BatchMean<Average::capacity>>(), "on a tape for");
  expect_caught(binary<Product<true>>({{4, 3}, {4, 3}}), "with one Var as inputs");
  expect_caught(unary<Bent<Mistake::threads>>(), "8 threads");
}

}  // namespace
}  // namespace chainrule
