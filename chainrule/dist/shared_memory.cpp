#include "chainrule/dist/shared_memory.h"

#include <fcntl.h>
#include <span>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chainrule/dist/job-inl.h"

namespace chainrule::dist {
namespace {

class File {
 public:
  explicit File(int number) : number_(number) {}
  ~File() {
    if (number_ >= 0) close(number_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

/// How another process finds a file and knows that it is the right one. Each number is below 2^53,
/// so that sums of doubles carry it.
struct Address {
  double number = -1, inode = 0, bytes = 0;
};

Address address_of(const File& file) {
  struct stat s {};
  if (file.number() < 0 || fstat(file.number(), &s) != 0) return {};
  return {static_cast<double>(file.number()), static_cast<double>(s.st_ino),
          static_cast<double>(s.st_size)};
}

/// More than the limit for files (ulimit -f) would end the process by a signal.
bool allowed(Index bytes) {
  rlimit most = {};
  return getrlimit(RLIMIT_FSIZE, &most) == 0 && static_cast<rlim_t>(bytes) <= most.rlim_cur;
}

std::byte* map(const File& file, Index bytes, bool own) {
  if (file.number() < 0) return nullptr;
  // Of the others' memory a rank needs its pieces, not all.
  void* const at = mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE,
                        MAP_SHARED | (own ? MAP_POPULATE : 0), file.number(), 0);
  return at == MAP_FAILED ? nullptr : static_cast<std::byte*>(at);
}

}  // namespace

std::shared_ptr<SharedMemory> SharedMemory::make(const Job& job, Index bytes, Exchange& exchange) {
  File own(memfd_create("chainrule", MFD_CLOEXEC));
  const bool there =
      own.number() >= 0 && allowed(bytes) && posix_fallocate(own.number(), 0, bytes) == 0;
  std::vector<double> numbers(3 * static_cast<std::size_t>(job.size), 0);
  const auto address = [&](int r) { return std::span<double, 3>(numbers.data() + 3 * r, 3); };
  const Address mine = there ? address_of(own) : Address();
  address(job.rank)[0] = mine.number, address(job.rank)[1] = mine.inode;
  address(job.rank)[2] = mine.bytes;
  exchange.sum(std::span<double>(numbers));

  std::shared_ptr<SharedMemory> memory(new SharedMemory(bytes));
  double missing = 0;
  for (const int r : job.node) {
    const std::string path = cat("/proc/", job.process(r), "/fd/", static_cast<int>(address(r)[0]));
    const File file(open(path.c_str(), O_RDWR | O_CLOEXEC));
    const Address found = address_of(file);
    const bool right = found.inode == address(r)[1] && found.bytes == address(r)[2] &&
                       found.bytes == static_cast<double>(bytes);
    memory->parts_.push_back(right ? map(file, bytes, r == job.rank) : nullptr);
    if (memory->parts_.back() == nullptr) ++missing;
  }
  // A rank closes its file when all have it.
  exchange.sum(std::span<double>(&missing, 1));
  return missing == 0 ? memory : nullptr;
}

SharedMemory::~SharedMemory() {
  for (std::byte* const part : parts_)
    if (part != nullptr) munmap(part, static_cast<std::size_t>(bytes_));
}

}  // namespace chainrule::dist
