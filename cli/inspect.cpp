// chainrule inspect: recognises a file by its content and shows what is in it.
#include "cli/inspect.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "chainrule/core/error.h"
#include "cli/args.h"
#include "cli/format.h"

namespace chainrule::cli {
namespace {

namespace fs = std::filesystem;

struct InspectFlags {
  std::string file;
  bool all = false, json = false;
};

using Inspector = void (*)(const InspectedFile&, Sheet&);

/// The header of a safetensors file: its length in 8 bytes, then JSON.
bool is_safetensors(std::string_view text) {
  std::uint64_t length = 0;
  if (text.size() < sizeof length + 2 || text[sizeof length] != '{') return false;
  std::memcpy(&length, text.data(), sizeof length);
  return length >> 32 == 0;
}

/// Two zeros, the type of the elements, the number of axes.
bool is_idx(std::string_view text) {
  return text.size() >= 4 && text[0] == 0 && text[1] == 0 && text[2] >= 0x08 && text[2] <= 0x0e &&
         text[3] > 0;
}

/// Protobuf of ONNX begins with the version of the representation: field 1, a small number.
bool is_onnx(std::string_view text) {
  return text.size() >= 4 && text[0] == 0x08 && text[1] > 0 && text[1] < 64;
}

/// No control character among the first bytes but those that text has.
bool is_text(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text.substr(0, 4096), [](char c) {
    return static_cast<unsigned char>(c) >= ' ' ? c != 0x7f : c == '\n' || c == '\r' || c == '\t';
  });
}

Inspector recognise(const InspectedFile& file) {
  const std::string_view text = file.text();
  const auto refuse = [&](const std::string& why) { throw DataError(cat(file.path, ": ", why)); };
  if (text.empty()) refuse("the file is empty");
  if (text.starts_with("\x93NUMPY")) return inspect_npy;
  if (text.starts_with("PK\x03\x04") || text.starts_with("PK\x05\x06")) {
    if (text.substr(0, 4096).find("data.pkl") != text.npos)
      refuse(
          "a pickle of PyTorch, which only Python can read; save the state_dict with "
          "safetensors.torch.save_file instead");
    return inspect_npz;
  }
  if (text.starts_with("\x89PNG") || text.starts_with("P2\n") || text.starts_with("P5\n"))
    return inspect_picture;
  if (is_safetensors(text)) return inspect_safetensors;
  if (is_cifar_batch(file.bytes)) return inspect_cifar;
  if (is_idx(text)) return inspect_idx;
  if (is_onnx(text)) return inspect_onnx;
  if (is_text(text)) return inspect_csv;
  refuse(
      "of no kind that is known here: no model, ONNX, IDX, CSV, npy, npz, PNG, PGM or CIFAR-10 "
      "file");
  return nullptr;
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
  Sheet sheet(out, flags.all);
  if (fs::is_directory(flags.file)) {
    inspect_folder(flags.file, sheet);
  } else {
    const InspectedFile file = open_file(flags.file);
    recognise(file)(file, sheet);
  }
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
      "safetensors, ONNX, IDX, CSV, npy, npz, PNG, PGM, a batch of CIFAR-10; plain or gzip. Of a "
      "folder the run, or the data set of MNIST or CIFAR-10, is shown. Nothing is changed.";
  c.examples =
      "  chainrule inspect run/model.safetensors\n"
      "  chainrule inspect run\n"
      "  chainrule inspect network.onnx --json | tail -n 1\n"
      "  chainrule inspect flowers.csv --all\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<InspectFlags>();
    args.positional("FILE", &flags->file, "a file or a folder");
    args.group("Output");
    args.flag("--all", "", &flags->all, "long lists to their end");
    args.flag("--json", "", &flags->json,
              "the content as one JSON object on standard output, all else on standard error");
    return [flags] { return run_inspect(*flags); };
  };
  return c;
}

}  // namespace chainrule::cli
