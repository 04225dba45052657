// Models: made, saved, loaded, applied, explained.
#include "python/src/model.h"

#include <cmath>
#include <cstring>

#include "chainrule/compare/compare.h"
#include "chainrule/data/array_rows.h"
#include "chainrule/explain/element.h"
#include "chainrule/explain/explanation.h"
#include "chainrule/explain/model_run.h"
#include "chainrule/io/model_file.h"
#include "chainrule/io/schema_json.h"
#include "chainrule/model/layer_table.h"
#include "chainrule/picture/border.h"
#include "chainrule/picture/curves.h"
#include "chainrule/picture/model_page.h"
#include "chainrule/train/evaluate.h"

namespace chainrule::python {
namespace {

using Hold = Usage::Hold;
using Floats = Array<float>;

/// `targets` are int32 classes [N] or float32 [N, K]; names tell which.
std::unique_ptr<DataHandle> make_data(Floats features, const py::object& targets,
                                      std::vector<std::string> names, bool classes,
                                      const py::object& weights) {
  auto handle = std::make_unique<DataHandle>();
  Dataset& d = handle->data;
  std::vector<Index> dims(features.shape() + 1, features.shape() + features.ndim());
  d.features = shape_of(dims);
  d.borrowed = span_of(features);
  if (dims.size() == 2) d.image = d.features;
  handle->features = std::move(features);
  if (classes) {
    const auto a = targets.cast<Array<std::int32_t>>();
    d.classes.assign(a.data(), a.data() + a.size());
    d.class_names = std::move(names);
  } else if (!targets.is_none()) {
    const auto a = targets.cast<Floats>();
    d.targets.assign(a.data(), a.data() + a.size());
    d.target_names = std::move(names);
  }
  if (!weights.is_none()) {
    const auto a = weights.cast<Floats>();
    d.weights.assign(a.data(), a.data() + a.size());
  }
  d.validate();
  return handle;
}

std::unique_ptr<ModelHandle> make_model(const std::string& text, const std::vector<Index>& features,
                                        const std::string& loss, const std::string& init,
                                        std::uint64_t seed, std::map<std::string, double> l1,
                                        std::map<std::string, double> l2, double label_smoothing) {
  return std::make_unique<ModelHandle>(ModelHandle{Model(text, shape_of(features),
                                                         {.loss = loss,
                                                          .init = init,
                                                          .seed = seed,
                                                          .l1 = std::move(l1),
                                                          .l2 = std::move(l2),
                                                          .label_smoothing = label_smoothing})});
}

/// [I, O] and so on: as in memory, not as in a file.
py::dict weights(const ModelHandle& h) {
  const Hold hold(h.usage, false, ModelHandle::kWhat);
  py::dict all;
  const Graph& graph = h.model.graph();
  for (const int id : graph.params()) {
    const Var v = graph.var(id);
    const View<const float> values = h.model.params()[v];
    all[py::str(v.name())] = copied(std::span<const float>(values.span()), dims_of(v.shape(), 1));
  }
  return all;
}

void set_weight(ModelHandle& h, const std::string& name, const Floats& value) {
  const Hold hold(h.usage, true, ModelHandle::kWhat);
  const Graph& graph = h.model.graph();
  const Var v = graph.find(name);
  if (graph.node(v).kind != NodeKind::param) throw Error(cat("'", name, "' is not a parameter"));
  const std::vector<py::ssize_t> got(value.shape(), value.shape() + value.ndim());
  if (got != dims_of(v.shape(), 1))
    throw ShapeError(cat("'", name, "' is ", v.shape().str(), ", the array has another shape"));
  for (const float x : span_of(value))
    if (!std::isfinite(x))
      throw DataError(cat("'", name, "' was given a number that is not finite"));
  const View<float> to = h.model.params()[v];
  std::copy_n(value.data(), value.size(), to.data());
}

/// Few rows are done before other threads have woken up.
int threads_for(const ModelHandle& h, Index rows, int threads) {
  const Index work = rows * static_cast<Index>(h.model.params().trainable_count());
  return threads == 0 && work < (1 << 20) ? 1 : threads;
}

void check_finite(std::span<const float> x, Index width) {
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!std::isfinite(x[i]))
      throw DataError(cat("row ", static_cast<Index>(i) / width, ", feature ",
                          static_cast<Index>(i) % width, " is ", x[i],
                          ", expected a finite number"));
}

/// Raw rows of an array as features: the array itself where nothing is to be done.
Floats prepare(const ModelHandle& h, const Floats& x, const std::string& element) {
  const Hold hold(h.usage, false, ModelHandle::kWhat);
  const Schema& schema = h.model.schema;
  const ElementType given = element == "byte"    ? ElementType::byte
                            : element == "whole" ? ElementType::whole
                                                 : ElementType::real;
  if (data::are_features(schema, given)) return x;
  Floats features = copied(span_of(x), {x.shape(), x.shape() + x.ndim()});
  std::vector<std::string> notes;
  data::prepare_numbers(
      schema, given, {features.mutable_data(), static_cast<std::size_t>(features.size())}, notes);
  warn(notes);
  return features;
}

/// Numbers [N, K] in the unit of the targets as what the network learns.
Floats scale_targets(const ModelHandle& h, const Floats& y) {
  const std::vector<Target>& targets = h.model.schema.targets;
  const auto plain = [](const Target& t) { return t.offset == 0 && t.scale == 1; };
  const auto width = static_cast<std::size_t>(y.ndim() == 2 ? y.shape(1) : 1);
  if (width != targets.size() || std::ranges::all_of(targets, plain)) return y;
  Floats scaled = copied(span_of(y), {y.shape(), y.shape() + y.ndim()});
  float* to = scaled.mutable_data();
  for (std::size_t i = 0; i < static_cast<std::size_t>(y.size()); ++i) {
    const Target& t = targets[i % width];
    to[i] = static_cast<float>((static_cast<double>(to[i]) - t.offset) / t.scale);
  }
  return scaled;
}

/// (values [N, outputs], classes [N] or None)
py::tuple predict_rows(const ModelHandle& h, const Floats& x, int threads) {
  const Hold hold(h.usage, false, ModelHandle::kWhat);
  Predictions p;
  {
    const Index rows = x.ndim() == 0 ? 0 : x.shape(0);
    const py::gil_scoped_release release;
    check_finite(span_of(x), h.model.features().size());
    p = predict(h.model, span_of(x), {.threads = threads_for(h, rows, threads)});
  }
  const Floats values =
      copied(std::span<const float>(p.values.span()), {p.values.rows(), p.values.cols()});
  if (h.model.schema.task != Task::classification) return py::make_tuple(values, py::none());
  return py::make_tuple(values, copied(p.classes));
}

py::dict evaluate_rows(const ModelHandle& h, const DataHandle& data, Index top_k, int threads) {
  const Hold hold(h.usage, false, ModelHandle::kWhat);
  Evaluation e;
  {
    const py::gil_scoped_release release;
    e = evaluate(h.model, data.data,
                 {.top_k = top_k, .threads = threads_for(h, data.data.rows(), threads)});
  }
  py::dict d;
  d["rows"] = e.rows, d["loss"] = e.loss;
  py::list targets;
  for (const TargetScore& t : e.targets) {
    py::dict one;
    one["name"] = t.name;
    if (h.model.schema.task == Task::multilabel) {
      one["accuracy"] = t.accuracy, one["auc"] = t.auc, one["precision"] = t.precision;
      one["recall"] = t.recall, one["f1"] = t.f1, one["rows"] = t.yes;
    } else {
      one["rmse"] = t.rmse, one["mae"] = t.mae, one["r2"] = t.r2;
    }
    targets.append(one);
  }
  if (h.model.schema.task == Task::multilabel && !data.data.has_classes()) {
    d["accuracy"] = e.accuracy, d["hamming_loss"] = e.hamming_loss, d["auc"] = e.auc;
    d["micro_f1"] = e.micro_f1, d["macro_f1"] = e.macro_f1, d["targets"] = targets;
    return d;
  }
  if (!data.data.has_classes()) {
    d["mse"] = e.mse, d["rmse"] = e.rmse, d["mae"] = e.mae, d["r2"] = e.r2;
    d["median_error"] = e.median_error, d["error_90"] = e.error_90, d["targets"] = targets;
    return d;
  }
  d["balanced_accuracy"] = e.balanced_accuracy, d["matthews"] = e.matthews;
  d["auc"] = e.auc, d["average_precision"] = e.average_precision, d["log_loss"] = e.log_loss;
  d["accuracy"] = e.accuracy, d["top_k_accuracy"] = e.top_k_accuracy, d["top_k"] = e.top_k;
  const Index n = e.confusion.classes();
  d["confusion"] = copied(e.confusion.counts(), {n, n});
  d["svg"] = confusion_svg(e.confusion, h.model.schema.labels);
  return d;
}

Explanation explain_model(const ModelHandle& h, const DataHandle& data, bool training) {
  const Hold hold(h.usage, false, ModelHandle::kWhat);
  const py::gil_scoped_release release;
  ModelRun<double> run(h.model, data.data, all_rows(data.data), {.training = training});
  return explain(run.tape(), h.model.loss(),
                 {.pass = run.pass(), .check = false, .max_jacobian = 0, .max_values = 4096});
}

ElementExplanation explain_number(const ModelHandle& h, const DataHandle& data,
                                  const std::string& name, bool training) {
  const Hold hold(h.usage, false, ModelHandle::kWhat);
  ModelRun<double> run(h.model, data.data, all_rows(data.data), {.training = training});
  const Element element = find_element(h.model.graph(), name, run.rows(), h.model.schema.picture());
  return explain_element(run.tape(), h.model.loss(), element, run.pass());
}

std::string page_of(const ModelHandle& h, const DataHandle& data) {
  const Hold hold(h.usage, false, ModelHandle::kWhat);
  return model_page(h.model, data.data, {.batch = data.data.rows(), .steps = 0});
}

/// Gradients of the loss by the trainable parameters, as in memory; and of the named operations.
py::dict gradients(const ModelHandle& h, const DataHandle& data, bool training) {
  const Hold hold(h.usage, false, ModelHandle::kWhat);
  ModelRun<double> run(h.model, data.data, all_rows(data.data), {.training = training});
  py::dict all;
  const Graph& graph = h.model.graph();
  for (const int id : graph.params()) {
    const Var v = graph.var(id);
    if (!graph.node(id).param_options.trainable) continue;
    all[py::str(v.name())] =
        copied(std::span<const double>(run.tape().grad(v).span()), dims_of(v.shape(), 1));
  }
  return all;
}

py::dict compare_gradients(const ModelHandle& h, const DataHandle& data, const py::dict& arrays,
                           bool training) {
  const std::vector<data::NpzArray> given = given_arrays(arrays);
  Comparison c;
  {
    const Hold hold(h.usage, false, ModelHandle::kWhat);
    c = compare(h.model, data.data, given, {.pass = {.training = training}});
  }
  return comparison_dict(c);
}

/// (rule, steps, slots), as set_kept_optimizer() takes it; or None.
py::object kept_optimizer(const ModelHandle& h) {
  if (!h.optimizer) return py::none();
  const OptimizerState<float>& state = h.optimizer->state;
  py::list slots;
  for (const Buffer<float>& slot : state.slots)
    slots.append(copied(std::span<const float>(slot.span()), {slot.size()}));
  return py::make_tuple(h.optimizer->rule, state.step, slots);
}

void set_kept_optimizer(ModelHandle& h, const py::object& given) {
  const Hold hold(h.usage, true, ModelHandle::kWhat);
  h.optimizer.reset();
  if (given.is_none()) return;
  const auto t = given.cast<py::tuple>();
  KeptOptimizer kept{t[0].cast<std::string>(), {}};
  kept.state.step = t[1].cast<std::int64_t>();
  for (const py::handle& slot : t[2].cast<py::list>()) {
    const auto a = slot.cast<Floats>();
    std::ranges::copy(span_of(a), kept.state.slots.emplace_back(a.size()).begin());
  }
  h.optimizer = std::move(kept);
}

}  // namespace

