// Where the elements of weights lie in files.
#pragma once

#include <vector>

#include "chainrule/core/shape.h"

namespace chainrule {

/// Files keep weights as PyTorch does, the outputs first and then the inputs: [I, O] as [O, I],
/// filters [KH, KW, I, O] as [O, I, KH, KW]. Axes before the last two stay in order.
struct FileOrder {
  explicit FileOrder(const Shape& s)
      : outputs(s[s.rank() - 1]), inputs(s[s.rank() - 2]), each(s.size() / (inputs * outputs)) {
    dims = {outputs, inputs};
    dims.insert(dims.end(), s.dims().begin(), s.dims().end() - 2);
  }

  /// Place in a file of the element that lies at `at` in memory.
  Index in_file(Index at) const {
    const Index o = at % outputs, i = at / outputs % inputs, k = at / outputs / inputs;
    return (o * inputs + i) * each + k;
  }
  /// And the other way round.
  Index in_memory(Index at) const {
    const Index k = at % each, i = at / each % inputs, o = at / each / inputs;
    return (k * inputs + i) * outputs + o;
  }

  Index outputs, inputs, each;
  std::vector<Index> dims;  ///< in files
};

}  // namespace chainrule
