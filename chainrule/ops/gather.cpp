#include "chainrule/ops/gather.h"

#include <algorithm>

#include "chainrule/graph/op.h"
#include "chainrule/ops/axes.h"
#include "chainrule/ops/sums.h"

namespace chainrule {
namespace {

/// x as rows [before, length, behind] around the chosen axis, of which y has [before, chosen,
/// behind]; place(row, t) is the index of the t-th chosen one. Without rows of its own, x serves
/// every row of y.
template <class T, class Place>
struct Choice {
  Choice(const Context<T>& c, Index axis, Place where) : place(where), rows(c.out().rows()) {
    const Shape& x = c.in_shape(0);
    const int a = detail::feature_axis(x, axis);
    length = x[a];
    for (int i = 0; i < a; ++i) before *= x[i];
    for (int i = a + 1; i < x.rank(); ++i) behind *= x[i];
    chosen = c.out_shape().size() / (before * behind);
    shared = x.batched() ? 0 : rows;
  }
  Index in_x(Index row, Index block, Index t) const {
    return (((shared > 0 ? 0 : row) * before + block) * length + place(row, t)) * behind;
  }

  Place place;
  Index rows, before = 1, length, behind = 1, chosen;
  Index shared;  ///< rows of y that use one row of x, 0 when each has its own
};

template <class T, class Place>
void choose(const Context<T>& c, const Choice<T, Place>& s) {
  const T* const x = c.in(0).data();
  T* const y = c.out().data();
  const Index lines = s.before * s.chosen;
  c.pool().split(s.rows * lines, 1 + detail::kCheap / s.behind, [&](Index first, Index last) {
    for (Index line = first; line < last; ++line) {
      const Index row = line / lines, block = line % lines / s.chosen;
      std::copy_n(x + s.in_x(row, block, line % s.chosen), s.behind, y + line * s.behind);
    }
  });
}

/// One element may be chosen twice, so threads share rows of x and what lies around the axis.
template <class T, class Place>
void give_back(const Context<T>& c, const Choice<T, Place>& s) {
  T* const dx = c.din(0).data();
  const T* const dy = c.dout().data();
  const Index around = s.before * s.behind, own_rows = s.shared > 0 ? 1 : s.rows;
  const Index grain = 1 + detail::kCheap / (s.chosen * std::max<Index>(s.shared, 1));
  const auto add = [&](Index row, Index block, Index at, Index n) {
    for (Index t = 0; t < s.chosen; ++t) {
      T* const to = dx + s.in_x(row, block, t) + at;
      const T* const from = dy + ((row * s.before + block) * s.chosen + t) * s.behind + at;
      for (Index i = 0; i < n; ++i) to[i] += from[i];
    }
  };
  c.pool().split(own_rows * around, grain, [&](Index begin, Index end) {
    for (Index p = begin; p < end;) {
      const Index own = p / around, block = p % around / s.behind, at = p % s.behind;
      const Index n = std::min(s.behind - at, end - p);
      if (s.shared == 0) add(own, block, at, n);
      for (Index row = 0; row < s.shared; ++row) add(row, block, at, n);
      p += n;
    }
  });
}

struct Gather {
  inline static const OpDoc doc{
      "gather",
      {"x", "indices"},
      "y = take(x, indices, axis) in each row",
      {"dx[.., indices[i], ..] += dy[.., i, ..] for each i", "no gradient"}};
  Index axis = 0;
  Index classes = 0;

  static void settings(auto& self, auto&& f) { f("axis", self.axis, kAnyNumber); }
  void bind(std::span<const Var> in) {
    classes = in.size() > 1 && in[1] ? in[1].graph().node(in[1]).classes : 0;
  }
  bool takes_indices(int input) const { return input == 1; }

  Shape infer(std::span<const Shape> in) const {
    const Shape &x = in[0], &indices = in[1];
    const int a = detail::feature_axis(x, axis);
    if (x[a] < classes)
      throw ShapeError(cat("axis ", a, " of ", x.str(), " has ", x[a], " elements, the indices ",
                           "expect ", classes, " (0 to ", classes - 1, ")"));
    std::array<Index, 2 * Shape::kMaxRank> dims{};
    std::size_t rank = 0;
    for (int i = 0; i < x.rank(); ++i) {
      if (i != a) dims[rank++] = x[i];
      if (i == a)
        for (const Index d : indices.dims()) dims[rank++] = d;
    }
    return Shape(std::span<const Index>(dims.data(), rank), true);
  }

  template <class T>
  void forward(const Context<T>& c) const {
    choose(c, choice(c));
  }
  template <class T>
  void backward(const Context<T>& c) const {
    if (c.wants(0)) give_back(c, choice(c));
  }

 private:
  template <class T>
  auto choice(const Context<T>& c) const {
    const auto place = [indices = c.indices(1)](Index row, Index t) { return indices(row, t); };
    return Choice<T, decltype(place)>(c, axis, place);
  }
};

struct Take {
  inline static const OpDoc doc{"take",
                                {"x"},
                                "y = take(x, places, axis)",
                                {"dx[.., places[i], ..] += dy[.., i, ..] for each i"}};
  std::vector<Index> places;
  Index axis = 0;

  static void settings(auto& self, auto&& f) {
    f("places", self.places, kAnyNumber);
    f("axis", self.axis, kAnyNumber);
  }

  Shape infer(std::span<const Shape> in) const {
    const Shape& x = in[0];
    const int a = detail::feature_axis(x, axis);
    for (const Index place : places)
      if (place < -x[a] || place >= x[a])
        throw ShapeError(cat("place ", place, " of axis ", a, " of ", x.str(), ", expected ", -x[a],
                             " to ", x[a] - 1));
    return detail::with_axis(x, a, static_cast<Index>(places.size()));
  }

  template <class T>
  void forward(const Context<T>& c) const {
    choose(c, choice(c));
  }
  template <class T>
  void backward(const Context<T>& c) const {
    give_back(c, choice(c));
  }

 private:
  template <class T>
  auto choice(const Context<T>& c) const {
    const Index length = c.in_shape(0)[detail::feature_axis(c.in_shape(0), axis)];
    const auto place = [all = std::span(places), length](Index, Index t) {
      const Index at = all[static_cast<std::size_t>(t)];
      return at < 0 ? at + length : at;
    };
    return Choice<T, decltype(place)>(c, axis, place);
  }
};

}  // namespace

Var gather(Var x, Var indices, Index axis, Location at) {
  return add_op(Gather{axis}, {x, indices}, at);
}
Var take(Var x, std::vector<Index> places, Index axis, Location at) {
  return add_op(Take{std::move(places), axis}, {x}, at);
}

}  // namespace chainrule
