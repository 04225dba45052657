#include "cli/predict_rows.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <numeric>
#include <string_view>

#include "chainrule/data/array_rows.h"
#include "chainrule/data/csv.h"
#include "chainrule/data/file.h"
#include "chainrule/data/image.h"
#include "chainrule/data/npy.h"
#include "cli/format.h"

namespace chainrule::cli {
namespace {

enum class FileKind { picture, array, text };

FileKind kind_of(const std::string& file) {
  if (file == "-") return FileKind::text;
  // A picture that is damaged is refused as such.
  for (const char* ending : {".png", ".pgm", ".jpg", ".jpeg", ".bmp"})
    if (ends_with(file, ending)) return FileKind::picture;
  std::array<char, 8> bytes{};
  std::ifstream(file, std::ios::binary).read(bytes.data(), bytes.size());
  const std::string_view start(bytes.data(), bytes.size());
  if (start.starts_with("\x93NUMPY")) return FileKind::array;
  const bool netpbm = start[0] == 'P' && start[1] >= '1' && start[1] <= '6' &&
                      std::string_view(" \t\r\n#").find(start[2]) != std::string_view::npos;
  const bool picture = netpbm || start.starts_with("\x89PNG") ||
                       start.starts_with("\xff\xd8\xff") ||
                       (start.starts_with("BM") && start[6] == '\0');
  return picture ? FileKind::picture : FileKind::text;
}

/// One line of numbers; false when a word of it is none.
bool parse_numbers(std::string_view line, std::vector<float>& numbers) {
  constexpr std::string_view kSeparators = ",; \t\r";
  for (std::size_t begin = 0; (begin = line.find_first_not_of(kSeparators, begin)) != line.npos;) {
    const std::size_t end = std::min(line.find_first_of(kSeparators, begin), line.size());
    float value = 0;
    const auto [stop, error] = std::from_chars(line.data() + begin, line.data() + end, value);
    if (error != std::errc{} || stop != line.data() + end || !std::isfinite(value)) return false;
    numbers.push_back(value);
    begin = end;
  }
  return true;
}

class Reader {
 public:
  Reader(const Model& model, const TableFlags& table, data::Missing missing, bool show,
         const Terminal& out)
      : model_(model), table_(table), missing_(missing), show_(show), out_(out) {}

  void read(const std::string& file) {
    switch (kind_of(file)) {
      case FileKind::picture:
        return read_picture(file);
      case FileKind::array: {
        Dataset data = data::npy(file);
        data::prepare_rows(model_.schema, data);
        return take(data, file);
      }
      case FileKind::text:
        return model_.schema.has_columns() ? read_table(file) : read_plain_rows(file);
    }
  }

  AskedRows asked;

 private:
  void take(const Dataset& data, const std::string& file) {
    const Index width = model_.features().size();
    if (data.rows() > 0 && data.features.size() != width)
      throw DataError(cat(file, ": a row has ", counted(data.features.size(), "number"),
                          ", the model expects ", grouped(width)));
    std::vector<std::int32_t> order(static_cast<std::size_t>(data.rows()));
    std::iota(order.begin(), order.end(), 0);
    const std::size_t before = asked.features.size();
    asked.features.resize(before + static_cast<std::size_t>(data.rows() * width));
    data.gather<float>(order, std::span(asked.features).subspan(before));
    for (Index r = 0; r < data.rows(); ++r)
      asked.rows.push_back(
          {file, data.origin.empty() ? r + 1 : data.origin[static_cast<std::size_t>(r)] + 1});
    asked.notes.insert(asked.notes.end(), data.notes.begin(), data.notes.end());
  }

  void read_table(const std::string& file) {
    std::vector<data::RefusedRow> refused;
    const Dataset data = data::apply(model_.schema, read_table_for(model_.schema, file, table_),
                                     {.target = false, .missing = missing_, .refused = &refused});
    const auto first = std::ssize(asked.rows);
    take(data, file);
    for (const data::RefusedRow& r : refused) {
      const auto place = std::ranges::lower_bound(asked.rows.begin() + first, asked.rows.end(),
                                                  r.row + 1, {}, &AskedRow::number);
      asked.rows.insert(place, {file, r.row + 1, r.why});
    }
  }

  /// For a model that knows no columns; a first line of names is skipped.
  void read_plain_rows(const std::string& file) {
    const data::Bytes bytes = data::read_plain_or_gzip(file == "-" ? "/dev/stdin" : file);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const std::size_t width = static_cast<std::size_t>(model_.features().size());
    std::vector<float> all;
    std::vector<AskedRow> rows;
    Index line_number = 0;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      std::vector<float> numbers;
      const bool ok = parse_numbers(text.substr(begin, end - begin), numbers);
      ++line_number;
      begin = end + 1;
      if ((!ok && line_number == 1) || (ok && numbers.empty())) continue;
      AskedRow& row = rows.emplace_back(AskedRow{file, std::ssize(rows) + 1});
      if (!ok)
        row.error = cat(file, ": line ", line_number, " holds something that is no number");
      else if (numbers.size() != width)
        row.error = cat(file, ": line ", line_number, " has ", numbers.size(),
                        " numbers, the model expects ", width);
      else
        all.insert(all.end(), numbers.begin(), numbers.end());
    }
    if (rows.empty()) throw DataError(cat(file, ": there are no rows of numbers"));
    data::prepare_numbers(model_.schema, ElementType::real, all, asked.notes);
    asked.rows.insert(asked.rows.end(), rows.begin(), rows.end());
    asked.features.insert(asked.features.end(), all.begin(), all.end());
  }

  void read_picture(const std::string& file) {
    const Shape size = model_.schema.picture();
    if (size.rank() == 0) throw DataError(cat(file, ": the model was not trained on pictures"));
    const data::Picture seen = data::as_input(data::read_picture(file), size);
    if (show_) {
      out_.line(out_.accent(file));
      out_.print(data::ascii(seen));
    }
    std::vector<float> pixels(seen.pixels.begin(), seen.pixels.end());
    data::prepare_numbers(model_.schema, ElementType::byte, pixels, asked.notes);
    asked.features.insert(asked.features.end(), pixels.begin(), pixels.end());
    asked.rows.push_back({file, 0});
  }

  const Model& model_;
  const TableFlags& table_;
  data::Missing missing_;
  bool show_;
  const Terminal& out_;
};

}  // namespace

AskedRows read_asked_rows(const Model& model, const std::vector<std::string>& files,
                          const TableFlags& table, data::Missing missing, bool show,
                          const Terminal& out) {
  Reader reader(model, table, missing, show, out);
  for (const std::string& file : files) {
    try {
      reader.read(file);
    } catch (const DataError& e) {
      reader.asked.errors.emplace_back(e.what());
    }
  }
  return std::move(reader.asked);
}

}  // namespace chainrule::cli
