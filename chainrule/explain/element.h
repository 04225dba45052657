// One number of a gradient taken apart: which terms the chain rule added up, sample by sample.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chainrule/explain/explanation.h"
#include "chainrule/graph/tape.h"

namespace chainrule {

/// One element of one node.
struct Element {
  Var node;
  Index row = 0;     ///< of the batch; 0 for what is not batched
  Index offset = 0;  ///< within the row, in memory
  std::string name;  ///< "fc1.weight[37,12]"
};

/// Reads a name such as "fc1.weight[37,12]", "fc1.bias[3]", "relu1[5,37]" (row 5 of the batch,
/// unit 37) or "x[0,27,14]" (row 0, and with pictures of {28, 28} = `image` line and column).
/// Weights are indexed as PyTorch and model files do, [output, input]. Throws Error, with what was
/// probably meant.
Element find_element(const Graph& graph, std::string_view text, Index rows,
                     const Shape& image = {});

/// The name of an element, as find_element() reads it.
std::string element_name(Var node, Index row, Index offset);

/// upstream × local = amount.
struct GradientTerm {
  Index row = -1;          ///< of the batch; -1 for what belongs to no sample, such as a penalty
  std::string through;     ///< whose gradient the upstream is: "fc1[37]"
  std::string local_name;  ///< what the local derivative is, when it is another number of the
                           ///< graph: "x[12]"; "" otherwise
  double local = 0, upstream = 0;  ///< NaN when the term sums over several outputs
  double amount = 0;
};

struct ElementExplanation {
  std::string name;
  double value = 0;
  double gradient = 0;              ///< as the backward pass stored it
  std::vector<GradientTerm> terms;  ///< the largest first
  double sum = 0;                   ///< of the terms, in double
  double difference = 0;            ///< sum - gradient
  double magnitude = 0;             ///< sum of |term|: what rounding errors are measured against

  /// The operations from the first reader of the element up to the output.
  struct Above {
    std::string name, op, formula;  ///< formula: of the derivative by the input on this path
    double gradient_norm;
  };
  std::vector<Above> path;
};

/// Takes the gradient of one element apart. The tape must have run forward(pass) and
/// backward(output). Nothing is sampled or approximated: the terms are what the operations that
/// read the element give for one row of their upstream gradient at a time. T is float or double.
template <class T>
ElementExplanation explain_element(Tape<T>& tape, Var output, const Element& element,
                                   const Pass& pass = {});

extern template ElementExplanation explain_element(Tape<float>&, Var, const Element&, const Pass&);
extern template ElementExplanation explain_element(Tape<double>&, Var, const Element&, const Pass&);

}  // namespace chainrule
