// A model as one file of C99: constants, a function, nothing else.
#pragma once

#include <span>
#include <string>

#include "chainrule/io/int8.h"
#include "chainrule/model/model.h"

namespace chainrule {

struct CCodeOptions {
  std::string prefix = "model";  ///< of every name that the linker sees: model_predict
  std::string source;            ///< what the first comment says it was made from; "": nothing
  bool probabilities = false;  ///< predict() ends with softmax or sigmoid where outputs are logits
  std::span<const float> test_rows =
      {};               ///< for the self-test, as the model expects them; none: made up
  bool header = false;  ///< for #include in any number of files of C and C++: all is static inline
  const Int8Network* int8 = nullptr;  ///< of the same model; none: everything in float
};

struct CCode {
  std::string text;
  Index flash = 0;  ///< bytes of constants that predict() needs
  Index ram = 0;    ///< bytes of static memory
};

/// The C file: PREFIX_predict(input, output) for one row, PREFIX_class() where the model tells
/// classes, PREFIX_pixels() or PREFIX_prepare() from raw data to input where the model knows how,
/// and main() with recorded rows if CHAINRULE_SELF_TEST is defined. Uses nothing but <math.h>, and
/// allocates nothing; of two threads, only one may call predict() at a time. Throws Error naming
/// what C code cannot hold, or a prefix that is no identifier; NumericError for parameters that are
/// not finite.
CCode c_code(const Model& model, const CCodeOptions& options = {});

}  // namespace chainrule
