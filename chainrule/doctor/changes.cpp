// What is tried when a run did not learn.
#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>

#include "chainrule/core/error.h"
#include "chainrule/doctor/doctor_vitals.h"
#include "chainrule/doctor/plan.h"

namespace chainrule::detail {
namespace {

class Catalogue {
 public:
  Catalogue(const Vitals& v, const Plan& plan, std::int64_t steps, bool whole)
      : v_(v), plan_(plan), steps_(steps), whole_(whole), layers_(parse_model(plan.text)) {}

  /// What somebody chose comes before what everybody has.
  std::vector<PlanChange> all() {
    last_layer();
    penalties();
    if (!plan_.options.init.empty()) first_weights();
    if (odd_scale()) scaling();
    rates();
    dropout();
    clipping();
    activations();
    if (!odd_scale()) scaling();
    if (plan_.options.init.empty()) first_weights();
    batch();
    width();
    longer();
    optimizer();
    return std::move(all_);
  }

 private:
  const Dataset& data() const { return v_.data.train; }

  /// Adds the plan with something changed.
  void add(std::string cause, std::string words, Flags flags, const std::function<void(Plan&)>& f) {
    PlanChange c{std::move(cause), std::move(words), std::move(flags), plan_};
    f(c.plan);
    all_.push_back(std::move(c));
  }
  void add_text(std::string cause, std::string words, const std::vector<LayerSpec>& layers) {
    const std::string text = text_of(layers);
    if (text == plan_.text) return;
    add(std::move(cause), std::move(words), {{"--model", text}}, [&](Plan& p) { p.text = text; });
  }
  /// `words` as layers; they refer to text that must outlive them.
  std::vector<LayerSpec> layers(const std::string& text) {
    kept_.push_back(std::make_unique<std::string>(text));
    return parse_model(*kept_.back());
  }

  std::string plain_loss(Index outputs) const {
    if (!data().has_classes()) return "squared_error";
    return outputs > 1 ? "softmax_cross_entropy" : "binary_cross_entropy_logits";
  }

  void last_layer() {
    std::vector<LayerSpec> plain = layers_;
    while (plain.size() > 1 && is_activation(plain.back())) plain.pop_back();
    const std::string text = text_of(plain), loss = plain_loss(v_.model.outputs());
    if (text == plan_.text && loss == plan_.options.loss) return;
    Flags flags;
    if (text != plan_.text) flags.emplace_back("--model", text);
    if (loss != plan_.options.loss) flags.emplace_back("--loss", loss);
    add("loss does not fit the last layer", "with linear outputs and the loss that suits the data",
        flags, [&](Plan& p) { p.text = text, p.options.loss = loss; });
  }

  void penalties() {
    const auto sum = [](const std::map<std::string, double>& m) {
      double s = 0;
      for (const auto& [pattern, x] : m) s += x;
      return s;
    };
    Flags flags;
    for (const auto& [pattern, x] : plan_.options.l1) flags.emplace_back("--l1", pattern + "=0");
    for (const auto& [pattern, x] : plan_.options.l2) flags.emplace_back("--l2", pattern + "=0");
    if (sum(plan_.options.l1) + sum(plan_.options.l2) > 0)
      add("penalty too strong", "without penalty", flags,
          [](Plan& p) { p.options.l1.clear(), p.options.l2.clear(); });
    if (const auto d = plan_.settings.find("weight_decay");
        d != plan_.settings.end() && d->second > 0)
      add("penalty too strong", "without weight decay", {{"--weight-decay", "0"}},
          [](Plan& p) { p.settings["weight_decay"] = 0; });
  }

  void add_rate(double rate) {
    const double own = plan_.run.optimizer.lr();
    if (!(rate > 0) || std::abs(std::log(rate / own)) < 0.4) return;
    const std::string text = cat(rounded(rate, 2));
    add(rate < own ? "learning rate too high" : "learning rate too low", "with --lr " + text,
        {{"--lr", text}}, [&](Plan& p) { p.settings["lr"] = std::stod(text); });
  }

