#include "chainrule/train/tensorboard.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/core/plain_text.h"
#ifdef CHAINRULE_HAVE_PROTOZERO
#include "chainrule/io/protozero-inl.h"
#endif

namespace chainrule {

#ifdef CHAINRULE_HAVE_PROTOZERO

namespace {

/// Castagnoli's polynomial, reflected.
std::uint32_t crc32c(std::string_view bytes) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> t{};
    for (std::uint32_t i = 0; i < t.size(); ++i) {
      std::uint32_t c = i;
      for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ ((c & 1) != 0 ? 0x82f63b78U : 0);
      t[i] = c;
    }
    return t;
  }();
  std::uint32_t crc = ~0U;
  for (const char byte : bytes)
    crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  return ~crc;
}

/// As TensorFlow masks it, so that the CRC of data with a CRC in it is not special.
std::uint32_t masked_crc(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

template <class T>
std::string_view raw(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

/// Event: wall_time 1, step 2, file_version 3, summary 5. Summary: value 1. Value: tag 1,
/// simple_value 2, histo 5.
constexpr protozero::pbf_tag_type kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5,
                                  kValue = 1, kTag = 1, kSimpleValue = 2, kHistogram = 5;

double wall_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "host";
}

/// HistogramProto: min 1, max 2, num 3, sum 4, sum_squares 5, bucket_limit 6, bucket 7.
void add_histogram(protozero::pbf_writer out, std::span<const float> values) {
  constexpr std::size_t kBuckets = 30;
  const auto [least, most] = std::ranges::minmax(values);
  const double low = static_cast<double>(least), high = static_cast<double>(most);
  const double width = high > low ? (high - low) / kBuckets : 1;
  std::vector<double> limits, counts(kBuckets, 0);
  for (std::size_t i = 1; i <= kBuckets; ++i)
    limits.push_back(low + static_cast<double>(i) * width);
  double sum = 0, squares = 0;
  for (const float v : values) {
    const double x = static_cast<double>(v);
    sum += x, squares += x * x;
    counts[std::min(kBuckets - 1, static_cast<std::size_t>((x - low) / width))] += 1;
  }
  out.add_double(1, low);
  out.add_double(2, high);
  out.add_double(3, static_cast<double>(values.size()));
  out.add_double(4, sum);
  out.add_double(5, squares);
  out.add_packed_double(6, limits.begin(), limits.end());
  out.add_packed_double(7, counts.begin(), counts.end());
}

}  // namespace

struct TensorBoard::Writer {
  explicit Writer(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    const std::string name = cat("events.out.tfevents.", static_cast<std::int64_t>(wall_time()),
                                 ".", host_name(), ".", static_cast<std::int64_t>(getpid()));
    for (int i = 0; fd < 0; ++i) {
      path = folder / (i == 0 ? name : cat(name, ".", i));
      fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (fd < 0 && errno != EEXIST) fail();
    }
    event([](protozero::pbf_writer& e) { e.add_string(kFileVersion, "brain.Event:2"); });
    flush();
  }

  ~Writer() {
    try {
      flush();  // what a run that ends with an error has shown last
    } catch (...) {
    }
    ::close(fd);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// A record of one event, which `fill` fills.
  template <class Fill>
  void event(Fill fill) {
    std::string data;
    protozero::pbf_writer writer(data);
    writer.add_double(kWallTime, wall_time());
    fill(writer);
    const std::uint64_t length = data.size();
    pending += raw(length);
    pending += raw(masked_crc(raw(length)));
    pending += data;
    pending += raw(masked_crc(data));
    constexpr std::size_t kEnough = 1 << 16;
    if (pending.size() > kEnough) flush();
  }

  void scalar(std::int64_t step, const std::string& tag, double number) {
    if (std::isnan(number)) return;  // not measured
    value(step, tag,
          [&](protozero::pbf_writer& v) { v.add_float(kSimpleValue, static_cast<float>(number)); });
  }

  void histogram(std::int64_t step, const std::string& tag, std::span<const float> values) {
    const auto is_finite = [](float x) { return std::isfinite(x); };
    if (values.empty() || !std::ranges::all_of(values, is_finite)) return;
    value(step, tag, [&](protozero::pbf_writer& v) {
      add_histogram(protozero::pbf_writer(v, kHistogram), values);
    });
  }

  void flush() {
    std::string_view left = pending;
    while (!left.empty()) {
      const ssize_t n = ::write(fd, left.data(), left.size());
      if (n < 0 && errno != EINTR) fail();
      if (n > 0) left.remove_prefix(static_cast<std::size_t>(n));
    }
    pending.clear();
  }

  std::filesystem::path path;
  int fd = -1;
  std::string pending;  ///< since the last flush()
  const Model* model = nullptr;

 private:
  [[noreturn]] void fail() const {
    throw DataError(cat("cannot write '", path.string(), "': ", std::strerror(errno)));
  }

  template <class Fill>
  void value(std::int64_t step, const std::string& tag, Fill fill) {
    event([&](protozero::pbf_writer& e) {
      e.add_int64(kStep, step);
      protozero::pbf_writer summary(e, kSummary);
      protozero::pbf_writer entry(summary, kValue);
      entry.add_string(kTag, without_controls(tag));
      fill(entry);
    });
  }
};

bool TensorBoard::available() { return true; }

TensorBoard::TensorBoard(const std::filesystem::path& folder, TensorBoardOptions options)
    : writer_(std::make_unique<Writer>(folder)), options_(options) {}

void TensorBoard::on_start(const RunInfo& info) { writer_->model = &info.model; }

void TensorBoard::on_step(const StepInfo& info) {
  tape_ = &info.tape;
  if (options_.every_steps <= 0 || info.step % options_.every_steps != 0) return;
  writer_->scalar(info.step, "loss/step", info.loss);
  writer_->scalar(info.step, "learning_rate", info.lr);
}

void TensorBoard::on_epoch(const EpochInfo& info) {
  Writer& w = *writer_;
  const EpochRow& row = info.row;
  const auto add = [&](const char* part, const Score& score) {
    w.scalar(row.step, cat("loss/", part), score.loss);
    w.scalar(row.step, cat("accuracy/", part), score.accuracy);
  };
  add("train", row.train), add("validation", row.validation), add("test", row.test);
  w.scalar(row.step, "epoch", static_cast<double>(row.epoch));
  if (options_.histograms) {
    const Graph& graph = w.model->graph();
    for (const int id : graph.params()) {
      const Node& node = graph.node(id);
      if (!node.param_options.trainable) continue;
      w.histogram(row.step, node.name, w.model->params()[node.param].span());
      if (tape_ != nullptr)
        w.histogram(row.step, cat("gradient/", node.name),
                    tape_->grad(w.model->graph().var(id)).span());
    }
  }
  w.flush();
}

const std::filesystem::path& TensorBoard::file() const { return writer_->path; }

#else

struct TensorBoard::Writer {
  std::filesystem::path path;
};

bool TensorBoard::available() { return false; }
TensorBoard::TensorBoard(const std::filesystem::path&, TensorBoardOptions) {
  throw Error(
      "TensorBoard files need protozero, which was not there when this was built (Debian's "
      "package libprotozero-dev)");
}
void TensorBoard::on_start(const RunInfo&) {}
void TensorBoard::on_step(const StepInfo&) {}
void TensorBoard::on_epoch(const EpochInfo&) {}
const std::filesystem::path& TensorBoard::file() const { return writer_->path; }

#endif

TensorBoard::~TensorBoard() = default;

}  // namespace chainrule
