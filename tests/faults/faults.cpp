// A layer between a program and the C library that makes the n-th call of a kind fail: preloaded
// (LD_PRELOAD) by tests/cli/fault_test.cpp, for glibc.
//
//   CHAINRULE_FAULT=KIND:N:HOW   the N-th call of KIND (1 is the first after main() began)
//   KIND   memory    malloc, calloc, realloc, aligned_alloc, posix_memalign
//          write     write, pwrite; files only, not standard output or error
//          sync      fsync
//          name      rename, mkostemp, mkdir
//          open      open, fopen of files for reading, and for writing
//          read      read, fread
//          clock     the time of day, which then is a year away, to and fro
//   HOW    ENOSPC, EIO, EINTR or ENOMEM, or short; ENOSPC-ever fails all calls from N on
//   CHAINRULE_FAULT_COUNT=FILE   at the end FILE is given the number of calls of KIND
//
// "short" lets a write take one byte, which is no error; EINTR and short happen to every call from
// N to N + 2.
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
}

namespace {

enum Kind { none, memory, writing, syncing, naming, opening, reading, clock_time };

std::atomic<bool> running{false};
std::atomic<long> calls{0};
Kind kind = none;
long first = 0;
bool for_ever = false, short_write = false;
int error = EIO;
int (*real_main)(int, char**, char**) = nullptr;

template <class F>
F next(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

/// Counts a call; true, with errno set, when it is to fail.
bool failed(Kind k) {
  if (!running || k != kind) return false;
  const long n = ++calls, last = for_ever ? n : short_write || error == EINTR ? first + 2 : first;
  if (n < first || n > last) return false;
  errno = error;
  return true;
}

void configure() {
  const char* text = std::getenv("CHAINRULE_FAULT");
  if (text == nullptr) return;
  constexpr const char* kNames[] = {"", "memory", "write", "sync", "name", "open", "read", "clock"};
  for (int k = 1; k < 8; ++k) {
    const size_t length = std::strlen(kNames[k]);
    if (std::strncmp(text, kNames[k], length) == 0 && text[length] == ':') kind = Kind(k);
  }
  const char* number = std::strchr(text, ':');
  if (number == nullptr) return;
  first = std::strtol(number + 1, nullptr, 10);
  for_ever = std::strstr(number, "ever") != nullptr;
  short_write = std::strstr(number, "short") != nullptr;
  constexpr struct {
    const char* name;
    int value;
  } kErrors[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EINTR", EINTR}, {"ENOMEM", ENOMEM}};
  for (const auto& e : kErrors)
    if (std::strstr(number, e.name) != nullptr) error = e.value;
}

void report() {
  running = false;
  const char* file = std::getenv("CHAINRULE_FAULT_COUNT");
  if (file == nullptr) return;
  const int fd = ::open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return;
  char text[24];
  const int length = std::snprintf(text, sizeof text, "%ld\n", calls.load());
  const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  if (real(fd, text, static_cast<size_t>(length)) != length) std::_Exit(99);
  ::close(fd);
}

int counted_main(int argc, char** argv, char** envp) {
  configure();
  std::atexit(report);
  running = true;
  return real_main(argc, argv, envp);
}

bool is_file(int fd) { return fd > 2; }

}  // namespace

extern "C" {

int __libc_start_main(int (*main)(int, char**, char**), int argc, char** argv, void (*init)(),
                      void (*fini)(), void (*rtld_fini)(), void* stack_end) {
  real_main = main;
  using Start =
      int (*)(int (*)(int, char**, char**), int, char**, void (*)(), void (*)(), void (*)(), void*);
  return next<Start>("__libc_start_main")(counted_main, argc, argv, init, fini, rtld_fini,
                                          stack_end);
}

void* malloc(size_t size) {
  if (failed(memory)) return nullptr;
  return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
  if (failed(memory)) return nullptr;
  return __libc_calloc(count, size);
}

void* realloc(void* old, size_t size) {
  if (failed(memory)) return nullptr;
  return __libc_realloc(old, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
  if (failed(memory)) return nullptr;
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** to, size_t alignment, size_t size) {
  if (failed(memory)) return ENOMEM;
  *to = __libc_memalign(alignment, size);
  return *to == nullptr ? ENOMEM : 0;
}

ssize_t write(int fd, const void* data, size_t size) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  if (is_file(fd) && failed(writing)) return short_write ? real(fd, data, size > 0) : -1;
  return real(fd, data, size);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  if (is_file(fd) && failed(writing)) return short_write ? real(fd, data, size > 0, at) : -1;
  return real(fd, data, size, at);
}

ssize_t read(int fd, void* data, size_t size) {
  static const auto real = next<ssize_t (*)(int, void*, size_t)>("read");
  if (failed(reading)) return short_write ? real(fd, data, size > 0) : -1;
  return real(fd, data, size);
}

size_t fread(void* data, size_t size, size_t count, FILE* stream) {
  static const auto real = next<size_t (*)(void*, size_t, size_t, FILE*)>("fread");
  if (failed(reading)) {
    if (short_write || error == EINTR) return real(data, size, count, stream);  // stdio's business
    stream->_flags |= 0x20;  // glibc: _IO_ERR_SEEN, what ferror() looks at
    return 0;
  }
  return real(data, size, count, stream);
}

int fsync(int fd) {
  static const auto real = next<int (*)(int)>("fsync");
  return failed(syncing) ? -1 : real(fd);
}

int rename(const char* from, const char* to) {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  return failed(naming) ? -1 : real(from, to);
}

int mkdir(const char* name, mode_t mode) {
  static const auto real = next<int (*)(const char*, mode_t)>("mkdir");
  return failed(naming) ? -1 : real(name, mode);
}

int mkostemp(char* name, int flags) {
  static const auto real = next<int (*)(char*, int)>("mkostemp");
  return failed(naming) ? -1 : real(name, flags);
}

int clock_gettime(clockid_t clock, timespec* time) {
  static const auto real = next<int (*)(clockid_t, timespec*)>("clock_gettime");
  const int result = real(clock, time);
  constexpr long kYear = 365L * 24 * 3600;
  if (clock == CLOCK_REALTIME && failed(clock_time))
    time->tv_sec += calls % 2 != 0 ? kYear : -kYear;
  return result;
}

FILE* fopen(const char* name, const char* mode) {
  static const auto real = next<FILE* (*)(const char*, const char*)>("fopen");
  return failed(opening) ? nullptr : real(name, mode);
}

int open(const char* name, int flags, ...) {
  static const auto real = next<int (*)(const char*, int, ...)>("open");
  va_list rest;
  va_start(rest, flags);
  const unsigned mode = va_arg(rest, unsigned);
  va_end(rest);
  return failed(opening) ? -1 : real(name, flags, mode);
}

}  // extern "C"
