#include "chainrule/explain/array_text.h"

#include <algorithm>
#include <vector>

#include "chainrule/explain/text.h"

namespace chainrule {
namespace {

constexpr std::size_t kWhole = 1000;
constexpr Index kEnds = 3;

class ArrayWriter {
 public:
  ArrayWriter(std::span<const double> values, std::span<const Index> shape)
      : values_(values), shape_(shape), shorten_(values.size() > kWhole) {
    visit(0, 0, [&](double x) { width_ = std::max(width_, detail::number_text(x).size()); });
  }

  std::string text() {
    write(0, 0);
    return text_;
  }

 private:
  bool shown(std::size_t axis, Index i) const {
    return !shorten_ || i < kEnds || i >= shape_[axis] - kEnds;
  }
  Index inner(std::size_t axis) const {
    Index n = 1;
    for (std::size_t a = axis + 1; a < shape_.size(); ++a) n *= shape_[a];
    return n;
  }

  template <class F>
  void visit(std::size_t axis, Index at, F f) const {
    if (axis == shape_.size()) return f(values_[static_cast<std::size_t>(at)]);
    for (Index i = 0; i < shape_[axis]; ++i)
      if (shown(axis, i)) visit(axis + 1, at + i * inner(axis), f);
  }

  void write(std::size_t axis, Index at) {
    if (axis == shape_.size()) {
      const std::string number = detail::number_text(values_[static_cast<std::size_t>(at)]);
      text_ += std::string(width_ - std::min(width_, number.size()), ' ') + number;
      return;
    }
    const bool last = axis + 1 == shape_.size();
    // Between matrices of more axes there is an empty line.
    const std::string between =
        last ? " " : std::string(shape_.size() - axis - 1, '\n') + std::string(axis + 1, ' ');
    text_ += '[';
    bool skipped = false;
    for (Index i = 0; i < shape_[axis]; ++i) {
      if (!shown(axis, i)) {
        if (!skipped) text_ += between + "…";
        skipped = true;
        continue;
      }
      if (i > 0) text_ += between;
      write(axis + 1, at + i * inner(axis));
    }
    text_ += ']';
  }

  std::span<const double> values_;
  std::span<const Index> shape_;
  bool shorten_;
  std::size_t width_ = 0;
  std::string text_;
};

}  // namespace

std::string array_text(std::span<const double> values, std::span<const Index> shape) {
  if (values.empty()) return "[]";
  return ArrayWriter(values, shape).text();
}

}  // namespace chainrule