std::vector<data::NpzArray> given_arrays(const py::dict& arrays) {
  std::vector<data::NpzArray> given;
  for (const auto& [name, value] : arrays) {
    const auto a = value.cast<Array<double>>();
    data::NpzArray one;
    one.name = name.cast<std::string>();
    one.array.item_size = 8;
    one.array.shape.assign(a.shape(), a.shape() + a.ndim());
    one.array.bytes.resize(static_cast<std::size_t>(a.size()) * sizeof(double));
    if (a.size() > 0) std::memcpy(one.array.bytes.data(), a.data(), one.array.bytes.size());
    given.push_back(std::move(one));
  }
  return given;
}

py::dict comparison_dict(const Comparison& c) {
  py::list causes, verdicts;
  for (const Cause& cause : c.causes)
    causes.append(py::make_tuple(cause.at, cause.kind, cause.advice));
  for (const ArrayVerdict& a : c.arrays) {
    py::dict d;
    d["name"] = a.name, d["equal"] = a.equal, d["corrected"] = a.corrected;
    d["max_difference"] = a.max_difference, d["max_gradient"] = a.max_gradient;
    d["tolerance"] = a.tolerance, d["ratio"] = a.ratio, d["cosine"] = a.cosine, d["note"] = a.note;
    verdicts.append(d);
  }
  py::dict d;
  d["equal"] = c.equal, d["first"] = c.first, d["explained"] = c.explained;
  d["causes"] = causes, d["arrays"] = verdicts;
  d["conventions"] = c.conventions, d["not_given"] = c.not_given, d["unknown"] = c.unknown;
  d["between"] = c.unexplained ? c.unexplained->between : std::string();
  return d;
}

