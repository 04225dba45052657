#include "chainrule/data/file_kind.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "chainrule/core/error.h"
#include "chainrule/data/encoding.h"

namespace chainrule::data {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kBeginning = 1 << 16;

bool is_zip(std::string_view s) {
  return s.starts_with("PK\x03\x04") || s.starts_with("PK\x05\x06") || s.starts_with("PK\x07\x08");
}

/// The header of a safetensors file: its length in 8 bytes, then JSON.
bool is_safetensors(std::string_view s) {
  std::uint64_t length = 0;
  if (s.size() < sizeof length + 2 || s[sizeof length] != '{') return false;
  std::memcpy(&length, s.data(), sizeof length);
  return length >> 32 == 0;
}

/// Two zeros, the type of the elements, the number of axes.
bool is_idx(std::string_view s) {
  return s.size() >= 4 && s[0] == 0 && s[1] == 0 && s[2] >= 0x08 && s[2] <= 0x0e && s[3] > 0 &&
         s[3] <= 8;
}

/// Protobuf of ONNX begins with the version of the representation: field 1, a small number.
bool is_onnx(std::string_view s) { return s.size() >= 4 && s[0] == 0x08 && s[1] > 0 && s[1] < 64; }

bool is_picture(std::string_view s) {
  return s.starts_with("\x89PNG") || s.starts_with("\xff\xd8\xff") || s.starts_with("P2\n") ||
         s.starts_with("P5\n") || s.starts_with("P2 ") || s.starts_with("P5 ") ||
         (s.starts_with("BM") && s.size() > 14 && s.substr(6, 4) == "\0\0\0\0"sv);
}

bool starts_with_word(std::string_view line, std::string_view word) {
  return line.size() >= word.size() &&
         std::equal(word.begin(), word.end(), line.begin(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
}

/// The next line that is not blank and does not begin with one of `comments`, without blanks around
/// it; empty at the end.
std::string_view next_line(std::string_view& rest, std::string_view comments) {
  constexpr std::string_view kBlanks = " \t\r\n";
  while (true) {
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
    const std::string_view line = rest.substr(0, rest.find_first_of("\r\n"));
    rest.remove_prefix(line.size());
    if (line.empty() || comments.find(line[0]) == comments.npos)
      return line.substr(0, line.find_last_not_of(kBlanks) + 1);
  }
}

bool is_arff(std::string_view s) {
  if (s.starts_with("\xef\xbb\xbf")) s.remove_prefix(3);
  const std::string_view line = next_line(s, "%");
  return starts_with_word(line, "@relation") || starts_with_word(line, "@attribute");
}

/// "1.5 3:0.25 7:1": a number, then pairs of a whole number and a number.
bool is_libsvm_line(std::string_view line, bool& pairs) {
  constexpr std::string_view kNumber = "0123456789.+-eE,naifNAIF";
  std::size_t words = 0;
  for (std::size_t at = 0; at < line.size(); ++words) {
    const std::size_t end = std::min(line.find_first_of(" \t", at), line.size());
    const std::string_view word = line.substr(at, end - at);
    at = std::min(line.find_first_not_of(" \t", end), line.size());
    if (word[0] == '#') break;
    const std::size_t colon = word.find(':');
    if ((words == 0) != (colon == word.npos)) return false;
    if (words == 0) {
      if (word.find_first_not_of(kNumber) != word.npos) return false;
      continue;
    }
    pairs = true;
    const std::string_view index = word.substr(0, colon), value = word.substr(colon + 1);
    if (index != "qid" && (index.empty() || index.find_first_not_of("0123456789") != index.npos))
      return false;
    if (value.empty() || value.find_first_not_of(kNumber) != value.npos) return false;
  }
  return words > 0;
}

/// The first lines are all of that kind, and one at least has pairs.
bool is_libsvm(std::string_view s) {
  bool pairs = false;
  for (int lines = 0; lines < 20; ++lines) {
    const std::string_view line = next_line(s, "#");
    if (line.empty()) return pairs;
    const bool cut = s.empty() && lines > 0;  // perhaps in the middle
    if (!cut && !is_libsvm_line(line, pairs)) return false;
  }
  return pairs;
}

/// No control character among the first ones but those that text has. A few zeros make a damaged
/// table, of which its reader names the line.
bool is_text(std::string_view bytes) {
  const std::string_view sample = bytes.substr(0, 4096);
  const auto zeros = static_cast<std::size_t>(std::ranges::count(sample, '\0'));
  if (5 * zeros > sample.size()) {
    try {
      find_encoding(sample, "");  // UTF-16
      return true;
    } catch (const DataError&) {
      return false;
    }
  }
  return std::ranges::all_of(sample, [](char c) {
    // What commands a terminal may stand in a text; it is not shown as it is.
    constexpr std::string_view kOfText("\n\r\t\f\a\b\x1b\0", 8);
    return static_cast<unsigned char>(c) >= ' ' ? c != 0x7f : kOfText.find(c) != kOfText.npos;
  });
}

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What lies in an archive: its files' names stand in it as they are.
std::string archive_hint(std::string_view s) {
  const auto holds = [&](std::string_view name) {
    return s.substr(0, kBeginning).find(name) != s.npos ||
           s.substr(s.size() - std::min(s.size(), kBeginning)).find(name) != s.npos;
  };
  if (holds("data.pkl"))
    return "a file of PyTorch (.pt), which only Python reads: save arrays by numpy.savez(file, "
           "x=x.numpy(), y=y.numpy()), weights by safetensors.torch.save_file(model.state_dict(), "
           "file)";
  if (holds("xl/workbook")) return "a workbook (.xlsx): save the sheet as CSV";
  if (holds("mimetypeapplication/vnd.oasis")) return "a spreadsheet (.ods): save the sheet as CSV";
  if (holds(".npy") || s.starts_with("PK\x05\x06")) return "";
  return "a ZIP archive of no arrays: unpack it";
}

}  // namespace

std::string how_to_convert(std::span<const std::uint8_t> bytes) {
  const std::string_view s = text_of(bytes);
  if (is_zip(s)) return archive_hint(s);
  if (s.starts_with("\x89HDF\r\n\x1a\n"))
    return "an HDF5 file (.h5): in Python, numpy.savez(file, x=f['x'][:], y=f['y'][:]) of "
           "f = h5py.File(...) makes an .npz";
  if (s.starts_with("PAR1"))
    return "a Parquet file: in Python, pandas.read_parquet(file).to_csv('table.csv', index=False) "
           "makes a CSV";
  if (s.starts_with("ARROW1") || s.starts_with("FEA1"))
    return "a Feather file: in Python, pandas.read_feather(file).to_csv('table.csv', index=False) "
           "makes a CSV";
  if (s.starts_with("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
    return "a workbook (.xls): save the sheet as CSV";
  if (s.starts_with("MATLAB 5.0"))
    return "a file of MATLAB (.mat): in Python, scipy.io.loadmat(file) reads it and numpy.savez "
           "makes an .npz";
  if (s.size() > 2 && s[0] == '\x80' && s[1] >= 2 && s[1] <= 5)
    return "a pickle (.pkl, or an old .pt), which only Python reads: save arrays by "
           "numpy.savez(file, x=x, y=y), tables by to_csv, weights of PyTorch by "
           "safetensors.torch.save_file(model.state_dict(), file)";
  if (s.starts_with("SQLite format 3"))
    return "a database of SQLite: 'sqlite3 -header -csv FILE \"select ...\"' writes a CSV";
  if (s.starts_with("%PDF")) return "a PDF document: a table as CSV is needed";
  if (s.starts_with("\xfd"
                    "7zXZ") ||
      s.starts_with("BZh") || s.starts_with("\x28\xb5\x2f\xfd") || s.starts_with("7z\xbc\xaf"))
    return "packed in a way that is not read (only gzip is): unpack it";
  if (s.size() > 262 && s.substr(257, 5) == "ustar") return "a tar archive: unpack it";
  if (s.starts_with("GIF8") || s.starts_with("RIFF") || s.starts_with("II*\0"sv) ||
      s.starts_with("MM\0*"sv))
    return "a picture of a kind that is not read: save it as PNG or JPEG";
  return "";
}

FileKind file_kind(std::span<const std::uint8_t> bytes, const std::string& name) {
  const std::string_view s = text_of(bytes), beginning = s.substr(0, kBeginning);
  if (s.empty()) throw DataError(name + ": the file is empty");
  if (s.starts_with("\x93NUMPY")) return FileKind::npy;
  if (is_picture(s)) return FileKind::picture;
  if (!how_to_convert(bytes).empty()) return FileKind::foreign;
  if (is_zip(s)) return FileKind::npz;
  if (is_safetensors(s)) return FileKind::safetensors;
  if (is_idx(s)) return FileKind::idx;
  if (is_onnx(s)) return FileKind::onnx;
  if (is_arff(beginning)) return FileKind::arff;
  if (is_libsvm(beginning)) return FileKind::libsvm;
  return is_text(s) ? FileKind::table : FileKind::unknown;
}

}  // namespace chainrule::data
