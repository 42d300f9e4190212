// Lines of the CUDA source for PTX that was compiled without them.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PROGRAM_LINE_MAP_H_
#define ATTNJIT_RUNTIME_EMULATOR_PROGRAM_LINE_MAP_H_

#include <cstdint>
#include <map>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/ptx/ast.h"

namespace attnjit::emulator {

/// Where an instruction's CUDA source is. -1: unknown.
struct CudaLine {
  int32_t line = -1;   ///< The innermost position.
  int32_t outer = -1;  ///< The line of the kernel, or function that was not inlined, it comes from.
};

/// From lines of the shipped PTX to lines of the CUDA source. Immutable.
class LineMap {
 public:
  /// `shipped`, and the PTX of the same source and options compiled with -lineinfo, which must have
  /// the same functions and instructions; anything else is a PtxError at the shipped instruction.
  static llvm::Expected<LineMap> Make(const ptx::Module& shipped, const ptx::Module& with_lines);

  /// Of an instruction in a line of the shipped PTX; unknown where there is none.
  CudaLine Find(uint32_t ptx_line) const;

 private:
  std::map<uint32_t, CudaLine> lines_;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_PROGRAM_LINE_MAP_H_
