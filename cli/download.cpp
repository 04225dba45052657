#include "cli/download.h"

#ifdef CHAINRULE_HAVE_CURL
#include <curl/curl.h>
#include <dlfcn.h>
#endif

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <fstream>
#include <span>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <type_traits>
#include <unistd.h>
#include <utility>

#include "chainrule/core/error.h"
#include "chainrule/files/atomic_file.h"
#include "chainrule/files/sha256.h"
#include "cli/format.h"

namespace chainrule::cli {
#ifdef CHAINRULE_HAVE_CURL
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr long kMostRedirects = 5;
constexpr std::uint64_t kLeastProgress = 1024;
/// Answers of one mirror that broke off, each after some bytes.
constexpr int kMostPieces = 100;

/// libcurl and the thirty libraries that it needs are loaded when something is fetched: linked,
/// they would add 50 ms to every start of the program.
struct Curl {
  decltype(&::curl_global_init) global_init = nullptr;
  decltype(&::curl_easy_init) easy_init = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&::curl_easy_setopt) easy_setopt = nullptr;
  decltype(&::curl_easy_perform) easy_perform = nullptr;
  decltype(&::curl_easy_strerror) easy_strerror = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;
  bool loaded = false;

  Curl() {
    void* library = nullptr;
    for (const char* name : {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.4.dylib"})
      if (library == nullptr) library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return;
    const auto find = [&](const char* name, auto& function) {
      function =
          reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(library, name));
      return function != nullptr;
    };
    loaded = find("curl_global_init", global_init) && find("curl_easy_init", easy_init) &&
             find("curl_easy_cleanup", easy_cleanup) && find("curl_easy_setopt", easy_setopt) &&
             find("curl_easy_perform", easy_perform) && find("curl_easy_strerror", easy_strerror) &&
             find("curl_slist_append", slist_append) &&
             find("curl_slist_free_all", slist_free_all) && global_init(CURL_GLOBAL_ALL) == 0;
  }
};

const Curl& curl() {
  static const Curl loaded;
  return loaded;
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

[[noreturn]] void cannot_write(const fs::path& path) {
  throw DataError(cat("cannot write '", path.string(), "': ", std::strerror(errno)));
}

/// NAME.part, and the name under which it will be known. One process at a time.
class PartialFile {
 public:
  explicit PartialFile(const fs::path& target)
      : target_(target), part_(target.string() + ".part"), tag_(target.string() + ".part.tag") {
    fd_ = ::open(part_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                 0666);
    if (fd_ < 0) cannot_write(part_);
    // The lock may have been had on a file that has got its name since.
    struct stat mine {
    }, named{};
    if (::fstat(fd_, &mine) == 0 && (!S_ISREG(mine.st_mode) || mine.st_nlink > 1)) {
      ::close(fd_);
      throw DataError(cat("'", part_.string(), "' is no file of a fetch that broke off"));
    }
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0 || ::fstat(fd_, &mine) != 0 ||
        ::lstat(part_.c_str(), &named) != 0 || mine.st_ino != named.st_ino) {
      ::close(fd_);
      throw DataError(cat("another process is fetching '", part_.string(), "'"));
    }
    const off_t end = ::lseek(fd_, 0, SEEK_END);
    if (end < 0) cannot_write(part_);
    size_ = static_cast<std::uint64_t>(end);
    std::ifstream in(tag_);
    std::getline(in, tag_url_) && std::getline(in, tag_text_);
  }
  ~PartialFile() {
    if (size_ == 0) remove();
    ::close(fd_);
  }
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  std::uint64_t size() const { return size_; }
  /// What the server called the state of the file from which the beginning came, else "".
  std::string tag(const std::string& url) const {
    return sha256(bytes_of(url)) == tag_url_ ? tag_text_ : "";
  }

  void begin_from_nothing(const std::string& url, const std::string& tag) {
    if (::ftruncate(fd_, 0) != 0) cannot_write(part_);
    size_ = 0;
    tag_url_ = sha256(bytes_of(url)), tag_text_ = tag;  // an address may hold a password
    if (tag.empty())
      ::unlink(tag_.c_str());
    else
      write_file(tag_, tag_url_ + "\n" + tag + "\n");
  }
  void append(const char* data, std::size_t count) {
    while (count > 0) {
      const ssize_t n = ::pwrite(fd_, data, count, static_cast<off_t>(size_));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) cannot_write(part_);
      data += n, count -= static_cast<std::size_t>(n), size_ += static_cast<std::uint64_t>(n);
    }
  }
  const fs::path& path() const { return part_; }
  void publish() {
    if (::fsync(fd_) != 0 || ::rename(part_.c_str(), target_.c_str()) != 0) cannot_write(target_);
    ::unlink(tag_.c_str());
    const int folder = ::open(target_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
      ::fsync(folder);
      ::close(folder);
    }
  }

