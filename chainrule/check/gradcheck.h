// The gradient check: proof that a backward pass is the derivative of its forward pass.
#pragma once

#include <array>
#include <functional>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "chainrule/core/shape.h"
#include "chainrule/graph/graph.h"
#include "chainrule/graph/tape.h"

namespace chainrule {

/// One input of the function under test. `{4, 7}` is a batch of 4 rows of 7 numbers.
struct Argument {
  Argument(std::initializer_list<Index> dims) : dims(dims) {}
  /// A node without batch axis, like a weight.
  static Argument param(std::initializer_list<Index> dims);
  /// `rows` class indices below `classes`.
  static Argument classes(Index rows, Index classes);
  /// The same with values drawn from [low, high) instead of [-2, 2).
  Argument in(double low, double high) const;
  /// One-hot rows (a constant for the check; the gradient is not compared with zero).
  Argument fixed(std::vector<double> values) const;

  std::vector<Index> dims;  ///< the batch first, unless is_param
  bool is_param = false;
  Index class_count = 0;
  double low = -2, high = 2;
  std::vector<double> values;  ///< not empty: used as they are
};

struct GradcheckOptions {
  double tolerance = 1e-6;        ///< greatest relative error in double
  double float_tolerance = 2e-3;  ///< greatest error of float, relative to the largest element
  bool training = true;           ///< pass mode (dropout drops, batch statistics)
  bool allow_zero = false;        ///< the gradient may be zero everywhere
  bool fixed_rows = false;        ///< the graph is for that number of rows alone
  std::uint64_t seed = 1;
  Index max_elements = std::numeric_limits<Index>::max();  ///< per input; more: a random choice
};

/// What the check found for one input or parameter.
struct GradcheckEntry {
  std::string name;
  Shape shape;
  Index checked = 0;     ///< elements compared
  Index resampled = 0;   ///< elements that were drawn again because they lay at a kink
  double max_error = 0;  ///< greatest relative error
  double mean_abs_error = 0;
  double max_gradient = 0;
};

struct GradcheckReport {
  std::string failure;  ///< "" or what is wrong, and where
  std::vector<GradcheckEntry> entries;
  double max_error() const;
  explicit operator bool() const { return failure.empty(); }
};

/// Builds a graph from inputs of the given kinds and proves its backward pass: each element of
/// each input and parameter against central differences in double, for a random upstream gradient,
/// relative error |a-n| / max(|a|, |n|, 1e-3 max|gradient|, 1e-6) at most `tolerance`; kinks are
/// resampled; forward must write every element and backward add to what is there; inputs, upstream
/// gradient and guard words stay as they are; the same bits come out of a second run, of 8 threads,
/// and of a batch smaller than the tape; float agrees with double; and functions of two inputs of
/// one shape are checked with the same Var twice.
GradcheckReport gradcheck_function(const std::function<Var(std::span<const Var>)>& function,
                                   const std::vector<Argument>& arguments,
                                   const GradcheckOptions& options = {});

/// The same for an existing graph: `set_inputs` fills the tape's inputs for `rows` rows. Checks
/// `params`' parameters only, at their present values, which are restored.
GradcheckReport gradcheck_model(Params<double>& params, Var output, Index rows,
                                const std::function<void(Tape<double>&)>& set_inputs,
                                const GradcheckOptions& options = {});

/// `gradcheck([](Var x) { return relu(x); }, {{4, 7}})`: one argument for each parameter of the
/// function, or a function of std::span<const Var>.
template <class F>
GradcheckReport gradcheck(F function, const std::vector<Argument>& arguments,
                          const GradcheckOptions& options = {}) {
  return gradcheck_function(
      [&](std::span<const Var> v) -> Var {
        if constexpr (std::is_invocable_v<F, std::span<const Var>>)
          return function(v);
        else if constexpr (std::is_invocable_v<F, Var>)
          return function(v[0]);
        else if constexpr (std::is_invocable_v<F, Var, Var>)
          return function(v[0], v[1]);
        else if constexpr (std::is_invocable_v<F, Var, Var, Var>)
          return function(v[0], v[1], v[2]);
        else if constexpr (std::is_invocable_v<F, Var, Var, Var, Var>)
          return function(v[0], v[1], v[2], v[3]);
        else
          return function(v[0], v[1], v[2], v[3], v[4]);
      },
      arguments, options);
}

}  // namespace chainrule
