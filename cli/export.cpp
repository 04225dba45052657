// chainrule export: a trained model as a file that other programs use without chainrule.
#include "cli/export.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "cli/args.h"
#include "cli/describe.h"
#include "cli/format.h"
#include "cli/recipe.h"

namespace chainrule::cli {
namespace {

struct Format {
  std::string_view name, extension, about;
  void (*write)(const Model&, const std::filesystem::path&, const ExportFlags&, const Terminal&,
                JsonObject&);
  std::vector<std::string_view> flags;  ///< that only this format understands
};

const std::vector<Format>& export_formats() {
  static const std::vector<Format> all = {
      {"c",
       ".c",
       "one file of C99: constants and a function, no allocation, nothing beyond math.h; -o FILE.h "
       "makes a header, also for C++",
       export_c,
       {"--prefix", "--probabilities", "--int8", "--calibrate", "--calibration-rows", "--data",
        "--labels", "--missing", "--limit", "--data-seed"}},
      {"onnx",
       ".onnx",
       "a graph of ONNX's operator set 17, raw rows in and answers out, for ONNX Runtime and "
       "others",
       export_onnx_file,
       {"--features"}},
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

/// By the ending of the file that is to be written.
const Format& format_of_file(const std::filesystem::path& out) {
  std::string ending = out.extension().string();
  if (ending == ".h") ending = ".c";
  for (const Format& f : export_formats())
    if (f.extension == ending) return f;
  return find_format("");
}

void refuse_foreign_flags(const Args& args, const Format& format) {
  for (const Format& other : export_formats())
    for (const std::string_view flag : other.flags)
      if (args.given(flag) && std::ranges::find(format.flags, flag) == format.flags.end())
        throw UsageError(cat(flag, " belongs to --to ", other.name, ", not to --to ", format.name));
}

int run_export(const ExportFlags& flags, const Args& args) {
  const Terminal out(flags.json ? stderr : stdout);
  const Format& format = flags.to.empty() ? format_of_file(flags.out) : find_format(flags.to);
  refuse_foreign_flags(args, format);
  const std::filesystem::path path =
      flags.out.empty() ? std::filesystem::path(flags.model).replace_extension(format.extension)
                        : std::filesystem::path(flags.out);
  if (path == std::filesystem::path(flags.model))
    throw UsageError("-o names the model itself, which would be lost");
  const Model model = Model::load(model_file_of(flags.model));
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
  c.usage = "MODEL [--to FORMAT] [-o FILE] [flags]";
  c.summary = "write a trained model for programs that do not know chainrule";
  c.about =
      "With --int8 the linear layers of the C file compute in 8-bit integers: a quarter of the "
      "memory. --calibrate names the data whose training rows give each layer its range; test rows "
      "then say what it costs.";
  for (const Format& f : export_formats())
    c.notes.emplace_back(std::string(f.name), std::string(f.about));
  c.notes_title = "Formats";
  c.examples =
      "  chainrule export run/model.safetensors -o xor.c\n"
      "  chainrule export run/model.safetensors -o m.onnx\n"
      "  chainrule export run/model.safetensors --to c --int8 --calibrate mnist --data ~/mnist -o "
      "m8.c\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<ExportFlags>();
    args.positional("MODEL", &flags->model, "a file written by train");
    args.group("Output");
    args.flag("--to", "FORMAT", &flags->to,
              "see Formats below; by default that of the ending of -o");
    args.flag("-o,--out", "FILE", &flags->out, "by default the model's name with another ending");
    args.flag("--json", "", &flags->json,
              "the result as one JSON object on standard output, all else on standard error");
    args.group("C");
    args.flag("--prefix", "NAME", &flags->prefix,
              "of the functions: NAME_predict; by default the name of the file");
    args.flag("--probabilities", "", &flags->probabilities,
              "predict gives probabilities where the network gives logits");
    args.flag("--int8", "", &flags->int8, "weights and activations of 8 bits");
    args.flag("--calibrate", "DATA", &flags->calibrate.name,
              "as for train; also gives the rows of the self-test");
    args.flag("--calibration-rows", "N", &flags->calibration_rows, "how many to look at");
    args.group("ONNX");
    args.flag("--features", "", &flags->features,
              "the network alone, from scaled features to its outputs, instead of from raw rows to "
              "answers");
    args.group("Data");
    declare_data_flags(args, flags->calibrate, DataUse::look);
    return [flags, &args] { return run_export(*flags, args); };
  };
  return c;
}

}  // namespace chainrule::cli
