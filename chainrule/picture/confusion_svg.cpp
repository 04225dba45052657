#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/picture/curves.h"
#include "chainrule/picture/svg.h"

namespace chainrule {
namespace {

constexpr double kHead = 92, kMatrixMargin = 24, kEdge = 64;

/// A colour between white and `full`, for 0 to 1.
std::string cell_shade(std::array<int, 3> full, double amount) {
  std::string s = "#";
  for (const int channel : full) {
    const int mixed = 255 - static_cast<int>(std::lround((255 - channel) * amount));
    constexpr std::string_view kDigits = "0123456789abcdef";
    s += kDigits[static_cast<std::size_t>(mixed / 16)];
    s += kDigits[static_cast<std::size_t>(mixed % 16)];
  }
  return s;
}

std::string percent(double part) { return svg::decimals(part * 100, 1) + " %"; }

/// What the squares of the picture show: one class each, or so many neighbouring classes that the
/// picture stays small.
struct Squares {
  static constexpr Index kMost = 100;

  explicit Squares(const Confusion& c)
      : group((c.classes() + kMost - 1) / kMost),
        count(c.classes() == 0 ? 0 : (c.classes() + group - 1) / group),
        rows(static_cast<std::size_t>(count * count), 0),
        right(static_cast<std::size_t>(count), 0),
        all(static_cast<std::size_t>(count), 0) {
    for (Index truth = 0; truth < c.classes(); ++truth)
      for (Index p = 0; p < c.classes(); ++p) {
        const std::int64_t n = c(truth, p);
        rows[static_cast<std::size_t>(truth / group * count + p / group)] += n;
        all[static_cast<std::size_t>(truth / group)] += n;
        if (p == truth) right[static_cast<std::size_t>(truth / group)] += n;
      }
    for (Index truth = 0; truth < count; ++truth)
      for (Index p = 0; p < count; ++p)
        if (p != truth) worst = std::max(worst, part(truth, p));
  }
  std::int64_t at(Index truth, Index p) const {
    return rows[static_cast<std::size_t>(truth * count + p)];
  }
  /// Of the rows of `truth`; on the diagonal those that are right.
  double part(Index truth, Index p) const {
    const auto t = static_cast<std::size_t>(truth);
    const std::int64_t n = p == truth ? right[t] : at(truth, p);
    return all[t] == 0 ? 0 : static_cast<double>(n) / static_cast<double>(all[t]);
  }

  Index group, count;
  std::vector<std::int64_t> rows, right, all;
  double worst = 0;  ///< the most frequent error
};

class ConfusionPicture {
 public:
  ConfusionPicture(const Confusion& confusion, std::span<const std::string> class_names,
                   std::string_view title)
      : confusion_(confusion),
        squares_(confusion),
        title_(title.empty() ? "Confusion matrix" : title) {
    const Index n = squares_.count;
    for (Index c = 0; c < n; ++c) labels_.push_back(label(c, class_names));
    std::size_t longest = 1;
    for (const std::string& text : labels_) longest = std::max(longest, text.size());
    cell_ = std::clamp(560.0 / static_cast<double>(std::max<Index>(n, 1)), 5.0, 46.0);
    const double name_width = 7.5 * static_cast<double>(longest) + 12;
    numbers_ = cell_ >= 22;
    slanted_ = 7.5 * static_cast<double>(longest) > cell_ - 4;
    left_ = std::max(kMatrixMargin + 20 + name_width, 84.0);
    top_ = kHead + (slanted_ ? name_width : 14);
    size_ = cell_ * static_cast<double>(n);
  }

  std::string str() const {
    const double width = std::max(left_ + size_ + kEdge + kMatrixMargin, 360.0);
    const double height = top_ + size_ + (numbers_ ? 18 : 0) + kMatrixMargin;
    const std::int64_t rows = confusion_.rows();
    std::string counted = cat(grouped(rows), rows == 1 ? " row" : " rows", ", ",
                              percent(rows == 0 ? 0 : confusion_.accuracy()), " right");
    if (squares_.group > 1)
      counted += cat("; each square stands for ", squares_.group, " by ", squares_.group, " of ",
                     grouped(confusion_.classes()), " classes");
    svg::Picture picture(width, height, title_, counted + ".");
    picture.text(kMatrixMargin, 32, "start", title_, "font-size=\"16\" fill=\"#222\"");
    picture.text(kMatrixMargin, 52, "start", counted, "fill=\"#555\"");
    picture.text(left_ + size_ / 2, kHead - 12, "middle", "predicted",
                 "fill=\"#555\" font-size=\"12\"");
    picture.text(kMatrixMargin + 4, top_ + size_ / 2, "middle", "true",
                 "fill=\"#555\" font-size=\"12\"", -90);
    add_names(picture);
    for (Index truth = 0; truth < squares_.count; ++truth)
      for (Index p = 0; p < squares_.count; ++p) add_square(picture, truth, p);
    picture.rect(left_, top_, size_, size_, "fill=\"none\" stroke=\"#555\"");
    if (numbers_) add_scores(picture);
    return picture.str();
  }

