// Files as somebody has them: every way to understand them is tried, the one that fits is taken.
#include <algorithm>
#include <memory>
#include <optional>

#include "chainrule/compare/compared.h"
#include "chainrule/compare/given_arrays.h"
#include "chainrule/compare/given_rows.h"
#include "chainrule/core/error.h"
#include "chainrule/model/loss_table.h"

namespace chainrule {
namespace {

using detail::ArrayLayout;
using detail::GivenArray;
using detail::GivenArrays;

/// A model with the weights in it, and the batch, understood in one way.
struct Way {
  Model model;
  Dataset batch;
  std::vector<std::string> notes;
};

GivenArrays read_weights(const Model& model, std::span<const data::NpzArray> weights,
                         const ArrayLayout& layout) {
  const detail::Owners owners{model.graph(), model.loss().id(), {}, true};
  return detail::read_given(owners, 0, weights, layout);
}

/// The same names again say nothing new; how the weights lie does.
void put_weights(const GivenArrays& given, const Model& model) {
  if (!given.not_given.empty())
    throw DataError(cat("the weights lack ", detail::names_listed(given.not_given),
                        given.not_given.size() == 1 ? ""
                                                    : " (a layer without bias is 'linear N "
                                                      "bias=false')"));
  for (const GivenArray& a : given.gradients) {
    if (!a.usable()) throw DataError(cat("the weights '", a.name, "' hold NaN or infinity"));
    std::ranges::transform(a.values, model.params()[model.graph().var(a.node)].begin(),
                           [](double x) { return static_cast<float>(x); });
  }
}

class Ways {
 public:
  explicit Ways(const GivenFiles& files) : files_(files) {}

  std::vector<Way> all() {
    for (const std::string& loss : files_.losses) {
      try {
        add(loss);
      } catch (const Error& e) {
        if (!error_) error_ = e.what();
      }
    }
    if (ways_.empty()) throw DataError(error_.value_or("no loss to compare with"));
    return std::move(ways_);
  }

 private:
  void add(const std::string& loss) {
    const Index width = files_.features > 0 ? files_.features : 1;
    // How wide the output is does not depend on the rows, unless layers look at pictures.
    Index outputs = 0;
    try {
      outputs = files_.model(width, loss).outputs();
    } catch (const Error&) {
      outputs = files_.model(files_.x.shape.empty() ? 1 : files_.x.size() / files_.x.shape[0], loss)
                    .outputs();
    }
    const LossKind& kind = loss_kind(loss);
    const detail::WantedTargets wanted{.outputs = outputs,
                                       .classes = kind.class_target(outputs),
                                       .binary = kind.output(outputs) != OutputKind::values};
    for (detail::RowsReading& r : detail::read_rows(files_.x, files_.y, files_.features, wanted)) {
      try {
        add(loss, r);
      } catch (const Error& e) {
        if (!error_) error_ = e.what();
      }
    }
  }

  void add(const std::string& loss, const detail::RowsReading& r) {
    std::vector<std::string> notes = r.notes;
    if (files_.losses.size() > 1) notes.insert(notes.begin(), "the loss is " + loss);
    const Index features = r.batch.features.size();
    if (files_.weights.empty()) {
      ways_.push_back({files_.model(features, loss), r.batch, notes});
      return;
    }
    const Model first = files_.model(features, loss);
    const GivenArrays plain = read_weights(first, files_.weights, {});
    for (const bool inputs_first : {false, true})
      for (const bool bias_last : {false, true}) {
        if ((inputs_first && !plain.open_layout) || (bias_last && !plain.open_bias)) continue;
        Way way{files_.model(features, loss), r.batch, notes};
        const GivenArrays given = read_weights(
            way.model, files_.weights, {.inputs_first = inputs_first, .bias_last = bias_last});
        put_weights(given, way.model);
        for (const std::string& c : given.conventions) way.notes.push_back("weights: " + c);
        for (const std::string& u : given.unknown)
          way.notes.push_back("weights: " + u + " is not understood");
        ways_.push_back(std::move(way));
      }
  }

  const GivenFiles& files_;
  std::vector<Way> ways_;
  std::optional<std::string> error_;
};

}  // namespace

Comparison compare(const GivenFiles& files, const CompareOptions& options) {
  std::vector<Way> ways = Ways(files).all();
  ThreadPool pool(options.threads);
  const auto compared = [&](const Way& way, bool search) {
    return detail::compare(detail::compared_of(way.model, way.batch, pool, options),
                           files.gradients, options, search);
  };
  std::vector<std::pair<std::ptrdiff_t, const Way*>> fits;
  std::optional<std::string> error;
  for (const Way& way : ways) {
    try {
      const std::ptrdiff_t agree =
          ways.size() == 1
              ? 0
              : std::ranges::count(compared(way, false).arrays, true, &ArrayVerdict::equal);
      fits.emplace_back(agree, &way);
    } catch (const Error& e) {
      if (!error) error = e.what();
    }
  }
  if (fits.empty()) throw DataError(*error);
  std::ranges::stable_sort(fits, std::ranges::greater(), [](const auto& f) { return f.first; });
  std::optional<Comparison> best;
  std::vector<std::string> notes;
  // Of equally good ways, the one that a known mistake explains.
  for (const auto& [agree, way] : fits) {
    if (best && (best->equal || best->explained || agree < fits[0].first)) break;
    Comparison c = compared(*way, true);
    if (!best || c.explained) best = std::move(c), notes = way->notes;
  }
  Comparison& c = *best;
  for (std::string& note : notes)  // what is the same of weights and gradients is said once
    if (note.starts_with("weights: ") && std::erase(c.conventions, note.substr(9)) > 0)
      note.erase(0, 9);
  c.conventions.insert(c.conventions.begin(), notes.begin(), notes.end());
  return std::move(c);
}

}  // namespace chainrule
