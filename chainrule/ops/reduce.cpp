#include "chainrule/ops/reduce.h"

#include "chainrule/graph/op.h"
#include "chainrule/ops/sums.h"

namespace chainrule {
namespace {

enum class Extent { all, batch, features };

struct Sum {
  static constexpr Extent kExtent = Extent::all;
  static constexpr bool kMean = false;
  inline static const OpDoc doc{"sum", {"x"}, "y = sum of x over everything", {"dx = dy"}};
};
struct Mean {
  static constexpr OpTraits traits{.averages = true};
  static constexpr Extent kExtent = Extent::all;
  static constexpr bool kMean = true;
  inline static const OpDoc doc{"mean", {"x"}, "y = sum of x over everything / n", {"dx = dy / n"}};
};
struct SumBatch {
  static constexpr Extent kExtent = Extent::batch;
  static constexpr bool kMean = false;
  inline static const OpDoc doc{"sum_batch", {"x"}, "y = sum of x over the rows", {"dx = dy"}};
};
struct MeanBatch {
  static constexpr Extent kExtent = Extent::batch;
  static constexpr bool kMean = true;
  inline static const OpDoc doc{
      "mean_batch", {"x"}, "y = sum of x over the rows / B", {"dx = dy / B"}};
};
struct SumFeatures {
  static constexpr Extent kExtent = Extent::features;
  static constexpr bool kMean = false;
  inline static const OpDoc doc{
      "sum_features", {"x"}, "y = sum of x over the features", {"dx = dy"}};
};
struct MeanFeatures {
  static constexpr Extent kExtent = Extent::features;
  static constexpr bool kMean = true;
  inline static const OpDoc doc{
      "mean_features", {"x"}, "y = sum of x over the features / F", {"dx = dy / F"}};
};

template <class Kind>
struct Reduce {
  static constexpr const OpDoc& doc = Kind::doc;
  static constexpr OpTraits traits = [] {
    if constexpr (requires { Kind::traits; }) return OpTraits(Kind::traits);
    return OpTraits{};
  }();
  static constexpr bool kAssigns = true;

  Shape infer(std::span<const Shape> in) const {
    if constexpr (Kind::kExtent == Extent::all) return {};
    if constexpr (Kind::kExtent == Extent::features) return Shape{}.with_batch(in[0].batched());
    if (!in[0].batched())
      throw ShapeError(cat("the input is ", in[0].str(), ", expected a batch axis to reduce"));
    return in[0].with_batch(false);
  }

  Index workspace(std::span<const Shape> in, Index rows) const {
    if (Kind::kExtent != Extent::all) return 0;
    return detail::sum_workspace(in[0].size() * (in[0].batched() ? rows : 1));
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const View<const T> x = c.in(0);
    const View<T> y = c.out();
    const T scale = factor(x);
    if constexpr (Kind::kExtent == Extent::all)
      y[0] =
          scale * detail::summed(c.pool(), x.size(), c.workspace(), [=](Index i) { return x[i]; });
    if constexpr (Kind::kExtent == Extent::batch)
      detail::column_sums(c.pool(), x.rows(), x.cols(), y.data(), true,
                          [=](Index r, Index j) { return scale * x(r, j); });
    if constexpr (Kind::kExtent == Extent::features)
      c.pool().split(x.rows(), 1 + detail::kCheap / x.cols(), [=](Index first, Index last) {
        for (Index r = first; r < last; ++r)
          y[r] = scale * detail::summed<T>(x.cols(), [=](Index j) { return x(r, j); });
      });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const View<const T> dy = c.dout();
    const View<T> dx = c.din(0);
    const T scale = factor(dx);
    const bool assign = c.first(0);
    const auto add = [=](Index begin, Index end, auto term) {
      if (assign)
        for (Index i = begin; i < end; ++i) dx[i] = scale * term(i - begin);
      else
        for (Index i = begin; i < end; ++i) dx[i] += scale * term(i - begin);
    };
    if constexpr (Kind::kExtent == Extent::all)
      return c.pool().split(dx.size(), detail::kCheap, [=](Index begin, Index end) {
        add(begin, end, [g = dy[0]](Index) { return g; });
      });
    const Index cols = dx.cols();
    c.pool().split(dx.rows(), 1 + detail::kCheap / cols, [=](Index first, Index last) {
      for (Index r = first; r < last; ++r)
        if constexpr (Kind::kExtent == Extent::batch)
          add(r * cols, (r + 1) * cols, [=](Index j) { return dy[j]; });
        else
          add(r * cols, (r + 1) * cols, [g = dy[r]](Index) { return g; });
    });
  }

 private:
  template <class V>
  static auto factor(const V& x) {
    using T = std::remove_cvref_t<decltype(x[0])>;
    if (!Kind::kMean) return T{1};
    const Index count = Kind::kExtent == Extent::all     ? x.size()
                        : Kind::kExtent == Extent::batch ? x.rows()
                                                         : x.cols();
    return T{1} / static_cast<T>(count);
  }
};

struct WeightedMean {
  inline static const OpDoc doc{"weighted_mean",
                                {"x", "w"},
                                "y = sum(x * w) / sum(w)",
                                {"dx = dy * w / sum(w)", "dw = dy * (x - y) / sum(w)"}};
  static constexpr bool kAssigns = true;

  Shape infer(std::span<const Shape> in) const {
    if (in[0] != in[1])
      throw ShapeError(cat("the input is ", in[0].str(), ", the weights are ", in[1].str(),
                           ", expected equal shapes"));
    return {};
  }

  /// Keeps 1 / sum(w) for backward.
  Index workspace(std::span<const Shape>, Index) const { return 1; }

  template <class T>
  void forward(const Context<T>& c) const {
    const View<const T> x = c.in(0), w = c.in(1);
    const T total = detail::summed<T>(w.size(), [=](Index i) { return w[i]; });
    const T inverse = total == 0 ? T{0} : 1 / total;
    c.out()[0] = inverse * detail::summed<T>(x.size(), [=](Index i) { return x[i] * w[i]; });
    c.workspace()[0] = inverse;
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const View<const T> x = c.in(0), w = c.in(1);
    const View<T> dx = c.din(0), dw = c.din(1);
    const T y = c.out()[0], g = c.dout()[0] * c.workspace()[0];
    const auto add = [=](View<T> d, bool first, auto term) {
      for (Index i = 0; i < d.size(); ++i) d[i] = (first ? T{0} : d[i]) + g * term(i);
    };
    if (c.wants(0)) add(dx, c.first(0), [=](Index i) { return w[i]; });
    if (c.wants(1)) add(dw, c.first(1), [=](Index i) { return x[i] - y; });
  }
};

}  // namespace

Var sum(Var x, Location at) { return add_op(Reduce<Sum>{}, {x}, at); }
Var mean(Var x, Location at) { return add_op(Reduce<Mean>{}, {x}, at); }
Var sum_batch(Var x, Location at) { return add_op(Reduce<SumBatch>{}, {x}, at); }
Var mean_batch(Var x, Location at) { return add_op(Reduce<MeanBatch>{}, {x}, at); }
Var sum_features(Var x, Location at) { return add_op(Reduce<SumFeatures>{}, {x}, at); }
Var mean_features(Var x, Location at) { return add_op(Reduce<MeanFeatures>{}, {x}, at); }
Var weighted_mean(Var x, Var w, Location at) { return add_op(WeightedMean{}, {x, w}, at); }

}  // namespace chainrule
