#include "chainrule/ops/conv2d.h"

#include <algorithm>

#include "chainrule/ops/arithmetic.h"
#include "chainrule/ops/bias.h"
#include "chainrule/ops/concat.h"
#include "chainrule/ops/matmul.h"
#include "chainrule/ops/pad.h"
#include "chainrule/ops/reshape.h"
#include "chainrule/ops/slice.h"
#include "tests/check.h"

namespace chainrule::testing {
namespace {

struct ConvCase {
  std::initializer_list<Index> x, w;
  Conv2dOptions options;
};

/// Strides, paddings, dilations, groups, odd sizes, one pixel, one channel, one picture.
const ConvCase kConvCases[] = {
    {{2, 4, 5, 2}, {3, 2, 2, 3}, {}},
    {{1, 1, 1, 1}, {1, 1, 1, 1}, {}},
    {{3, 5, 3, 1}, {3, 3, 1, 2}, {.before = {1, 1}, .after = {1, 1}}},
    {{2, 5, 4, 2}, {2, 2, 2, 1}, {.stride = {2, 3}, .before = {0, 1}}},
    {{1, 4, 4, 1}, {1, 1, 1, 2}, {.stride = {3, 2}}},
    {{2, 6, 7, 1}, {2, 3, 1, 2}, {.after = {2, 0}, .dilation = {3, 2}}},
    {{1, 7, 6, 1}, {3, 2, 1, 1}, {.stride = {2, 3}, .before = {2, 1}, .dilation = {2, 3}}},
    {{2, 3, 4, 4}, {2, 2, 2, 6}, {.before = {1, 0}, .groups = 2}},
    {{2, 4, 3, 3}, {3, 3, 1, 3}, {.before = {1, 1}, .after = {1, 1}, .groups = 3}},
    {{2, 3, 3, 2}, {2, 2, 1, 4}, {.dilation = {1, 2}, .groups = 2}},
    {{1, 2, 2, 3}, {2, 2, 3, 2}, {.before = {3, 2}, .after = {0, 4}}},
    {{17, 3, 2, 1}, {2, 2, 1, 1}, {}},
};

TEST(Conv2d, Gradient) {
  for (const ConvCase& c : kConvCases) {
    const auto filters = Argument::param(c.w);
    const Index outputs = *(c.w.end() - 1);
    check([&](Var x, Var w, Var b) { return conv2d(x, w, b, c.options); },
          {c.x, filters, Argument::param({outputs})});
    check([&](Var x, Var w) { return conv2d(x, w, {}, c.options); }, {c.x, filters});
  }
  // One picture that is no sample.
  check([](Var x, Var w) { return conv2d(x, w); },
        {Argument::param({3, 3, 2}), Argument::param({2, 2, 2, 2})});
}

/// The same as a product: for each group and tap the pixels that it meets, side by side.
Var of_slices(Var x, Var w, Var b, const Conv2dOptions& o) {
  x = pad(x, {o.before[0], o.before[1], 0}, {o.after[0], o.after[1], 0});
  const Index channels = w.shape()[2], filters = w.shape()[3] / o.groups;
  Index places[2];
  for (int i = 0; i < 2; ++i)
    places[i] = (x.shape()[i] - (w.shape()[i] - 1) * o.dilation[static_cast<std::size_t>(i)] - 1) /
                    o.stride[static_cast<std::size_t>(i)] +
                1;
  std::vector<Var> parts;
  for (Index g = 0; g < o.groups; ++g) {
    std::vector<Var> taps;
    for (Index u = 0; u < w.shape()[0]; ++u)
      for (Index v = 0; v < w.shape()[1]; ++v) {
        const Index row = u * o.dilation[0], col = v * o.dilation[1];
        taps.push_back(slice(x, {{.axis = 0,
                                  .begin = row,
                                  .end = row + (places[0] - 1) * o.stride[0] + 1,
                                  .step = o.stride[0]},
                                 {.axis = 1,
                                  .begin = col,
                                  .end = col + (places[1] - 1) * o.stride[1] + 1,
                                  .step = o.stride[1]},
                                 {.axis = 2, .begin = g * channels, .end = (g + 1) * channels}}));
      }
    const Var own = slice(w, g * filters, (g + 1) * filters);
    parts.push_back(matmul(concat(taps), reshape(own, {own.shape().size() / filters, filters})));
  }
  return bias(concat(parts), b);
}

TEST(Conv2d, EqualsItsTwinOfSlices) {
  for (const ConvCase& c : kConvCases) {
    const auto run = [&](auto layer) {
      Graph g;
      const auto init = [](std::span<double> values, const Shape&, Random& random) {
        for (double& v : values) v = random.normal();
      };
      const std::vector<Index> dims(c.x.begin() + 1, c.x.end()), filters(c.w);
      const Var x = g.input("x", Shape(dims)), w = g.param("w", Shape(filters), {.init = init}),
                b = g.param("b", {filters[3]}, {.init = init});
      const Var y = layer(x, w, b);
      Params<double> params(g, 1);
      const Index rows = *c.x.begin();
      Tape<double> tape(params, {.rows = rows});
      for (Index i = 0; i < rows * x.shape().size(); ++i)
        tape.input(x)[i] = static_cast<double>(i * 7 % 11) - 5;
      tape.forward();
      std::vector<double> upstream(static_cast<std::size_t>(rows * y.shape().size()));
      for (std::size_t i = 0; i < upstream.size(); ++i)
        upstream[i] = static_cast<double>(i * 5 % 13) - 6;
      tape.backward(y, upstream);
      std::vector<double> all(tape.value(y).begin(), tape.value(y).end());
      for (const Var& v : {x, w, b})
        all.insert(all.end(), tape.grad(v).begin(), tape.grad(v).end());
      return all;
    };
    expect_near(run([&](Var x, Var w, Var b) { return conv2d(x, w, b, c.options); }),
                run([&](Var x, Var w, Var b) { return of_slices(x, w, b, c.options); }), 1e-11);
  }
}

// The picture 1 2 3 / 4 5 6 with a zero on its right, the filter 1 10 / 100 1000, bias 0.5, every
// second column: 1 + 20 + 400 + 5000 + 0.5 and 3 + 0 + 600 + 0 + 0.5.
TEST(Conv2d, ByHand) {
  expect_near(evaluate(
                  [](auto v) {
                    return conv2d(v[0], v[1], v[2], {.stride = {1, 2}, .after = {0, 1}});
                  },
                  {{{2, 3, 1}, {1, 2, 3, 4, 5, 6}},
                   {{2, 2, 1, 1}, {1, 10, 100, 1000}, true},
                   {{1}, {0.5}, true}}),
              {5421.5, 603.5});
}

void expect_refused(const Shape& x, const Shape& w, const Conv2dOptions& options,
                    const std::string& why) {
  Graph g;
  const Var in = g.input("x", x), filters = g.param("w", w);
  try {
    conv2d(in, filters, {}, options);
    ADD_FAILURE() << "expected: " << why;
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(why), std::string::npos) << e.what();
  }
}

TEST(Conv2d, Errors) {
  expect_refused({8}, {3, 3, 1, 2}, {}, "the input is [B, 8], expected [B, H, W, C]");
  expect_refused({8, 8, 1}, {3, 3, 2}, {}, "expected [KH, KW, C / groups, O]");
  expect_refused({8, 8, 1}, {3, 3, 2, 4}, {},
                 "the input [B, 8, 8, 1] has 1 channels, the weight [3, 3, 2, 4] expects 2");
  expect_refused({8, 8, 3}, {3, 3, 1, 4}, {.groups = 2},
                 "3 channels and 4 filters in 2 groups, expected multiples of that");
  expect_refused({8, 2, 1}, {3, 3, 1, 4}, {},
                 "the window spans 3 columns, the input [B, 8, 2, 1] has 2");
  expect_refused({8, 8, 1}, {3, 3, 1, 4}, {.after = {0, 1}, .dilation = {1, 9}},
                 "the window spans 19 columns, the input [B, 8, 8, 1] has 9 with padding");
  expect_refused({8, 8, 1}, {3, 3, 1, 4}, {.stride = {0, 1}},
                 "stride is 0x1, expected numbers from 1");
  expect_refused({8, 8, 1}, {3, 3, 1, 4}, {.before = {1}}, "before has 1 entry, expected 2");
  expect_refused({8, 8, 1}, {3, 3, 1, 4}, {.groups = 0}, "groups is 0");
}

}  // namespace
}  // namespace chainrule::testing
