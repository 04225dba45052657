// The rows of a batch as an axis like any other: what numpy's functions need that mix them.
#include "chainrule/graph/op.h"
#include "chainrule/ops/nest.h"
#include "python/src/record.h"

namespace chainrule::python {
namespace {

/// [B, ...] -> [rows, ...], when B is `rows`. Memory is the same before and after.
struct Unbatch {
  inline static const OpDoc doc{
      "unbatch", {"x"}, "y = x, its rows an axis", {"dx = dy, its first axis rows"}};
  static constexpr bool kAssigns = true;
  static constexpr OpTraits traits{.reshapes = true};
  Index rows = 1;

  static void settings(auto& self, auto&& f) { f("rows", self.rows, kAnyNumber); }

  Shape infer(std::span<const Shape> in) const {
    if (!in[0].batched())
      throw ShapeError(cat("the input is ", in[0].str(), ", expected a batch axis"));
    std::vector<Index> dims{rows};
    dims.insert(dims.end(), in[0].dims().begin(), in[0].dims().end());
    return Shape(std::span<const Index>(dims));
  }

  template <class T>
  void forward(const Context<T>& c) const {
    if (c.rows() != rows)
      throw ShapeError(cat("unbatch was recorded for ", rows, " rows and runs with ", c.rows(),
                           ": an expression that mixes rows keeps their number"));
    chainrule::detail::spread(c.pool(), all(c.out().size()), c.out().data(), c.in(0).data(), true);
  }

  template <class T>
  void backward(const Context<T>& c) const {
    chainrule::detail::spread(c.pool(), all(c.dout().size()), c.din(0).data(), c.dout().data(),
                              c.first(0));
  }

 private:
  static chainrule::detail::Nest<2> all(Index elements) {
    chainrule::detail::Nest<2> loop;
    loop.axis(elements, {1, 1});
    return loop;
  }
};

}  // namespace

void bind_unbatch(py::module_& m) {
  m.def("unbatch", [](Index rows) {
    return OpHandle{std::make_shared<const chainrule::detail::OpModel<Unbatch>>(Unbatch{rows})};
  });
}

}  // namespace chainrule::python
