// Derivatives of losses that are wrong in themselves.
#include <algorithm>
#include <cmath>
#include <vector>

#include "chainrule/compare/mistakes.h"
#include "chainrule/core/error.h"
#include "chainrule/graph/op.h"

namespace chainrule::detail {
namespace {

using T = Turn<double>;

/// Rows of a loss that is fused with the function before it: p that function's output, u the
/// target.
using RowRule = std::function<void(std::span<const double> p, std::span<const double> u, double dy,
                                   std::span<const double> x, double* dx)>;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

Rule<double> fused(RowRule row, bool binary) {
  return [row = std::move(row), binary](const T& t) {
    const auto width = static_cast<std::size_t>(
        t.replay.graph().node(t.replay.graph().node(t.node).inputs[0]).shape.size());
    const std::span<const double> x = t.in(0);
    const std::vector<std::int32_t>& classes =
        t.replay.classes(t.replay.graph().node(t.node).inputs[1]);
    std::vector<double> p(width), u(width);
    for (std::size_t r = 0; r < x.size() / width; ++r) {
      const auto xr = x.subspan(r * width, width);
      const double top = *std::max_element(xr.begin(), xr.end());
      double sum = 0;
      for (std::size_t j = 0; j < width; ++j)
        sum += p[j] = binary ? sigmoid(xr[j]) : std::exp(xr[j] - top);
      for (std::size_t j = 0; j < width; ++j) {
        if (!binary) p[j] /= sum;
        u[j] = classes.empty() ? t.in(1)[r * width + j] : double(classes[r] == int(j));
      }
      row(p, u, t.dy[r], xr, t.dx[0]->data() + r * width);
    }
  };
}

/// Element-wise RowRule: f(p, u, x).
template <class F>
RowRule elements(F f) {
  return [f](auto p, auto u, double dy, auto x, double* dx) {
    for (std::size_t j = 0; j < p.size(); ++j) dx[j] = dy * f(p[j], u[j], x[j]);
  };
}

/// dscores[:, y] -= 1: every class that occurs, in every row.
void add_index(const Case& c, int id, std::vector<Mistake>& all) {
  const auto width = static_cast<std::size_t>(c.node(c.node(id).inputs[0]).shape.size());
  const std::vector<std::int32_t>& classes = c.replay.classes(c.node(id).inputs[1]);
  if (classes.empty()) return;
  std::vector<double> present(width);
  for (const std::int32_t y : classes) present[static_cast<std::size_t>(y)] = 1;
  const auto add = [&](std::string cause, std::string advice, RowRule row) {
    all.push_back({c.node(id).name,
                   {std::move(cause), std::move(advice)},
                   rule(id, fused(std::move(row), false))});
  };
  add("index of the classes",
      "1 is subtracted in the columns of all classes, in every row: dscores[:, y] -= 1 means that; "
      "dscores[np.arange(N), y] -= 1 takes one element of each row",
      [present](auto p, auto, double dy, auto, double* dx) {
        for (std::size_t j = 0; j < p.size(); ++j) dx[j] = dy * (p[j] - present[j]);
      });
  for (std::size_t c = 0; c < std::min<std::size_t>(width, 64); ++c)
    add("index of the classes",
        cat("1 is subtracted in column ", c,
            " of every row: take one element of each row, "
            "dscores[np.arange(N), y] -= 1"),
        [c](auto p, auto, double dy, auto, double* dx) {
          for (std::size_t j = 0; j < p.size(); ++j) dx[j] = dy * (p[j] - (j == c ? 1 : 0));
        });
  std::vector<double> counts(width);
  for (const std::int32_t y : classes) ++counts[static_cast<std::size_t>(y)];
  add("index of the classes",
      "for each row 1 is subtracted in its column of all rows: take one element of each row, "
      "dscores[np.arange(N), y] -= 1",
      [counts](auto p, auto, double dy, auto, double* dx) {
        for (std::size_t j = 0; j < p.size(); ++j) dx[j] = dy * (p[j] - counts[j]);
      });
  add("divided before the target was subtracted",
      "1 is subtracted after p was divided by the number of rows: the gradient is (p - t) / N",
      [](auto p, auto u, double dy, auto, double* dx) {
        for (std::size_t j = 0; j < p.size(); ++j) dx[j] = dy * p[j] - u[j];
      });
  add("only the target is divided",
      "p is not divided by the number of rows, the target is: the gradient is (p - t) / N",
      [](auto p, auto u, double dy, auto, double* dx) {
        for (std::size_t j = 0; j < p.size(); ++j) dx[j] = p[j] - dy * u[j];
      });
}

void add_fused(const Case& c, int id, std::vector<Mistake>& all) {
  const bool binary = c.op(id) == "binary_cross_entropy_logits";
  const char* function = binary ? "sigmoid" : "softmax";
  const auto width = static_cast<double>(c.node(c.node(id).inputs[0]).shape.size());
  // Where the loss averages over the outputs.
  const double scale = binary ? 1 / width : 1;
  const auto add = [&](std::string cause, std::string advice, RowRule row) {
    RowRule scaled = [row, scale](auto p, auto u, double dy, auto x, double* dx) {
      row(p, u, dy * scale, x, dx);
    };
    all.push_back({c.node(id).name,
                   {std::move(cause), std::move(advice)},
                   rule(id, fused(std::move(scaled), binary))});
  };
  const std::string right = cat("together with ", function, " the gradient is simply p - t");
  add("derivative missing",
      cat("the derivative of ", function, " is missing after that of the loss: ", right),
      binary ? elements([](double p, double u, double) { return (1 - u) / (1 - p) - u / p; })
             : elements([](double p, double u, double) { return -u / p; }));
  add("derivative twice",
      cat("p - t was multiplied by the derivative p (1 - p) of ", function, " once more: ", right),
      elements([](double p, double u, double) { return (p - u) * p * (1 - p); }));
  add("input in place of the output",
      cat("the scores themselves stand where ", function, " of them belongs: ", right),
      elements([](double, double u, double x) { return x - u; }));
  add("target missing", cat("the target is not subtracted: ", right),
      elements([](double p, double, double) { return p; }));
  if (!binary) {
    add_index(c, id, all);
    add("off-diagonal of softmax missing",
        "only the diagonal p (1 - p) of softmax's derivative was used, so only the right class "
        "gets a gradient; with the off-diagonal -p_i p_j it becomes p - t",
        elements([](double p, double u, double) { return -u * (1 - p); }));
    add("derivative twice", cat("p - t went through softmax's derivative once more: ", right),
        [](auto p, auto u, double dy, auto, double* dx) {
          double mean = 0;
          for (std::size_t j = 0; j < p.size(); ++j) mean += p[j] * (p[j] - u[j]);
          for (std::size_t j = 0; j < p.size(); ++j) dx[j] = dy * p[j] * (p[j] - u[j] - mean);
        });
  }
}

const std::vector<double> kEpsilons = {1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7};

/// log(p + epsilon) where the loss has log(p).
void add_epsilon(const Case& c, int id, std::vector<Mistake>& all) {
  const std::string_view op = c.op(id);
  const auto width = static_cast<double>(c.node(c.node(id).inputs[0]).shape.size());
  std::function<Rule<double>(double)> make;
  if (op == "softmax_cross_entropy") {
    make = [](double e) {
      return fused(
          [e](auto p, auto u, double dy, auto, double* dx) {
            double sum = 0;
            for (std::size_t j = 0; j < p.size(); ++j) sum += u[j] * p[j] / (p[j] + e);
            for (std::size_t j = 0; j < p.size(); ++j)
              dx[j] = dy * (p[j] * sum - u[j] * p[j] / (p[j] + e));
          },
          false);
    };
  } else if (op == "binary_cross_entropy_logits") {
    make = [width](double e) {
      return fused(elements([=](double p, double u, double) {
                     return p * (1 - p) * ((1 - u) / (1 - p + e) - u / (p + e)) / width;
                   }),
                   true);
    };
  } else if (op == "binary_cross_entropy") {
    make = [width](double e) {
      return each([=](const T& t, std::size_t i) {
        const double p = t.in(0)[i], u = t.in(1)[i];
        return t.dy[i / static_cast<std::size_t>(width)] * ((1 - u) / (1 - p + e) - u / (p + e)) /
               width;
      });
    };
  } else if (op == "categorical_cross_entropy") {
    make = [](double e) {
      return Rule<double>([e](const T& t) {  // -t / p becomes -t / (p + e)
        t.run();
        for (std::size_t i = 0; i < t.dx[0]->size(); ++i)
          (*t.dx[0])[i] *= t.in(0)[i] / (t.in(0)[i] + e);
      });
    };
  } else {
    return;
  }
  all.push_back({c.node(id).name,
                 {},
                 {},
                 [id, make](double e) { return rule(id, make(std::abs(e))); },
                 kEpsilons,
                 [](double e) {
                   return Meaning{"epsilon",
                                  cat("your logarithm is of p + ", std::abs(e),
                                      ", ours of p itself: the epsilon changes the gradient where "
                                      "p is small")};
                 }});
}

}  // namespace

void add_loss_mistakes(const Case& c, int id, std::vector<Mistake>& all) {
  const std::string_view op = c.op(id);
  if (op == "softmax_cross_entropy" || op == "binary_cross_entropy_logits") add_fused(c, id, all);
  add_epsilon(c, id, all);
}

}  // namespace chainrule::detail