void bind_model(py::module_& m) {
  py::class_<DataHandle>(m, "Data")
      .def(py::init(&make_data), py::arg("features").noconvert(), py::arg("targets"),
           py::arg("names"), py::arg("classes"), py::arg("weights"))
      .def_property_readonly("rows", [](const DataHandle& d) { return d.data.rows(); });
  py::class_<ModelHandle>(m, "RawModel")
      .def(py::init(&make_model))
      .def_property_readonly("text", [](const ModelHandle& h) { return h.model.text(); })
      .def_property_readonly("loss", [](const ModelHandle& h) { return h.model.options().loss; })
      .def_property_readonly(
          "features",
          [](const ModelHandle& h) {
            const auto dims = h.model.features().dims();
            return py::tuple(py::cast(std::vector<Index>(dims.begin(), dims.end())));
          })
      .def_property_readonly("outputs", [](const ModelHandle& h) { return h.model.outputs(); })
      .def_property_readonly("class_target",
                             [](const ModelHandle& h) { return h.model.class_target(); })
      .def_property_readonly(
          "parameters", [](const ModelHandle& h) { return h.model.params().trainable_count(); })
      .def_property(
          "schema", [](const ModelHandle& h) { return schema_text(h.model.schema); },
          [](ModelHandle& h, const std::string& text) {
            h.model.schema = parse_schema(text);
            check_schema_of(h.model, "the schema");
          })
      .def("adopt",
           [](ModelHandle& h, const std::string& text) {
             h.model.adopt(parse_schema(text));
             check_schema_of(h.model, "the schema");
           })
      .def_property_readonly("threshold",
                             [](const ModelHandle& h) { return h.model.schema.threshold; })
      .def("prepare", &prepare, py::arg("x").noconvert(), py::arg("element"))
      .def("scale_targets", &scale_targets, py::arg("y").noconvert())
      .def("weights", &weights)
      .def_property_readonly("transposed_in_files",
                             [](const ModelHandle& h) {
                               std::vector<std::string> names;
                               for (const int id : h.model.graph().params()) {
                                 const Node& n = h.model.graph().node(id);
                                 if (n.param_options.file_layout == FileLayout::transposed)
                                   names.push_back(n.name);
                               }
                               return names;
                             })
      .def("set_weight", &set_weight)
      .def("predict", &predict_rows, py::arg("x").noconvert(), py::arg("threads") = 0)
      .def("evaluate", &evaluate_rows)
      .def("explain", &explain_model)
      .def("explain_number", &explain_number)
      .def("page", &page_of)
      .def("gradients", &gradients)
      .def("compare", &compare_gradients)
      .def("border",
           [](const ModelHandle& h, const DataHandle& d, const std::string& title) {
             return border_picture(h.model, d.data, title).str();
           })
      .def("save",
           [](const ModelHandle& h, const std::string& path) {
             const Hold hold(h.usage, false, ModelHandle::kWhat);
             h.model.save(path);
           })
      .def_property("optimizer", &kept_optimizer, &set_kept_optimizer);
  m.def("check_text", [](const std::string& text) { parse_model(text); });
  m.def("loss_names", &loss_names);
  m.def("layer_names", &layer_names);
}

}  // namespace chainrule::python