 private:
  void remove() {
    ::unlink(part_.c_str());
    ::unlink(tag_.c_str());
  }

  fs::path target_, part_, tag_;
  std::string tag_url_, tag_text_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

/// One answer of one server. libcurl calls back from C, so nothing is thrown through it.
class Transfer {
 public:
  Transfer(const RemoteFile& file, const std::string& url, PartialFile& part,
           const DownloadOptions& options)
      : file_(file), url_(url), part_(part), options_(options) {}

  /// "" when the part now has all bytes; else why not.
  std::string run() {
    const Curl& c = curl();
    CURL* const handle = c.easy_init();
    if (handle == nullptr) return "libcurl cannot start";
    std::array<char, CURL_ERROR_SIZE> message{};
    curl_slist* headers = nullptr;
    const std::string range = cat(part_.size(), "-");
    resumed_ = part_.size() > 0;
    if (resumed_) {
      c.easy_setopt(handle, CURLOPT_RANGE, range.c_str());
      if (const std::string tag = part_.tag(url_); !tag.empty())
        headers = c.slist_append(headers, ("If-Range: " + tag).c_str());
    }
    const auto milliseconds = static_cast<long>(options_.timeout * 1000);
    c.easy_setopt(handle, CURLOPT_URL, url_.c_str());
    c.easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    c.easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    c.easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    c.easy_setopt(handle, CURLOPT_MAXREDIRS, kMostRedirects);
    c.easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
    c.easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    c.easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
    c.easy_setopt(handle, CURLOPT_USERAGENT, "chainrule/" CHAINRULE_VERSION);
    c.easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    c.easy_setopt(handle, CURLOPT_ERRORBUFFER, message.data());
    c.easy_setopt(handle, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    c.easy_setopt(handle, CURLOPT_HEADERDATA, this);
    c.easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Transfer::on_data);
    c.easy_setopt(handle, CURLOPT_WRITEDATA, this);
    c.easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    c.easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
    c.easy_setopt(handle, CURLOPT_XFERINFODATA, this);
    const CURLcode code = c.easy_perform(handle);
    c.slist_free_all(headers);
    c.easy_cleanup(handle);
    if (broken_) std::rethrow_exception(broken_);
    if (!why_.empty()) return why_;
    if (status_ >= 400) return cat("the server answers ", status_);
    if (code == CURLE_TOO_MANY_REDIRECTS) return cat("more than ", kMostRedirects, " redirections");
    const bool broke = code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR;
    if (code != CURLE_OK && !broke && part_.size() < file_.bytes)
      return message[0] != '\0' ? message.data() : c.easy_strerror(code);
    if (part_.size() < file_.bytes)
      return cat(broke ? "the line broke after " : "the answer ends after ",
                 grouped(static_cast<std::int64_t>(part_.size())), " of ",
                 grouped(static_cast<std::int64_t>(file_.bytes)), " bytes");
    return "";
  }
  long status() const { return status_; }

 private:
  static std::size_t on_header(char* data, std::size_t, std::size_t count, void* self) {
    static_cast<Transfer*>(self)->header({data, count});
    return count;
  }
  static std::size_t on_data(char* data, std::size_t, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    try {
      return transfer.take({data, count}) ? count : 0;
    } catch (...) {
      transfer.broken_ = std::current_exception();
      return 0;
    }
  }
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Transfer*>(self)->may_go_on() ? 0 : 1;
  }

  template <class T>
  static bool parse(std::string_view text, T& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
  }

