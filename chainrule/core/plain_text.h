// Texts that come from files, for a terminal.
#pragma once

#include <string>

namespace chainrule {

/// The text with each control character replaced by '?': what a file calls its tensors must not
/// command the terminal on which an error names them.
std::string without_controls(std::string text);

}  // namespace chainrule
