#include "runtime/emulator/ops/matrix_ops.h"

#include "runtime/emulator/ops/matrix_load.h"
#include "runtime/emulator/ops/matrix_mma.h"
#include "runtime/emulator/ops/matrix_tcgen05.h"
#include "runtime/emulator/ops/matrix_wgmma.h"

namespace attnjit::emulator {

llvm::ArrayRef<OpcodeDecoder> MatrixDecoders() {
  static constexpr OpcodeDecoder kDecoders[] = {
      {"ldmatrix", DecodeLdmatrix}, {"mma", DecodeMma},         {"movmatrix", DecodeMovmatrix},
      {"stmatrix", DecodeStmatrix}, {"tcgen05", DecodeTcgen05}, {"wgmma", DecodeWgmma},
  };
  return kDecoders;
}

}  // namespace attnjit::emulator
