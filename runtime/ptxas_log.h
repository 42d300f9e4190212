// What ptxas says about a kernel in a compile log (--ptxas-options=-v).
#ifndef ATTNJIT_RUNTIME_PTXAS_LOG_H_
#define ATTNJIT_RUNTIME_PTXAS_LOG_H_

#include <optional>
#include <string>

#include "llvm/ADT/StringRef.h"

namespace attnjit {

struct PtxasFigures {
  int registers = 0;          ///< Per thread, of the entry function.
  int stack_bytes = 0;        ///< Local memory per thread: the largest frame of its functions.
  int spill_store_bytes = 0;  ///< Of the entry and the functions that it calls, together.
  int spill_load_bytes = 0;
  /// ptxas gave up overlapping wgmma with other work (advisories C7510 to C7514: "wgmma.mma_async
  /// instructions are serialized"): the kernel is right and slow.
  bool serialized_wgmma = false;
  /// ptxas inserted waits or arrives around wgmma (C7517, C7519: "is injected"): fences are
  /// missing.
  bool injected_wgmma_sync = false;
};

/// nullopt if the log has no register count of an entry function of this name. The formats of CUDA
/// 12 and 13 are read.
std::optional<PtxasFigures> ParsePtxasLog(llvm::StringRef log, llvm::StringRef entry);

/// The first line that reports an error of NVRTC, its front end or ptxas; else the first line that
/// is not empty; else "".
std::string FirstErrorLine(llvm::StringRef log);

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_PTXAS_LOG_H_
