// chainrule inspect: recognises a file by its content and shows what is in it.
#include "cli/inspect.h"

#include <algorithm>
#include <memory>

#include "chainrule/core/error.h"
#include "chainrule/data/file_kind.h"
#include "cli/args.h"
#include "cli/format.h"

namespace chainrule::cli {
namespace {

namespace fs = std::filesystem;

struct InspectFlags {
  std::string file;
  bool all = false, graph = false, json = false;
};

using Inspector = void (*)(const InspectedFile&, Sheet&);

Inspector recognise(const InspectedFile& file) {
  if (!file.bytes.empty() && is_cifar_batch(file.bytes)) return inspect_cifar;
  switch (data::file_kind(file.bytes, file.path)) {
    case data::FileKind::npy:
      return inspect_npy;
    case data::FileKind::npz:
      return inspect_npz;
    case data::FileKind::picture:
      return inspect_picture;
    case data::FileKind::safetensors:
      return inspect_safetensors;
    case data::FileKind::idx:
      return inspect_idx;
    case data::FileKind::onnx:
      return inspect_onnx;
    case data::FileKind::foreign:
      throw DataError(cat(file.path, ": ", data::how_to_convert(file.bytes)));
    case data::FileKind::unknown:
      throw DataError(cat(file.path,
                          ": of no kind that is known here: no model, ONNX, IDX, table, npy, npz, "
                          "picture or CIFAR-10 file"));
    default:
      return inspect_csv;
  }
}

InspectedFile open_file(const std::string& path) {
  InspectedFile file{.path = path, .bytes = data::read_file(path)};
  file.stored = file.bytes.size();
  file.gzip = file.text().starts_with("\x1f\x8b");
  if (file.gzip) file.bytes = data::gunzip(file.bytes, path);
  return file;
}

int run_inspect(const InspectFlags& flags) {
  const Terminal out(flags.json ? stderr : stdout);
  Sheet sheet(out, flags.all, flags.graph);
  if (fs::is_directory(flags.file)) {
    inspect_folder(flags.file, sheet);
  } else {
    const InspectedFile file = open_file(flags.file);
    recognise(file)(file, sheet);
  }
  if (sheet.graph_ignored())
    throw UsageError(cat("--graph is for models; '", flags.file, "' holds none"));
  sheet.print();
  if (flags.json) Terminal(stdout).line(sheet.json.str());
  return kOk;
}

}  // namespace

Command inspect_command() {
  Command c;
  c.name = "inspect";
  c.usage = "FILE [flags]";
  c.summary = "show what is in a model, checkpoint, ONNX or data file, or in the folder of a run";
  c.about =
      "The file is recognised by its content, not by its name: a model, a checkpoint, tensors in "
      "safetensors, ONNX, IDX, a table, npy, npz, a picture, a batch of CIFAR-10; plain or gzip. "
      "Of a "
      "folder the run, or the data set of MNIST or CIFAR-10, is shown. Nothing is changed.";
  c.examples =
      "  chainrule inspect run/model.safetensors\n"
      "  chainrule inspect run/model.safetensors --graph\n"
      "  chainrule inspect run\n"
      "  chainrule inspect network.onnx --json | tail -n 1\n"
      "  chainrule inspect flowers.csv --all\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<InspectFlags>();
    args.positional("FILE", &flags->file, "a file or a folder");
    args.group("Output");
    args.flag("--graph", "", &flags->graph,
              "the nodes of a model's graph: operation, settings, inputs, shape");
    args.flag("--all", "", &flags->all, "long lists to their end");
    args.flag("--json", "", &flags->json,
              "the content as one JSON object on standard output, all else on standard error");
    return [flags] { return run_inspect(*flags); };
  };
  return c;
}

}  // namespace chainrule::cli
