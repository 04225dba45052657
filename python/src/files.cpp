// Models to and from the files of other programs.
#include <cmath>
#include <cstring>
#include <filesystem>
#include <optional>

#include "chainrule/files/atomic_file.h"
#include "chainrule/io/c_code.h"
#include "chainrule/io/c_text.h"
#include "chainrule/io/model_file.h"
#include "chainrule/io/onnx_export.h"
#include "chainrule/io/onnx_import.h"
#include "chainrule/io/tensor_import.h"
#include "python/src/model.h"

namespace chainrule::python {
namespace {

using Hold = Usage::Hold;
using Floats = Array<float>;
using Path = std::filesystem::path;

std::span<const float> finite_rows(const Model& model, const Floats& x) {
  if (x.size() == 0) throw DataError("there are no rows to take the ranges of 8-bit numbers from");
  for (const float v : span_of(x))
    if (!std::isfinite(v)) throw DataError("a row has a number that is not finite");
  if (x.size() % model.features().size() != 0)
    throw ShapeError("the rows do not have the model's features");
  return span_of(x);
}

/// `rows8` [N, features...] or empty: everything in float.
py::dict export_c(const ModelHandle& h, const std::string& path, std::string prefix,
                  bool probabilities, const std::optional<Floats>& rows8) {
  const Hold hold(h.usage, false, ModelHandle::kWhat);
  if (prefix.empty()) prefix = c_text::identifier(Path(path).stem().string());
  CCode code;
  {
    const py::gil_scoped_release release;
    CCodeOptions options{.prefix = prefix, .source = {}, .probabilities = probabilities};
    std::optional<Int8Network> net;
    if (rows8) {
      constexpr Index kSelfTestRows = 3;
      const std::span<const float> rows = finite_rows(h.model, *rows8);
      net.emplace(h.model, rows);
      options.int8 = &*net;
      const auto numbers = static_cast<std::size_t>(kSelfTestRows * h.model.features().size());
      options.test_rows = rows.first(std::min(rows.size(), numbers));
    }
    code = c_code(h.model, options);
    write_file(path, code.text);
  }
  py::dict d;
  d["format"] = "c", d["prefix"] = prefix;
  d["flash"] = code.flash, d["ram"] = code.ram;
  return d;
}

py::dict export_onnx_file(const ModelHandle& h, const std::string& path, bool features) {
  const Hold hold(h.usage, false, ModelHandle::kWhat);
  const onnx::File file = features ? to_onnx(h.model) : to_onnx_of_rows(h.model);
  write_file(path, onnx::encode(file));
  py::dict d;
  d["format"] = "onnx", d["opset"] = file.opset;
  py::list inputs, outputs;
  for (const onnx::Port& port : file.inputs) inputs.append(port.name);
  for (const onnx::Port& port : file.outputs) outputs.append(port.name);
  d["inputs"] = inputs, d["outputs"] = outputs;
  return d;
}

std::unique_ptr<ModelHandle> imported(Model model) {
  note_picture(model);
  return std::make_unique<ModelHandle>(ModelHandle{std::move(model)});
}

/// A network that the file describes, or tensors for the network that `text` describes.
std::unique_ptr<ModelHandle> load(const std::string& path, const std::string& text,
                                  const std::string& loss) {
  const std::string ending = Path(path).extension().string();
  if (ending == ".onnx") {
    if (!text.empty())
      throw Error("a model text is for tensors without a network; an ONNX file has its own");
    return imported(import_onnx(path, {.loss = loss}));
  }
  const SafeTensors content = read_safetensors(path);
  if (!text.empty()) return imported(model_from_tensors(content, text, path, {}, loss));
  if (!content.metadata.contains("model"))
    throw Error(cat("'", path,
                    "' has tensors alone, which say nothing of the network between them; "
                    "model='linear 50, relu, linear 10' does"));
  return std::make_unique<ModelHandle>(ModelHandle{with_loss(read_model(content, path), loss)});
}

template <class T>
SafeTensor tensor_of(const std::string& name, DType dtype, const py::handle& value) {
  const auto a = value.cast<Array<T>>();
  SafeTensor t{.name = name, .dtype = dtype, .shape = {}, .bytes = {}};
  t.shape.assign(a.shape(), a.shape() + a.ndim());
  t.bytes.resize(static_cast<std::size_t>(a.nbytes()));
  if (!t.bytes.empty()) std::memcpy(t.bytes.data(), a.data(), t.bytes.size());
  return t;
}

/// Arrays of float32, float64 or int64 by name, such as PyTorch's state_dict.
std::unique_ptr<ModelHandle> from_tensors(const py::dict& arrays, const std::string& text,
                                          const std::string& loss) {
  SafeTensors content;
  for (const auto& [key, value] : arrays) {
    const auto name = key.cast<std::string>();
    if (py::isinstance<Floats>(value))
      content.tensors.push_back(tensor_of<float>(name, DType::f32, value));
    else if (py::isinstance<Array<double>>(value))
      content.tensors.push_back(tensor_of<double>(name, DType::f64, value));
    else
      content.tensors.push_back(tensor_of<std::int64_t>(name, DType::i64, value));
  }
  return imported(model_from_tensors(content, text, "the dictionary", {}, loss));
}

}  // namespace

void bind_files(py::module_& m) {
  m.def("export_c", &export_c, py::arg("model"), py::arg("path"), py::arg("prefix"),
        py::arg("probabilities"), py::arg("rows8").none(true));
  m.def("export_onnx", &export_onnx_file);
  m.def("load", &load);
  m.def("from_tensors", &from_tensors);
}

}  // namespace chainrule::python