  void rates() {
    const RateRange range = rate_range(v_.first.loss, v_.rates);
    const double own = plan_.run.optimizer.lr();
    add_rate(range.best);
    add_rate(range.best / 10);
    for (const double factor : {0.1, 0.01, 10.0, 100.0}) add_rate(own * factor);
    const auto m = plan_.settings.find("momentum");
    if (m != plan_.settings.end() && m->second > 0.9)
      add("momentum too high", "with --momentum 0.9", {{"--momentum", "0.9"}},
          [](Plan& p) { p.settings["momentum"] = 0.9; });
  }

  void dropout() {
    std::vector<LayerSpec> without = layers_;
    std::erase_if(without, [](const LayerSpec& l) { return l.kind && l.kind->name == "dropout"; });
    if (!without.empty()) add_text("dropout too strong", "without dropout", without);
  }

  void clipping() {
    if (plan_.run.clip_norm > 0)
      add("clipping too tight", "without clipping", {{"--clip-norm", "0"}},
          [](Plan& p) { p.run.clip_norm = 0; });
    if (plan_.run.clip_value > 0)
      add("clipping too tight", "without clipping", {{"--clip-value", "0"}},
          [](Plan& p) { p.run.clip_value = 0; });
  }

  /// Root mean square of the numbers to learn; 1 for classes.
  double target_size() const {
    if (data().has_classes() || data().targets.empty()) return 1;
    double squares = 0;
    for (const float t : data().targets) squares += static_cast<double>(t) * static_cast<double>(t);
    return std::sqrt(squares / static_cast<double>(data().targets.size()));
  }
  bool odd_targets() const { return target_size() > 20 || target_size() < 0.05; }
  bool odd_scale() const {
    const Scaled s(data());
    double least = HUGE_VAL, most = 0, offset = 0;
    for (std::size_t j = 0; j < s.factor.size(); ++j) {
      if (s.factor[j] == 0) continue;
      least = std::min(least, 1 / s.factor[j]), most = std::max(most, 1 / s.factor[j]);
      offset = std::max(offset, std::abs(s.offset[j]));
    }
    const bool picture = data().image.rank() > 0;
    return odd_targets() || most > 20 || offset > 20 || most < 0.02 ||
           (!picture && most > 100 * least);
  }

  void scaling() {
    if (plan_.scaled || (data().image.rank() > 0 && !odd_scale())) return;
    const bool targets = odd_targets();
    add(targets ? "targets not scaled" : "inputs not normalised",
        targets ? "with inputs and targets of mean 0 and deviation 1"
                : "with inputs of mean 0 and deviation 1",
        {{"--scaling", "standardise"}}, [](Plan& p) { p.scaled = true; });
  }

  /// The activation behind each hidden layer, or before the only layer a hidden one.
  void add_between(std::ptrdiff_t dense, const std::string& name, const std::string& hidden) {
    std::vector<LayerSpec> with;
    auto left = std::ranges::count_if(layers_, is_dense);
    bool added = false;
    for (const LayerSpec& l : layers_) {
      if (is_dense(l) && dense == 1 && !added) {
        added = true;
        for (const LayerSpec& more : layers(hidden)) with.push_back(more);
      }
      with.push_back(l);
      if (is_dense(l) && --left > 0 && dense > 1) with.push_back(layers(name)[0]);
    }
    add_text("no activation between layers",
             dense == 1 ? "with a hidden layer, " + hidden + ","
                        : "with " + name + " between the layers",
             with);
  }