  void header(std::string_view line) {
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) {  // of each redirection, too
      const std::size_t blank = line.find(' ');
      status_ = 0, length_ = kUnknown, range_.clear(), tag_.clear();
      if (blank != line.npos) parse(line.substr(blank + 1, 3), status_);
      return;
    }
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return;
    std::string name(line.substr(0, colon));
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "content-length" && !parse(value, length_)) length_ = kUnknown;
    if (name == "content-range") range_ = value;
    // A weak tag promises no equal bytes, and is not allowed in If-Range.
    if (name == "etag" && value.size() < 200 && !value.starts_with("W/")) tag_ = value;
  }

  /// Decides by the headers where the bytes belong.
  bool begin() {
    const std::uint64_t from = status_ == 206 ? part_.size() : 0;
    if (status_ != 200 && !(status_ == 206 && resumed_))
      why_ = cat("the server answers ", status_);
    else if (status_ == 206 &&
             range_ != cat("bytes ", from, "-", file_.bytes - 1, "/", file_.bytes))
      why_ = "the server sends another part than the one that was asked for";
    else if (length_ != kUnknown && length_ != file_.bytes - from)
      why_ = cat("the server offers ", grouped(static_cast<std::int64_t>(length_)),
                 " bytes, expected ", grouped(static_cast<std::int64_t>(file_.bytes - from)));
    if (!why_.empty()) return false;
    if (status_ == 200) part_.begin_from_nothing(url_, tag_);
    return begun_ = true;
  }

  bool take(std::string_view bytes) {
    if (!begun_ && !begin()) return false;
    if (bytes.size() > file_.bytes - part_.size()) {
      why_ = cat("the server sends more than the ", grouped(static_cast<std::int64_t>(file_.bytes)),
                 " bytes of the file");
      part_.begin_from_nothing("", "");
      return false;
    }
    part_.append(bytes.data(), bytes.size());
    return true;
  }

  bool may_go_on() {
    if (options_.interrupted != nullptr && *options_.interrupted) return false;
    options_.progress(part_.size());
    const auto now = Clock::now();
    if (part_.size() >= mark_bytes_ + kLeastProgress || part_.size() < mark_bytes_) {
      mark_bytes_ = part_.size(), mark_ = now;
    } else if (std::chrono::duration<double>(now - mark_).count() > options_.timeout) {
      why_ = cat("the server sent less than 1 KiB in ", options_.timeout, " s");
      return false;
    }
    return true;
  }

  static constexpr std::uint64_t kUnknown = UINT64_MAX;
  const RemoteFile& file_;
  const std::string& url_;
  PartialFile& part_;
  const DownloadOptions& options_;
  bool resumed_ = false, begun_ = false;
  long status_ = 0;
  std::uint64_t length_ = kUnknown;
  std::string range_, tag_, why_;
  std::exception_ptr broken_;
  std::uint64_t mark_bytes_ = part_.size();
  Clock::time_point mark_ = Clock::now();
};

bool is_right(const RemoteFile& file, const fs::path& path) {
  std::error_code unknown;
  return fs::is_regular_file(path, unknown) && fs::file_size(path, unknown) == file.bytes &&
         sha256_of(path) == file.sha256;
}

std::string join_url(const std::string& base, const std::string& name) {
  return base + (base.ends_with('/') ? "" : "/") + name;
}

/// True when the part is the file. Otherwise it has told why.
bool fetch_from(const std::string& url, const RemoteFile& file, PartialFile& part,
                const DownloadOptions& options) {
  const auto interrupted = [&] { return options.interrupted != nullptr && *options.interrupted; };
  const auto complain = [&](const std::string& why) {
    options.note(cat(without_secrets(url), ": ", why));
  };
  for (int piece = 0; piece < kMostPieces && !interrupted(); ++piece) {
    const std::uint64_t before = part.size();
    if (before < file.bytes) {
      Transfer transfer(file, url, part, options);
      const std::string why = transfer.run();
      if (interrupted()) return false;
      if (!why.empty()) {
        complain(why);
        if (before > 0 && transfer.status() == 416) {  // another mirror's beginning, or our mistake
          part.begin_from_nothing("", "");
          continue;
        }
        if (part.size() > before) continue;  // it goes on where the line broke
        return false;
      }
    }
    if (is_right(file, part.path())) return true;
    complain("the SHA-256 of what was sent is not that of the original");
    part.begin_from_nothing("", "");
    // The fault may lie in the beginning, which came from elsewhere.
    if (before == 0) return false;
  }
  return false;
}

}  // namespace

bool can_download() { return curl().loaded; }

Download download(const RemoteFile& file, const fs::path& folder, const DownloadOptions& options) {
  const fs::path target = folder / file.name;
  if (is_right(file, target)) return Download::already_there;
  if (!can_download()) throw DataError("libcurl is not installed");
  PartialFile part(target);
  if (part.size() > file.bytes) part.begin_from_nothing("", "");
  for (int round = 0; round < options.rounds; ++round)
    for (const std::string& mirror : options.mirrors) {
      if (fetch_from(join_url(mirror, file.name), file, part, options)) {
        part.publish();
        return Download::fetched;
      }
      if (options.interrupted != nullptr && *options.interrupted) return Download::interrupted;
    }
  throw DataError(cat(file.name, " could not be fetched from any of ", options.mirrors.size(),
                      options.mirrors.size() == 1 ? " place" : " places"));
}

#else

bool can_download() { return false; }

Download download(const RemoteFile&, const std::filesystem::path&, const DownloadOptions&) {
  throw DataError("this program was built without libcurl");
}

#endif
}  // namespace chainrule::cli
