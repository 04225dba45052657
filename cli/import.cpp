// chainrule import: a network of another program as a model file.
#include <filesystem>
#include <memory>
#include <string>

#include "chainrule/core/json.h"
#include "chainrule/data/file.h"
#include "chainrule/data/file_kind.h"
#include "chainrule/io/model_file.h"
#include "chainrule/io/onnx_import.h"
#include "chainrule/io/tensor_import.h"
#include "cli/args.h"
#include "cli/describe.h"
#include "cli/format.h"
#include "cli/terminal.h"

namespace chainrule::cli {
namespace {

struct ImportFlags {
  std::string file, out, model, loss, classes;
  bool json = false;
};

std::vector<std::string> class_names(const std::string& list, const Model& model) {
  if (model.schema.task != Task::classification)
    throw UsageError("--classes is for a network of classes; this one gives numbers");
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    names.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  if (names.size() != model.schema.labels.size())
    throw UsageError(cat("--classes names ", names.size(), ", the network has ",
                         counted(static_cast<Index>(model.schema.labels.size()), "output class")));
  return names;
}

Model import_file(const ImportFlags& flags) {
  const data::Bytes bytes = data::read_file(flags.file);
  data::FileKind kind = data::file_kind(bytes, flags.file);
  // A damaged file is told what is wrong with what its name says it is.
  const std::string ending = std::filesystem::path(flags.file).extension().string();
  const bool known = kind == data::FileKind::onnx || kind == data::FileKind::safetensors;
  if (!known && kind != data::FileKind::foreign && ending == ".onnx") kind = data::FileKind::onnx;
  if (!known && ending == ".safetensors") kind = data::FileKind::safetensors;
  if (kind == data::FileKind::foreign)
    throw DataError(cat("'", flags.file, "' is ", data::how_to_convert(bytes)));
  if (kind == data::FileKind::onnx) {
    if (!flags.model.empty())
      throw UsageError("--model is for tensors without a network; an ONNX file has its own");
    return from_onnx(onnx::decode(std::as_bytes(std::span(bytes)), flags.file), flags.file,
                     {.loss = flags.loss});
  }
  if (kind != data::FileKind::safetensors)
    throw DataError(cat("'", flags.file, "' is neither an ONNX nor a safetensors file"));
  const SafeTensors content = parse_safetensors(std::as_bytes(std::span(bytes)), flags.file);
  if (!flags.model.empty())
    return model_from_tensors(content, flags.model, flags.file, {}, flags.loss);
  if (!content.metadata.contains("model"))
    throw UsageError(
        "tensors alone say nothing of the network between them; "
        "--model 'linear 50, relu, linear 10' does");
  return with_loss(read_model(content, flags.file), flags.loss);
}

int run_import(const ImportFlags& flags) {
  const Terminal out(flags.json ? stderr : stdout);
  if (flags.out.empty()) throw UsageError("-o FILE is missing: the model file to write");
  if (flags.out == flags.file) throw UsageError("-o names the file that is read");
  Model model = import_file(flags);
  if (!flags.classes.empty()) {
    model.schema.labels = class_names(flags.classes, model);
    model.schema.label_type = label_type_of(model.schema.labels);
  }
  note_picture(model);
  model.save(flags.out);
  out.labelled("model", describe_model(model));
  out.labelled("inputs", describe_sizes(model.features()));
  out.labelled("loss", model.options().loss);
  out.labelled("wrote", shell_word(flags.out));
  if (flags.json)
    Terminal(stdout).line(JsonObject()
                              .add("model", flags.out)
                              .add("text", model.text())
                              .add("loss", model.options().loss)
                              .add("parameters", model.params().trainable_count())
                              .add("outputs", model.outputs())
                              .str());
  return kOk;
}

}  // namespace

Command import_command() {
  Command c;
  c.name = "import";
  c.usage = "FILE -o MODEL [flags]";
  c.summary = "make a model of a network that another program trained";
  c.about =
      "Of an ONNX file the layers are found: a chain of linear layers, activations, norms, dropout "
      "and flatten, as PyTorch and others export it. What is no layer of a model is refused with "
      "its name. A safetensors file without a network, such as PyTorch's state_dict, needs "
      "--model; "
      "its tensors are named as the model's parameters (fc1.weight) or in the order of the layers "
      "(0.weight, 2.weight).\n"
      "The result is a model like any other: eval, predict, explain and check work on it.";
  c.examples =
      "  chainrule import m.onnx -o m.safetensors\n"
      "  chainrule import weights.safetensors --model 'linear 50, relu, linear 10' -o "
      "m.safetensors\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<ImportFlags>();
    args.positional("FILE", &flags->file, "a .onnx or .safetensors file");
    args.group("Network");
    args.flag("--model", "TEXT", &flags->model, "layers, as for train, of a file of tensors alone");
    args.flag("--loss", "NAME", &flags->loss,
              "to train and evaluate with; by default what suits the last layer");
    args.flag("--classes", "A,B,…", &flags->classes, "names of the classes; by default 0,1,…");
    args.group("Output");
    args.flag("-o,--out", "FILE", &flags->out, "the model file to write");
    args.flag("--json", "", &flags->json,
              "the result as one JSON object on standard output, all else on standard error");
    return [flags] { return run_import(*flags); };
  };
  return c;
}

}  // namespace chainrule::cli
