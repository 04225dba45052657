#include "chainrule/dist/shared_memory.h"

#include <array>
#include <fcntl.h>
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

/// More than the limit for files (ulimit -f) would end the process by a signal.
bool allowed(Index bytes) {
  rlimit most = {};
  return getrlimit(RLIMIT_FSIZE, &most) == 0 && static_cast<rlim_t>(bytes) <= most.rlim_cur;
}

/// Of a file of so many bytes, -2 for another.
double inode_of(const File& file, Index bytes) {
  struct stat s {};
  const bool right = fstat(file.number(), &s) == 0 && s.st_size == bytes;
  return right ? static_cast<double>(s.st_ino) : -2;
}

std::byte* map(const File& file, Index bytes, bool own) {
  // Of the others' memory a rank needs its pieces, not all.
  void* const at = mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE,
                        MAP_SHARED | (own ? MAP_POPULATE : 0), file.number(), 0);
  return at == MAP_FAILED ? nullptr : static_cast<std::byte*>(at);
}

}  // namespace

std::shared_ptr<SharedMemory> SharedMemory::make(const Job& job, Index bytes, Exchange& exchange) {
  const File own(memfd_create("chainrule", MFD_CLOEXEC));
  const bool there =
      own.number() >= 0 && allowed(bytes) && posix_fallocate(own.number(), 0, bytes) == 0;
  // How another process finds the file and knows that it is the right one; both below 2^53.
  const std::array<double, 2> address = {there ? own.number() : -1.0,
                                         there ? inode_of(own, bytes) : -1.0};
  const std::vector<double> all = exchange.gather(address);

  std::shared_ptr<SharedMemory> memory(new SharedMemory(bytes));
  double missing = 0;
  for (const int r : job.node) {
    const auto at = 2 * static_cast<std::size_t>(r);
    const std::string path = cat("/proc/", job.process(r), "/fd/", static_cast<int>(all[at]));
    const File file(open(path.c_str(), O_RDWR | O_CLOEXEC));
    const bool right = file.number() >= 0 && inode_of(file, bytes) == all[at + 1];
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