 private:
  std::string label(Index square, std::span<const std::string> names) const {
    const auto name = [&](Index c) {
      return c < static_cast<Index>(names.size()) ? names[static_cast<std::size_t>(c)]
                                                  : std::to_string(c);
    };
    constexpr std::size_t kLongest = 20;
    const Index first = square * squares_.group;
    const Index last = std::min(first + squares_.group, confusion_.classes()) - 1;
    if (first == last) return svg::shortened(name(first), kLongest);
    return svg::shortened(name(first), kLongest / 2) + "–" +
           svg::shortened(name(last), kLongest / 2);
  }

  double middle(Index c) const { return (static_cast<double>(c) + 0.5) * cell_; }

  void add_names(svg::Picture& picture) const {
    const std::string style =
        cat("fill=\"#222\" font-size=\"", std::min(13.0, std::max(cell_ * 0.9, 10.0)), "\"");
    // Names stand beside every row, or every few rows when these are lower than a letter.
    const Index every = static_cast<Index>(std::ceil(14 / cell_));
    for (Index c = 0; c < squares_.count; c += every) {
      const std::string& text = labels_[static_cast<std::size_t>(c)];
      picture.text(left_ - 8, top_ + middle(c) + 4.5, "end", text, style);
      if (slanted_)
        picture.text(left_ + middle(c) + 4.5, top_ - 8, "start", text, style, -90);
      else
        picture.text(left_ + middle(c), top_ - 8, "middle", text, style);
    }
  }

  void add_square(svg::Picture& picture, Index truth, Index p) const {
    constexpr std::array<int, 3> kRight{0, 114, 178}, kWrong{213, 94, 0};
    const std::int64_t count = squares_.at(truth, p);
    if (count == 0 && !numbers_) return;  // white, as the ground is
    const double x = left_ + static_cast<double>(p) * cell_;
    const double y = top_ + static_cast<double>(truth) * cell_;
    const double part = squares_.part(truth, p);
    // Rare errors must be seen too: their shade is relative to the most frequent error.
    const double amount = p == truth   ? 0.85 * part
                          : count == 0 ? 0
                                       : 0.1 + 0.7 * part / squares_.worst;
    picture.rect(x, y, cell_, cell_,
                 cat("fill=\"", cell_shade(p == truth ? kRight : kWrong, amount),
                     "\" stroke=\"#e6e6e6\" stroke-width=\"", numbers_ ? 1 : 0.5, "\""));
    if (!numbers_ || count == 0) return;
    const std::string text = grouped(count);
    const double font = std::min(13.0, (cell_ - 4) / (0.58 * static_cast<double>(text.size())));
    picture.text(x + cell_ / 2, y + cell_ / 2 + font * 0.35, "middle", text,
                 cat("font-size=\"", font, "\" fill=\"",
                     p == truth && amount > 0.45 ? "#fff" : "#222", "\""));
  }

  void add_scores(svg::Picture& picture) const {
    const std::string_view style = "fill=\"#555\" font-size=\"11\"";
    picture.text(left_ + size_ + 8, top_ - 8, "start", "recall", style);
    picture.text(left_ - 8, top_ + size_ + 17, "end", "precision", style);
    for (Index c = 0; c < squares_.count; ++c) {
      const ClassScore score = confusion_.score(c);
      picture.text(left_ + size_ + 8, top_ + middle(c) + 4, "start", percent(score.recall), style);
      picture.text(left_ + middle(c), top_ + size_ + 17, "middle",
                   svg::decimals(score.precision * 100, 1), style);
    }
  }

  const Confusion& confusion_;
  Squares squares_;
  std::string title_;
  std::vector<std::string> labels_;
  double cell_ = 0, left_ = 0, top_ = 0, size_ = 0;
  bool numbers_ = false, slanted_ = false;
};

}  // namespace

std::string confusion_svg(const Confusion& confusion, std::span<const std::string> class_names,
                          std::string_view title) {
  return ConfusionPicture(confusion, class_names, title).str();
}

}  // namespace chainrule
