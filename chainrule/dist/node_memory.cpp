#include <new>

#include "chainrule/dist/job-inl.h"
#include "chainrule/dist/node_memory-inl.h"

namespace chainrule::dist {

NodeMemory::NodeMemory(MPI_Comm near) {
  constexpr std::size_t kPage = 4096;
  MPI_Info info = MPI_INFO_NULL;
  MPI_Info_create(&info);
  // Each rank's own pages, which lie near the processor that touches them first.
  MPI_Info_set(info, "alloc_shared_noncontig", "true");
  void* own = nullptr;
  check_mpi(MPI_Win_allocate_shared(NodeShare::kBytes + kPage, 1, info, near, &own, &window_));
  MPI_Info_free(&info);
  int place = 0, ranks = 1;
  MPI_Comm_rank(near, &place);
  MPI_Comm_size(near, &ranks);
  for (int r = 0; r < ranks; ++r) {
    MPI_Aint bytes = 0;
    int unit = 1;
    void* begin = nullptr;
    MPI_Win_shared_query(window_, r, &bytes, &unit, &begin);
    // Mapped at different addresses in different processes, but at whole pages in each.
    auto* const first = static_cast<std::byte*>(begin);
    const std::size_t over = reinterpret_cast<std::uintptr_t>(first) % kAlignment;
    std::byte* const share = first + (over == 0 ? 0 : kAlignment - over);
    if (r == place) new (share) NodeProgress;
    shares_.push_back(NodeShare(share));
  }
  MPI_Barrier(near);
}

NodeMemory::~NodeMemory() { MPI_Win_free(&window_); }

}  // namespace chainrule::dist