  void activations() {
    std::vector<LayerSpec> hidden = layers_;
    while (!hidden.empty() && is_activation(hidden.back())) hidden.pop_back();
    const auto dense = std::ranges::count_if(hidden, is_dense);
    const auto active =
        std::ranges::count_if(hidden, [](const LayerSpec& l) { return is_activation(l); });
    if (active == 0 && dense > 0) {
      add_between(dense, "tanh", "linear 8, tanh");
      add_between(dense, "relu", "linear 32, relu");
      if (dense > 1) add_between(1, "", "linear 32, relu");
    }
    if (active > 0) {
      for (const char* name : {"relu", "leaky_relu"}) {
        std::vector<LayerSpec> with = layers_;
        const LayerSpec other = layers(name)[0];
        for (std::size_t i = 0; i < hidden.size(); ++i)
          if (is_activation(with[i])) with[i] = other;
        const bool from_relu = std::ranges::any_of(
            hidden, [](const LayerSpec& l) { return l.kind && l.kind->name == "relu"; });
        if (from_relu == (std::string_view(name) == "leaky_relu"))
          add_text(from_relu ? "dead ReLUs" : "vanishing gradient",
                   cat("with ", name, " in hidden layers"), with);
      }
    }
    if (dense > 3) {
      std::vector<LayerSpec> with;
      auto left = dense;
      const LayerSpec norm = layers("batch_norm")[0];
      for (const LayerSpec& l : layers_) {
        with.push_back(l);
        if (is_dense(l) && --left > 0) with.push_back(norm);
      }
      add_text("vanishing gradient", "with batch_norm behind each hidden layer", with);
    }
  }

  void first_weights() {
    const bool own = !plan_.options.init.empty();
    add("initialisation",
        own ? "with first weights that suit the activations" : "with other first weights",
        own ? Flags{{"--init", "he_normal"}} : Flags{{"--seed", cat(plan_.options.seed + 1)}},
        [own](Plan& p) {
          p.options.init = own ? "he_normal" : "";
          if (!own) p.options.seed += 1, p.options.init = "glorot_uniform";
        });
  }

  void batch() {
    const bool norm = plan_.text.find("batch_norm") != std::string::npos && plan_.run.batch < 4;
    if (plan_.run.batch < 16 && data().rows() >= 64)
      add(norm ? "batch_norm with a small batch" : "batch too small", "with --batch 64",
          {{"--batch", "64"}}, [](Plan& p) { p.run.batch = 64; });
    if (plan_.run.batch > 256 && whole_)
      add("batch too large", "with --batch 32", {{"--batch", "32"}},
          [](Plan& p) { p.run.batch = 32; });
  }

  void width() {
    std::vector<LayerSpec> wide = layers_;
    bool changed = false;
    auto left = std::ranges::count_if(wide, is_dense);
    for (LayerSpec& l : wide) {
      if (!is_dense(l) || --left == 0) continue;
      const double units = l.number(0);
      if (units >= 64) continue;
      l.values[0] = cat(static_cast<int>(std::max(32.0, 4 * units)));
      changed = true;
    }
    if (changed) add_text("too few units", "with wider hidden layers", wide);
  }

  void longer() {
    if (!whole_) return;
    const std::int64_t more = 8 * steps_;
    add("too few steps", cat("after ", more, " steps"), {{"--steps", cat(more)}},
        [more](Plan& p) { p.run.steps = more; });
  }

  void optimizer() {
    if (plan_.optimizer == "adam") return;
    add("optimizer", "with adam", {{"--optimizer", "adam"}, {"--lr", "0.005"}}, [](Plan& p) {
      p.optimizer = "adam", p.settings = {{"lr", 0.005}};
    });
  }

  const Vitals& v_;
  const Plan& plan_;
  std::int64_t steps_;
  bool whole_;
  std::vector<LayerSpec> layers_;
  std::vector<std::unique_ptr<std::string>> kept_;
  std::vector<PlanChange> all_;
};

}  // namespace

std::vector<PlanChange> changes(const Vitals& v, const Plan& plan, std::int64_t steps, bool whole) {
  std::vector<PlanChange> all = Catalogue(v, plan, steps, whole).all();
  for (PlanChange& c : all) {
    c.plan.settings.try_emplace("lr", plan.run.optimizer.lr());
    c.plan.run.optimizer = make_optimizer(c.plan.optimizer, c.plan.settings);
  }
  return all;
}

}  // namespace chainrule::detail
