// The loss on given rows as a function of all parameters, for optimizers of other libraries.
#include <algorithm>
#include <cmath>

#include "chainrule/graph/tape.h"
#include "chainrule/train/feed.h"
#include "python/src/model.h"

namespace chainrule::python {
namespace {

/// In double, with parameters of its own; the model is read when this is made and changed by
/// apply() alone. Trainable parameters lie one after another.
class Objective {
 public:
  Objective(ModelHandle& model, const DataHandle& data, bool training, int threads)
      : model_(model),
        pool_(threads),
        params_(copied_params(model)),
        tape_(params_, {.rows = std::max<Index>(data.data.rows(), 1),
                        .pool = &pool_,
                        .input_gradients = false,
                        .outputs = {}}),
        pass_{.training = training} {
    const Feed feed(model.model, data.data);
    feed.check_targets();
    if (feed.rows() == 0) throw DataError("there are no rows to compute a loss of");
    feed(tape_, all_rows(data.data));
  }

  Array<double> start() const { return flat(params_.trainable()); }

  py::tuple operator()(const Array<double>& values) {
    const Usage::Hold hold(usage_, true, "the objective");
    check(values);
    std::copy_n(values.data(), values.size(), params_.trainable().begin());
    const Var loss = model_.model.loss();
    {
      const py::gil_scoped_release release;
      tape_.forward(pass_);
      tape_.backward(loss);
    }
    return py::make_tuple(static_cast<double>(tape_.value(loss)), flat(tape_.param_grads()));
  }

  void apply(const Array<double>& values) {
    const Usage::Hold hold(model_.usage, true, ModelHandle::kWhat);
    check(values);
    for (const double v : span_of(values))
      if (!std::isfinite(static_cast<float>(v)))
        throw NumericError("a parameter is not finite; the model stays as it was");
    std::transform(values.data(), values.data() + values.size(),
                   model_.model.params().trainable().begin(),
                   [](double v) { return static_cast<float>(v); });
  }

 private:
  static Array<double> flat(std::span<const double> values) {
    return copied(values, {std::ssize(values)});
  }
  static Params<double> copied_params(const ModelHandle& h) {
    const Usage::Hold hold(h.usage, false, ModelHandle::kWhat);
    Params<double> params(h.model.graph());
    std::ranges::copy(h.model.params().all(), params.all().begin());
    return params;
  }
  void check(const Array<double>& values) const {
    if (values.size() != std::ssize(params_.trainable()))
      throw ShapeError(cat("the objective was given ", values.size(), " numbers, the model has ",
                           std::ssize(params_.trainable()), " parameters"));
  }

  ModelHandle& model_;
  ThreadPool pool_;
  Params<double> params_;
  Tape<double> tape_;
  Pass pass_;
  Usage usage_;
};

}  // namespace

void bind_objective(py::module_& m) {
  py::class_<Objective>(m, "Objective")
      .def(py::init<ModelHandle&, const DataHandle&, bool, int>(), py::keep_alive<1, 2>())
      .def("start", &Objective::start)
      .def("__call__", &Objective::operator(), py::arg("values").noconvert())
      .def("apply", &Objective::apply, py::arg("values").noconvert());
}

}  // namespace chainrule::python
