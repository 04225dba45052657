#include "chainrule/picture/model_page.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "chainrule/core/json.h"
#include "chainrule/data/image.h"
#include "chainrule/explain/model_run.h"
#include "chainrule/picture/page.h"
#include "chainrule/train/fit.h"

namespace chainrule {
namespace {

using Pixels = std::vector<std::uint8_t>;

std::string base64(const Pixels& bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) { return k < bytes.size() ? unsigned{bytes[k]} : 0U; };
    const unsigned three = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (std::size_t k = 0; k < 4; ++k)
      text += i + k <= bytes.size() ? kDigits[three >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

/// -limit, 0 and limit become 1, 128 and 255.
std::uint8_t shade(double x, double limit) {
  const double part = limit > 0 ? std::clamp(x / limit, -1.0, 1.0) : 0;
  return static_cast<std::uint8_t>(std::lround(128 + 127 * part));
}

/// The first parameter with a number for each pixel, as in a linear layer on the picture: [I, O].
std::optional<Var> picture_weight(const Model& model) {
  const Graph& g = model.graph();
  for (const int id : g.params()) {
    const Shape& s = g.node(id).shape;
    if (s.rank() == 2 && s[0] == model.schema.picture().size()) return g.var(id);
  }
  return std::nullopt;
}

struct Frame {
  std::string label;
  double loss;
  std::vector<float> weights;  // unit after unit
  Pixels gradients;            // sample after sample
  std::vector<std::string> predictions;
};

/// Keeps what the page shows, at moments that are denser at the beginning of the run.
class Recorder final : public Observer {
 public:
  Recorder(const Dataset& data, std::vector<std::int32_t> samples, const ModelPageOptions& options)
      : data_(data), samples_(std::move(samples)), options_(options) {}

  void on_start(const RunInfo& info) override {
    model_ = &info.model;
    keep(*model_, "before training");
  }
  void on_step(const StepInfo& info) override {
    const double part = static_cast<double>(frames.size()) / static_cast<double>(options_.frames);
    const auto next =
        static_cast<std::int64_t>(std::ceil(part * part * static_cast<double>(options_.steps)));
    if (info.step >= next || info.step == options_.steps)
      keep(*model_, cat("after ", info.step, info.step == 1 ? " step" : " steps"));
  }

  void keep(const Model& model, const std::string& label) {
    ModelRun<float> run(model, data_, samples_, {});
    Frame frame{.label = label, .loss = run.loss()};
    const Var weight = *picture_weight(model);
    const View<float> w = model.params()[weight];
    const Index pixels = weight.shape()[0], outputs = weight.shape()[1];
    for (Index unit = 0; unit < std::min(options_.units, outputs); ++unit)
      for (Index p = 0; p < pixels; ++p) frame.weights.push_back(w[p * outputs + unit]);
    const View<const float> g = run.tape().grad(model.input());
    for (Index r = 0; r < run.rows(); ++r) {
      const auto row = g.row(r);
      double limit = 0;
      for (const float x : row) limit = std::max(limit, std::abs(static_cast<double>(x)));
      for (const float x : row) frame.gradients.push_back(shade(static_cast<double>(x), limit));
      frame.predictions.push_back(run.prediction(r));
    }
    frames.push_back(std::move(frame));
  }

  std::vector<Frame> frames;

 private:
  const Dataset& data_;
  std::vector<std::int32_t> samples_;
  const ModelPageOptions& options_;
  const Model* model_ = nullptr;
};

/// Training from a fresh start, on as many rows as the steps need.
void record(Recorder& recorder, const Model& model, const Dataset& data,
            const ModelPageOptions& options) {
  Model fresh = model.fresh(model.options().seed);
  Splits splits;
  splits.train = data.subset(
      first_batch(data, std::min(data.rows(), options.steps * options.batch), options.seed));
  splits.schema = model.schema;
  fit(fresh, splits,
      {.steps = options.steps,
       .batch = options.batch,
       .seed = options.seed,
       .observers = {&recorder}});
  recorder.keep(model, "the model as it is");
}

std::string section_json(const Recorder& recorder, const Dataset& data,
                         const std::vector<std::int32_t>& samples) {
  // One scale for all moments, so that one sees weights grow.
  std::vector<float> sizes;
  for (const Frame& f : recorder.frames)
    for (const float w : f.weights) sizes.push_back(std::abs(w));
  const auto most = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() * 995 / 1000);
  std::nth_element(sizes.begin(), most, sizes.end());
  const double limit = static_cast<double>(*most);

  std::vector<JsonObject> frames, shown;
  for (const Frame& f : recorder.frames) {
    Pixels weights;
    for (const float w : f.weights) weights.push_back(shade(static_cast<double>(w), limit));
    frames.push_back(JsonObject()
                         .add("label", f.label)
                         .add("loss", f.loss)
                         .add("weights", base64(weights))
                         .add("gradients", base64(f.gradients))
                         .add("predictions", f.predictions));
  }
  for (const std::int32_t row : samples) {
    const data::Picture picture = data::picture(data, row);
    shown.push_back(
        JsonObject()
            .add("sample", row)
            .add("label", data.has_classes() ? data.class_names[static_cast<std::size_t>(
                                                   data.classes[static_cast<std::size_t>(row)])]
                                             : std::string())
            .add("pixels", base64(Pixels(picture.pixels.begin(), picture.pixels.end()))));
  }
  const Index pixels = data.image.size();
  return JsonObject()
      .add("width", data.image[1])
      .add("height", data.image[0])
      .add("units", static_cast<Index>(recorder.frames[0].weights.size()) / pixels)
      .add("samples", shown)
      .add("frames", frames)
      .str();
}

constexpr std::string_view kSection = R"html(<section class="pictures" aria-label="Pictures">
<h2>Weights and input gradients</h2>
<p class="hint">Blue is negative, white zero, red positive. The slider moves through a short run of
 training from a fresh start; its last position is the model itself.</p>
<div class="bar"><input id="run" type="range" min="0" value="0" aria-label="Moment of training">
<output id="run-where" for="run"></output></div>
<h3>Weights of the first layer, a picture for each unit</h3>
<div class="grid" id="weights"></div>
<h3>Samples</h3>
<div class="grid" id="inputs"></div>
<h3>d loss / d x: where a brighter pixel raises (red) or lowers (blue) the loss</h3>
<div class="grid" id="gradients"></div>
</section>
)html";

}  // namespace

std::string model_page(const Model& model, const Dataset& data, const ModelPageOptions& options) {
  ModelRun<double> run(model, data, first_batch(data, options.batch, options.seed),
                       {.training = true, .seed = options.seed});
  const Explanation e =
      explain(run.tape(), model.loss(),
              {.pass = run.pass(), .check = false, .max_jacobian = 0, .max_values = 64});
  const std::string title = cat(model.text(), ", a batch of ", run.rows());
  if (data.image.rank() != 2 || !picture_weight(model) || options.steps < 1)
    return detail::page(e, title, "", "");
  std::vector<std::int32_t> samples;
  for (Index i = 0; i < std::min(options.samples, run.rows()); ++i) samples.push_back(run.row(i));
  Recorder recorder(data, samples, options);
  record(recorder, model, data, options);
  return detail::page(e, title, kSection, section_json(recorder, data, samples));
}

}  // namespace chainrule
