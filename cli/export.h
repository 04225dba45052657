// What the formats of `chainrule export` share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "chainrule/core/json.h"
#include "chainrule/model/model.h"
#include "cli/load_data.h"
#include "cli/terminal.h"

namespace chainrule::cli {

struct ExportFlags {
  std::string model, to, out;
  // C
  std::string prefix;
  bool probabilities = false, int8 = false;
  bool features = false;  ///< ONNX: without the schema
  DataFlags calibrate;
  std::int64_t calibration_rows = 1000;
  bool json = false;
};

/// A format writes `model` to `path`, says what people want to know, and adds the same to `json`.
void export_c(const Model& model, const std::filesystem::path& path, const ExportFlags& flags,
              const Terminal& out, JsonObject& json);
void export_onnx_file(const Model& model, const std::filesystem::path& path,
                      const ExportFlags& flags, const Terminal& out, JsonObject& json);

}  // namespace chainrule::cli
