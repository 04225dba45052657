// What the formats of `chainrule export` share.
#pragma once

#include <filesystem>
#include <string>

#include "chainrule/core/json.h"
#include "chainrule/model/model.h"
#include "cli/terminal.h"

namespace chainrule::cli {

struct ExportFlags {
  std::string model, to, out;
  bool json = false;
};

/// A format writes `model` to `path`, says what people want to know, and adds the same to `json`.
void export_onnx_file(const Model& model, const std::filesystem::path& path,
                      const ExportFlags& flags, const Terminal& out, JsonObject& json);

}  // namespace chainrule::cli
