// Which operations a network in C computes, in which order and in which memory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chainrule/model/model.h"

namespace chainrule {

/// Memory that holds values only while they are needed.
struct CScratch {
  std::string declarations;  ///< of the arrays, each with a name
  Index bytes = 0;
};

/// Memory for a chain of arrays, of which each is needed only from when it is written until the
/// next one has been: a[0] is read to write a[1], and so on. Its bytes are the least that suffices,
/// the largest sum of two neighbours. The arrays are NAME<first>, NAME<first + 1>, ...
CScratch c_scratch(const std::vector<Index>& sizes, std::string_view type, Index element,
                   std::string_view name, int first);

/// One operation: the array of each of its inputs that is computed ("" for a parameter or a
/// constant), and the array that it writes, which may be one that it reads.
struct CStep {
  int node;
  std::vector<std::string> from;
  std::string to;
};

struct CPlan {
  std::vector<CStep> steps;
  CScratch scratch;  ///< of the arrays beside "input" and "output"
};

/// The operations between a model's input and its output. Those that do nothing in inference,
/// dropout and reshape, are left out. Throws Error naming an operation that C code cannot hold.
CPlan c_plan(const Model& model);

/// The operations of a model that is a chain: each reads what the one before it computed, and
/// parameters. Throws Error for any other.
std::vector<int> c_chain(const Model& model);

}  // namespace chainrule
