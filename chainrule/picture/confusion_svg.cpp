#include <algorithm>
#include <array>
#include <cmath>
#include <string>

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

}  // namespace

std::string confusion_svg(const Confusion& confusion, std::span<const std::string> class_names,
                          std::string_view title) {
  constexpr std::array<int, 3> kRight{0, 114, 178}, kWrong{213, 94, 0};
  const Index n = confusion.classes();
  const auto label = [&](Index c) {
    return c < static_cast<Index>(class_names.size())
               ? svg::shortened(class_names[static_cast<std::size_t>(c)], 20)
               : std::to_string(c);
  };
  std::size_t longest = 1;
  for (Index c = 0; c < n; ++c) longest = std::max(longest, label(c).size());
  const double cell = std::clamp(560.0 / static_cast<double>(std::max<Index>(n, 1)), 5.0, 46.0);
  const double name_width = 7.5 * static_cast<double>(longest) + 12;
  const bool numbers = cell >= 22;
  const bool slanted = 7.5 * static_cast<double>(longest) > cell - 4;
  // Names stand beside every row, or every few rows when these are lower than a letter.
  const Index every = static_cast<Index>(std::ceil(14 / cell));
  const double left = std::max(kMatrixMargin + 20 + name_width, 84.0),
               top = kHead + (slanted ? name_width : 14);
  const double size = cell * static_cast<double>(n);
  const double width = std::max(left + size + kEdge + kMatrixMargin, 360.0);
  const double height = top + size + (numbers ? 18 : 0) + kMatrixMargin;

  const std::string heading(title.empty() ? "Confusion matrix" : title);
  const std::int64_t rows = confusion.rows();
  const std::string counted = cat(grouped(rows), rows == 1 ? " row" : " rows", ", ",
                                  percent(rows == 0 ? 0 : confusion.accuracy()), " right");
  svg::Picture picture(width, height, heading, counted + ".");
  picture.text(kMatrixMargin, 32, "start", heading, "font-size=\"16\" fill=\"#222\"");
  picture.text(kMatrixMargin, 52, "start", counted, "fill=\"#555\"");
  picture.text(left + size / 2, kHead - 12, "middle", "predicted",
               "fill=\"#555\" font-size=\"12\"");
  picture.text(kMatrixMargin + 4, top + size / 2, "middle", "true",
               "fill=\"#555\" font-size=\"12\"", -90);

  const std::string name_style =
      cat("fill=\"#222\" font-size=\"", std::min(13.0, std::max(cell * 0.9, 10.0)), "\"");
  for (Index c = 0; c < n; c += every) {
    const double middle = (static_cast<double>(c) + 0.5) * cell;
    picture.text(left - 8, top + middle + 4.5, "end", label(c), name_style);
    if (slanted)
      picture.text(left + middle + 4.5, top - 8, "start", label(c), name_style, -90);
    else
      picture.text(left + middle, top - 8, "middle", label(c), name_style);
  }
  double worst = 0;
  for (Index truth = 0; truth < n; ++truth) {
    const std::int64_t all = confusion.score(truth).rows;
    for (Index p = 0; p < n; ++p)
      if (p != truth && all > 0)
        worst =
            std::max(worst, static_cast<double>(confusion(truth, p)) / static_cast<double>(all));
  }
  for (Index truth = 0; truth < n; ++truth) {
    const double all = static_cast<double>(confusion.score(truth).rows);
    for (Index p = 0; p < n; ++p) {
      const std::int64_t count = confusion(truth, p);
      const double x = left + static_cast<double>(p) * cell;
      const double y = top + static_cast<double>(truth) * cell;
      const double part = all == 0 ? 0 : static_cast<double>(count) / all;
      // Rare errors must be seen too: their shade is relative to the most frequent error.
      const double amount = p == truth ? 0.85 * part : count == 0 ? 0 : 0.1 + 0.7 * part / worst;
      picture.rect(x, y, cell, cell,
                   cat("fill=\"", cell_shade(p == truth ? kRight : kWrong, amount),
                       "\" stroke=\"#e6e6e6\" stroke-width=\"", numbers ? 1 : 0.5, "\""));
      if (numbers && count > 0) {
        const std::string text = grouped(count);
        const double font = std::min(13.0, (cell - 4) / (0.58 * static_cast<double>(text.size())));
        picture.text(x + cell / 2, y + cell / 2 + font * 0.35, "middle", text,
                     cat("font-size=\"", font, "\" fill=\"",
                         p == truth && amount > 0.45 ? "#fff" : "#222", "\""));
      }
    }
  }
  picture.rect(left, top, size, size, "fill=\"none\" stroke=\"#555\"");
  if (numbers) {
    const std::string_view style = "fill=\"#555\" font-size=\"11\"";
    picture.text(left + size + 8, top - 8, "start", "recall", style);
    picture.text(left - 8, top + size + 17, "end", "precision", style);
    for (Index c = 0; c < n; ++c) {
      const ClassScore score = confusion.score(c);
      const double middle = (static_cast<double>(c) + 0.5) * cell;
      picture.text(left + size + 8, top + middle + 4, "start", percent(score.recall), style);
      picture.text(left + middle, top + size + 17, "middle",
                   svg::decimals(score.precision * 100, 1), style);
    }
  }
  return picture.str();
}

}  // namespace chainrule
