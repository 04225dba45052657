// JPEG by libjpeg(-turbo): https://libjpeg-turbo.org/Documentation
#include "chainrule/core/error.h"
#include "chainrule/data/raster.h"

#ifdef CHAINRULE_HAVE_JPEG
#include <array>
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it before itself
#include <jerror.h>
#include <jpeglib.h>

#include "chainrule/core/plain_text.h"

namespace chainrule::data {
namespace {

/// libjpeg's errors leave by longjmp, past nothing that has a destructor: the frames between are
/// libjpeg's own.
struct Stop : jpeg_error_mgr {
  std::jmp_buf place;
  std::array<char, JMSG_LENGTH_MAX> message;
};

[[noreturn]] void stop(j_common_ptr info) {
  auto* const s = static_cast<Stop*>(info->err);
  s->format_message(info, s->message.data());
  std::longjmp(s->place, 1);
}

/// A warning means that pixels are missing, except for bytes between markers, which are frequent.
void warn(j_common_ptr info, int level) {
  if (level < 0 && info->err->msg_code != JWRN_EXTRANEOUS_DATA &&
      info->err->msg_code != JWRN_ADOBE_XFORM && info->err->msg_code != JWRN_JFIF_MAJOR)
    stop(info);
}

void say_nothing(j_common_ptr) {}

/// A file of many passes over the same pixels would take as long as it likes.
void count_scans(j_common_ptr info) {
  constexpr int kMostScans = 100;
  auto* const d = reinterpret_cast<j_decompress_ptr>(info);
  if (d->input_scan_number > kMostScans) ERREXIT(info, JERR_BAD_PROGRESSION);
}

/// All that libjpeg holds while it decodes. No object with a destructor is made between setjmp and
/// what may leave by longjmp.
class Decoder {
 public:
  Decoder() {
    info_.err = jpeg_std_error(&stop_);
    stop_.error_exit = stop;
    stop_.emit_message = warn;
    stop_.output_message = say_nothing;
  }
  ~Decoder() {
    if (made_) jpeg_destroy_decompress(&info_);
  }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  bool open(const Bytes& file, bool colour) {
    constexpr long kMostMemory = 48L << 20;  // of coefficients, in files of several passes
    if (setjmp(stop_.place) != 0) return false;
    jpeg_create_decompress(&info_);
    made_ = true;
    info_.mem->max_memory_to_use = kMostMemory;
    progress_ = {};
    progress_.progress_monitor = count_scans;
    info_.progress = &progress_;
    jpeg_mem_src(&info_, file.data(), static_cast<unsigned long>(file.size()));
    jpeg_read_header(&info_, TRUE);
    const bool coloured = info_.num_components == 3;
    info_.out_color_space = colour && coloured ? JCS_RGB : JCS_GRAYSCALE;
    return true;
  }
  /// Larger pictures are decoded at a half, a quarter or an eighth of their size.
  bool start(Index most_pixels) {
    if (setjmp(stop_.place) != 0) return false;
    for (info_.scale_num = 1, info_.scale_denom = 1; info_.scale_denom < 8;
         info_.scale_denom *= 2) {
      jpeg_calc_output_dimensions(&info_);
      if (Index{info_.output_width} * Index{info_.output_height} <= most_pixels) break;
    }
    jpeg_start_decompress(&info_);
    return true;
  }
  bool read(std::uint8_t* to) {
    if (setjmp(stop_.place) != 0) return false;
    const std::size_t line =
        std::size_t{info_.output_width} * static_cast<std::size_t>(info_.output_components);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = to + info_.output_scanline * line;
      jpeg_read_scanlines(&info_, &row, 1);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  const jpeg_decompress_struct& info() const { return info_; }
  std::string problem() const { return without_controls(stop_.message.data()); }

 private:
  Stop stop_{};
  jpeg_progress_mgr progress_{};
  jpeg_decompress_struct info_{};
  bool made_ = false;
};

}  // namespace

Raster read_jpeg(const Bytes& file, const std::string& name, bool colour) {
  // Of a blank picture of several passes; others have far less.
  constexpr std::uint64_t kMostPerByte = 250;
  Decoder decoder;
  const auto refuse = [&] {
    throw DataError(cat(name, ": the JPEG file cannot be read: ", decoder.problem()));
  };
  if (!decoder.open(file, colour)) refuse();
  const jpeg_decompress_struct& info = decoder.info();
  check_size(name, info.image_height, info.image_width, false);
  if (std::uint64_t{info.image_height} * info.image_width > kMostPerByte * file.size())
    throw DataError(
        cat(name, ": too short for ", info.image_width, " x ", info.image_height, " pixels"));
  if (info.num_components != 1 && info.num_components != 3)
    throw DataError(cat(name, ": a JPEG picture of ", info.num_components,
                        " colours (CMYK?), expected grey or three"));
  if (!decoder.start(kMostInColour)) refuse();
  Raster r{info.output_height, info.output_width, info.output_components, {}};
  r.pixels.resize(static_cast<std::size_t>(r.height * r.width * r.channels));
  if (!decoder.read(r.pixels.data())) refuse();
  return r;
}

}  // namespace chainrule::data

#else

namespace chainrule::data {

Raster read_jpeg(const Bytes&, const std::string& name, bool) {
  throw DataError(cat(name, ": this build reads no JPEG, convert the picture to PNG or BMP"));
}

}  // namespace chainrule::data
#endif
