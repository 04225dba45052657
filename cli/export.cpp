// chainrule export: a trained model as a file that other programs use without chainrule.
#include "cli/export.h"

#include <memory>
#include <vector>

#include "cli/args.h"
#include "cli/describe.h"
#include "cli/format.h"

namespace chainrule::cli {
namespace {

struct Format {
  std::string_view name, extension, about;
  void (*write)(const Model&, const std::filesystem::path&, const ExportFlags&, const Terminal&,
                JsonObject&);
};

const std::vector<Format>& export_formats() {
  static const std::vector<Format> all = {
      {"onnx", ".onnx",
       "the network as a graph of ONNX's operator set 17, for ONNX Runtime and others",
       export_onnx_file},
  };
  return all;
}

const Format& find_format(const std::string& name) {
  std::vector<std::string_view> names;
  for (const Format& f : export_formats()) {
    if (f.name == name) return f;
    names.push_back(f.name);
  }
  if (name.empty()) throw UsageError(cat("--to is missing: ", joined(names)));
  throw UsageError(cat("unknown format '", name, "' of --to", did_you_mean(name, names)));
}

int run_export(const ExportFlags& flags) {
  const Terminal out(flags.json ? stderr : stdout);
  const Format& format = find_format(flags.to);
  const std::filesystem::path path =
      flags.out.empty() ? std::filesystem::path(flags.model).replace_extension(format.extension)
                        : std::filesystem::path(flags.out);
  if (path == std::filesystem::path(flags.model))
    throw UsageError("-o names the model itself, which would be lost");
  const Model model = Model::load(flags.model);
  out.labelled("model", describe_model(model));
  JsonObject json;
  json.add("format", std::string(format.name)).add("file", path.string());
  format.write(model, path, flags, out, json);
  if (flags.json) Terminal(stdout).line(json.str());
  return kOk;
}

}  // namespace

Command export_command() {
  Command c;
  c.name = "export";
  c.usage = "MODEL --to FORMAT [flags]";
  c.summary = "write a trained model for programs that do not know chainrule";
  for (const Format& f : export_formats())
    c.notes.emplace_back(std::string(f.name), std::string(f.about));
  c.notes_title = "Formats";
  c.examples = "  chainrule export run/model.safetensors --to onnx -o m.onnx\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<ExportFlags>();
    args.positional("MODEL", &flags->model, "a file written by train");
    args.group("Output");
    args.flag("--to", "FORMAT", &flags->to, "see Formats below");
    args.flag("-o,--out", "FILE", &flags->out, "by default the model's name with another ending");
    args.flag("--json", "", &flags->json,
              "the result as one JSON object on standard output, all else on standard error");
    return [flags] { return run_export(*flags); };
  };
  return c;
}

}  // namespace chainrule::cli
