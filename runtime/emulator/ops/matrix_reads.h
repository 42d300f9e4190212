// Telling the monitor what a matrix operation reads of shared memory.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_READS_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_READS_H_

#include <cstdint>

#include "runtime/emulator/matrix/shared_matrix.h"
#include "runtime/emulator/sanitizer/monitor.h"

namespace attnjit::emulator {

/// The bytes of rows x chunks of a matrix in the shared window at `window` (a CTA's base).
void WatchShared(Monitor& monitor, OpId op, uint32_t window, const SharedMatrix& matrix,
                 Major major, ChunkGrid grid);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_READS_H_
