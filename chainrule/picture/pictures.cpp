#include "chainrule/picture/pictures.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "chainrule/core/error.h"
#include "chainrule/data/image.h"
#include "chainrule/data/png.h"
#include "chainrule/explain/model_run.h"
#include "chainrule/picture/border.h"
#include "chainrule/picture/flow_picture.h"

namespace chainrule {
namespace {

constexpr Index kLongest = 4096;      // pixels of a picture's side
constexpr Index kMostPictures = 400;  // pictures on one sheet

std::string as_text(const std::vector<std::uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

/// A grey card that pictures are put on.
class Sheet {
 public:
  Sheet(Index height, Index width)
      : height_(height),
        width_(width),
        pixels_(static_cast<std::size_t>(3 * height * width), 224) {}
  /// A square of `side` pixels.
  void put(Index top, Index left, Index side, std::array<std::uint8_t, 3> colour) {
    for (Index y = top; y < top + side; ++y)
      for (Index x = left; x < left + side; ++x)
        std::ranges::copy(colour, pixels_.begin() + 3 * (y * width_ + x));
  }
  std::string png() const { return as_text(data::encode_png(height_, width_, pixels_)); }

 private:
  Index height_, width_;
  std::vector<std::uint8_t> pixels_;
};

/// -limit, 0, limit are blue, white, red, as on the page.
std::array<std::uint8_t, 3> signed_colour(double x, double limit) {
  constexpr double kBlue[3] = {11, 98, 168}, kRed[3] = {184, 54, 15};
  const double part = limit > 0 ? std::clamp(x / limit, -1.0, 1.0) : 0;
  std::array<std::uint8_t, 3> colour{};
  for (std::size_t i = 0; i < 3; ++i)
    colour[i] = static_cast<std::uint8_t>(
        std::lround(255 + std::abs(part) * ((part < 0 ? kBlue[i] : kRed[i]) - 255)));
  return colour;
}

/// Nearly the greatest size: a few outliers must not pale all the rest.
double usual_limit(View<const float> v) {
  std::vector<float> sizes;
  for (const float x : v) sizes.push_back(std::abs(x));
  const auto most = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() * 995 / 1000);
  std::nth_element(sizes.begin(), most, sizes.end());
  return static_cast<double>(*most);
}

/// Columns of pictures {height, width} on a sheet about as wide as high.
Index columns_of(Index count, Index height, Index width) {
  const double side = std::sqrt(static_cast<double>(count * height) / static_cast<double>(width));
  return std::clamp<Index>(static_cast<Index>(std::ceil(side * 1.2)), 1, count);
}

/// [I, O], where each input is a pixel: one picture for each unit.
std::string unit_sheet(View<const float> w, Index outputs, const Shape& image) {
  const Index height = image[0], width = image[1], units = std::min(outputs, kMostPictures);
  const Index dot = std::max<Index>(1, 84 / std::max(height, width)), gap = 6;
  const Index columns = columns_of(units, height, width);
  const Index rows = (units + columns - 1) / columns;
  Sheet sheet(rows * (height * dot + gap) + gap, columns * (width * dot + gap) + gap);
  const double limit = usual_limit(w);
  for (Index u = 0; u < units; ++u) {
    const Index top = gap + u / columns * (height * dot + gap);
    const Index left = gap + u % columns * (width * dot + gap);
    for (Index p = 0; p < height * width; ++p)
      sheet.put(top + p / width * dot, left + p % width * dot, dot,
                signed_colour(static_cast<double>(w[p * outputs + u]), limit));
  }
  return sheet.png();
}

/// [I, O] as a table of colours, a row for each output.
std::string matrix_picture(View<const float> w, Index inputs, Index outputs) {
  const Index dot = std::clamp<Index>(480 / std::max(inputs, outputs), 1, 24), gap = 6;
  Sheet sheet(outputs * dot + 2 * gap, inputs * dot + 2 * gap);
  const double limit = usual_limit(w);
  for (Index o = 0; o < outputs; ++o)
    for (Index i = 0; i < inputs; ++i)
      sheet.put(gap + o * dot, gap + i * dot, dot,
                signed_colour(static_cast<double>(w[i * outputs + o]), limit));
  return sheet.png();
}

void add_weights(const Model& model, std::vector<PictureFile>& files) {
  const Graph& g = model.graph();
  const Shape image = model.schema.picture();
  for (const int id : g.params()) {
    const Node& node = g.node(id);
    const Shape& s = node.shape;
    if (s.rank() != 2 || s[0] > kLongest || s[1] > kLongest) continue;
    const View<const float> w = model.params()[g.var(id)];
    const bool units =
        image.rank() == 2 && s[0] == image.size() && image[0] <= 512 && image[1] <= 512;
    files.push_back(
        {node.name + ".png", units ? unit_sheet(w, s[1], image) : matrix_picture(w, s[0], s[1])});
  }
}

/// Samples in a line, and below each the gradient of the loss by its pixels.
std::string input_gradients(const Model& model, const Dataset& data,
                            const std::vector<std::int32_t>& rows) {
  ModelRun<float> run(model, data, rows, {});
  const Index height = data.image[0], width = data.image[1], count = run.rows();
  const Index dot = std::max<Index>(1, 84 / std::max(height, width)), gap = 6;
  const Index columns = std::min<Index>(8, count), lines = (count + columns - 1) / columns;
  Sheet sheet(lines * (2 * height * dot + 3 * gap) + gap, columns * (width * dot + gap) + gap);
  const View<const float> g = run.tape().grad(model.input());
  for (Index r = 0; r < count; ++r) {
    const data::Picture picture = data::picture(data, run.row(r));
    const auto gradient = g.row(r);
    double limit = 0;
    for (const float x : gradient) limit = std::max(limit, std::abs(static_cast<double>(x)));
    const Index top = gap + r / columns * (2 * height * dot + 3 * gap);
    const Index left = gap + r % columns * (width * dot + gap);
    for (Index p = 0; p < height * width; ++p) {
      const Index y = top + p / width * dot, x = left + p % width * dot;
      const std::uint8_t grey = picture.pixels[static_cast<std::size_t>(p)];
      sheet.put(y, x, dot, {grey, grey, grey});
      sheet.put(y + height * dot + gap, x, dot,
                signed_colour(static_cast<double>(gradient[static_cast<std::size_t>(p)]), limit));
    }
  }
  return sheet.png();
}

/// Training from a fresh start, on as many rows as the steps need.
svg::Picture record_flow(const Model& model, const Dataset& data, FitOptions run) {
  Model fresh = model.fresh(model.options().seed);
  Splits splits;
  splits.train =
      data.subset(first_batch(data, std::min(data.rows(), run.steps * run.batch), run.seed));
  splits.schema = model.schema;
  FlowRecorder recorder(run.steps);
  run.observers = {&recorder};
  fit(fresh, splits, run);
  return flow_picture(recorder.flow(), svg::shortened("Gradient flow: " + model.text(), 110));
}

}  // namespace

std::vector<PictureFile> model_pictures(const Model& model, const Dataset& data,
                                        const std::vector<std::int32_t>& batch,
                                        const PictureOptions& options) {
  std::vector<PictureFile> files;
  add_weights(model, files);
  if (data.image.rank() == 2 && data.image.size() == model.features().size() &&
      data.image[0] <= 512 && data.image[1] <= 512) {
    const auto count = std::min(batch.size(), static_cast<std::size_t>(options.samples));
    files.push_back(
        {"input-gradient.png",
         input_gradients(model, data,
                         {batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(count)})});
  }
  if (options.run.steps > 0)
    files.push_back({"gradient-flow.svg", record_flow(model, data, options.run).str()});
  if (model.features().size() == 2 && data.has_classes())
    files.push_back({"border.svg", border_picture(model, data, model.text()).str()});
  return files;
}

}  // namespace chainrule
