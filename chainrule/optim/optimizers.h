// Every optimizer by its name, for command lines and files.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/optim/optimizer.h"

namespace chainrule {

/// Settings by name: {{"lr", 0.1}, {"momentum", 0.9}}. A setting that is a switch is 0 or 1.
using OptimizerSettings = std::map<std::string, double, std::less<>>;

/// "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "rprop".
std::vector<std::string_view> optimizer_names();

/// The optimizer of that name; what `settings` does not name keeps the rule's default. Throws
/// Error, with what was probably meant, for an unknown name or a setting that the rule lacks.
Optimizer make_optimizer(std::string_view name, const OptimizerSettings& settings = {});

}  // namespace chainrule
