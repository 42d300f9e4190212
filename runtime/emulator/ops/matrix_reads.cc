#include "runtime/emulator/ops/matrix_reads.h"

#include <algorithm>

#include "llvm/ADT/SmallVector.h"

namespace attnjit::emulator {

void WatchShared(Monitor& monitor, OpId op, uint32_t window, const SharedMatrix& matrix,
                 Major major, ChunkGrid grid) {
  constexpr uint32_t kChunk = 16;
  llvm::SmallVector<uint32_t, 512> addresses;
  for (int row = 0; row < grid.rows; ++row) {
    for (int chunk = 0; chunk < grid.chunks; ++chunk) {
      addresses.push_back(ChunkAddress(matrix, major, row, chunk));
    }
  }
  std::sort(addresses.begin(), addresses.end());
  for (size_t i = 0; i < addresses.size();) {
    size_t next = i + 1;
    while (next < addresses.size() && addresses[next] <= addresses[next - 1] + kChunk) ++next;
    monitor.OnAsyncAccess(op, MemorySpace::kShared, window | addresses[i],
                          addresses[next - 1] + kChunk - addresses[i], AccessMode::kRead);
    i = next;
  }
}

}  // namespace attnjit::emulator
