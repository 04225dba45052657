// Operations written in Python: an object with shape(), forward() and backward().
#include <map>

#include "python/src/record.h"

namespace chainrule::python {
namespace {

/// The document of a class of operations, kept for good.
const OpDoc& document(const std::string& name, const std::vector<std::string>& inputs,
                      const std::string& forward, const std::vector<std::string>& backward) {
  struct Entry {
    std::string name, forward;
    std::vector<std::string> inputs, backward;
    std::unique_ptr<OpDoc> doc;
  };
  static auto& all = *new std::map<std::string, Entry>;  // outlives the interpreter's end
  std::string key = name + '\n' + forward;
  for (const std::string& s : inputs) key += '\n' + s;
  for (const std::string& s : backward) key += '\n' + s;
  Entry& e = all[key];
  if (!e.doc) {
    e.name = name, e.forward = forward, e.inputs = inputs, e.backward = backward;
    e.doc = std::make_unique<OpDoc>(
        OpDoc{e.name, std::vector<std::string_view>(e.inputs.begin(), e.inputs.end()), e.forward,
              std::vector<std::string_view>(e.backward.begin(), e.backward.end())});
  }
  return *e.doc;
}

/// A copy for Python, which may keep it for longer than the tape lives.
template <class T>
py::array given(View<const T> v, const Shape& shape, Index rows) {
  py::array a = copied(std::span<const T>(v.span()), dims_of(shape, rows));
  a.attr("setflags")(py::arg("write") = false);
  return a;
}

class CustomOp final : public Op {
 public:
  CustomOp(py::object object, const OpDoc& doc) : object_(std::move(object)), doc_(doc) {}
  ~CustomOp() override {
    if (!Py_IsInitialized()) {
      object_.release();
      return;
    }
    const py::gil_scoped_acquire lock;
    object_ = py::object();
  }

  const OpDoc& doc() const override { return doc_; }
  /// The arguments of custom_op().
  py::tuple recipe() const {
    const auto texts = [](const auto& views) {
      return std::vector<std::string>(views.begin(), views.end());
    };
    return py::make_tuple(object_, std::string(doc_.name), texts(doc_.inputs),
                          std::string(doc_.forward), texts(doc_.backward));
  }

  Shape infer(std::span<const Shape> inputs) const override {
    const py::gil_scoped_acquire lock;
    py::list shapes;
    bool batched = false;
    for (const Shape& s : inputs) {
      shapes.append(py::tuple(py::cast(std::vector<Index>(s.dims().begin(), s.dims().end()))));
      batched |= s.batched();
    }
    const py::object result = object_.attr("shape")(*py::tuple(shapes));
    try {
      return shape_of(result.cast<std::vector<Index>>(), batched);
    } catch (const py::cast_error&) {
      throw ShapeError("shape() must return the axes of one row as a tuple of integers");
    }
  }

  void forward(const Context<float>& c) const override { run_forward(c); }
  void forward(const Context<double>& c) const override { run_forward(c); }
  void backward(const Context<float>& c) const override { run_backward(c); }
  void backward(const Context<double>& c) const override { run_backward(c); }

 private:
  /// What forward() or backward() returned, as an array of T with the expected shape.
  template <class T>
  Array<T> result(const py::handle& value, const Shape& shape, Index rows,
                  const std::string& what) const {
    using Converted = py::array_t<T, py::array::c_style | py::array::forcecast>;
    if (py::isinstance<py::none>(value))
      throw Error(cat("[", doc_.name, "] ", what, " returned None, expected an array"));
    const auto a = Converted::ensure(value);
    if (!a) {
      PyErr_Clear();
      throw Error(
          cat("[", doc_.name, "] ", what, " returned something that is no array of numbers"));
    }
    const auto dims = dims_of(shape, rows);
    const std::vector<py::ssize_t> got(a.shape(), a.shape() + a.ndim());
    if (got == dims) return a;
    const auto text = [](const std::vector<py::ssize_t>& d) {
      std::string s = "(";
      for (std::size_t i = 0; i < d.size(); ++i) s += cat(i ? ", " : "", d[i]);
      return s + (d.size() == 1 ? ",)" : ")");
    };
    throw ShapeError(
        cat("[", doc_.name, "] ", what, " returned shape ", text(got), ", expected ", text(dims)));
  }

  template <class T>
  py::list values(const Context<T>& c) const {
    py::list in;
    for (int i = 0; i < c.inputs(); ++i) in.append(given(c.in(i), c.in_shape(i), c.rows()));
    return in;
  }

  template <class T>
  void run_forward(const Context<T>& c) const {
    const py::gil_scoped_acquire lock;
    const py::object y = object_.attr("forward")(*py::tuple(values(c)));
    const Array<T> a = result<T>(y, c.out_shape(), c.rows(), "forward()");
    std::copy_n(a.data(), a.size(), c.out().data());
  }

  /// backward(dy, *inputs) gives the gradient of the input, or a tuple of one for each.
  template <class T>
  void run_backward(const Context<T>& c) const {
    const py::gil_scoped_acquire lock;
    py::list arguments = values(c);
    arguments.insert(0, given(c.dout(), c.out_shape(), c.rows()));
    py::object answer = object_.attr("backward")(*py::tuple(arguments));
    if (!py::isinstance<py::tuple>(answer) && !py::isinstance<py::list>(answer))
      answer = py::make_tuple(answer);
    const auto grads = answer.cast<py::sequence>();
    if (static_cast<int>(grads.size()) != c.inputs())
      throw Error(cat("[", doc_.name, "] backward() returned ", grads.size(),
                      grads.size() == 1 ? " gradient" : " gradients", ", expected ", c.inputs(),
                      ", one for each input"));
    for (int i = 0; i < c.inputs(); ++i) {
      if (!c.wants(i)) continue;
      const py::object g = grads[static_cast<std::size_t>(i)];
      const Array<T> a = result<T>(g, c.in_shape(i), c.rows(), "backward()");
      const View<T> dx = c.din(i);
      for (Index k = 0; k < dx.size(); ++k) dx[k] += a.data()[k];
    }
  }

  py::object object_;
  const OpDoc& doc_;
};

}  // namespace

py::object custom_recipe(const Op& op) {
  if (const auto* custom = dynamic_cast<const CustomOp*>(&op)) return custom->recipe();
  return py::none();
}

void bind_custom(py::module_& m) {
  m.def("custom_op",
        [](py::object object, const std::string& name, const std::vector<std::string>& inputs,
           const std::string& forward, const std::vector<std::string>& backward) {
          return OpHandle{std::make_shared<CustomOp>(std::move(object),
                                                     document(name, inputs, forward, backward))};
        });
}

}  // namespace chainrule::python
