// Helpers that make a test of an operation one line.
#pragma once

#include <gtest/gtest.h>
#include <initializer_list>
#include <set>
#include <string>
#include <vector>

#include "chainrule/check/gradcheck.h"
#include "chainrule/graph/op.h"
#include "chainrule/graph/tape.h"

namespace chainrule::testing {

/// Operations that check() has proven in this process.
inline std::set<std::string>& proven() {
  static std::set<std::string> names;
  return names;
}

/// Proves the backward pass of `function`; see gradcheck().
template <class F>
void check(F function, const std::vector<Argument>& arguments, const GradcheckOptions& options = {},
           Location at = Location::current()) {
  std::set<std::string> names;
  const GradcheckReport report = gradcheck(
      [&](std::span<const Var> v) {
        Var y = [&] {
          if constexpr (std::is_invocable_v<F, std::span<const Var>>)
            return function(v);
          else if constexpr (std::is_invocable_v<F, Var>)
            return function(v[0]);
          else if constexpr (std::is_invocable_v<F, Var, Var>)
            return function(v[0], v[1]);
          else if constexpr (std::is_invocable_v<F, Var, Var, Var>)
            return function(v[0], v[1], v[2]);
          else
            return function(v[0], v[1], v[2], v[3]);
        }();
        for (int id = 0; id < y.graph().size(); ++id)
          if (y.graph().node(id).op) names.emplace(y.graph().node(id).op->doc().name);
        return y;
      },
      arguments, options);
  EXPECT_TRUE(report) << report.failure << "\n  checked at " << describe(at);
  if (report) proven().merge(names);
}

/// One input of evaluate(): its shape without the batch axis, and its values.
struct Given {
  Shape shape;
  std::vector<double> values;
  bool is_param = false;
};

/// The output of `function` (of a span of Vars) for the given inputs, in double. The batch has as
/// many rows as the first batched input's values fill.
template <class F>
std::vector<double> evaluate(F function, const std::vector<Given>& inputs, const Pass& pass = {}) {
  Graph g;
  std::vector<Var> vars;
  Index rows = 1;
  for (const Given& in : inputs) {
    const std::string name = "x" + std::to_string(vars.size() + 1);
    if (in.is_param) {
      vars.push_back(
          g.param(name, in.shape, {.init = [&in](std::span<double> out, const Shape&, Random&) {
                    std::copy(in.values.begin(), in.values.end(), out.begin());
                  }}));
    } else {
      vars.push_back(g.input(name, in.shape));
      rows = static_cast<Index>(in.values.size()) / in.shape.size();
    }
  }
  const Var y = function(std::span<const Var>(vars));
  Params<double> params(g);
  Tape<double> tape(params, {.rows = rows});
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!inputs[i].is_param) tape.set(vars[i], std::span<const double>(inputs[i].values));
  tape.forward(pass);
  const View<const double> out = tape.value(y);
  return {out.begin(), out.end()};
}

/// Element by element, absolute tolerance.
inline void expect_near(const std::vector<double>& got, const std::vector<double>& expected,
                        double tolerance = 1e-12) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], expected[i], tolerance) << "element " << i;
}

}  // namespace chainrule::testing
