#include "runtime/emulator/ops/registry.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "runtime/emulator/ops/arithmetic.h"
#include "runtime/emulator/ops/atomic.h"
#include "runtime/emulator/ops/carry.h"
#include "runtime/emulator/ops/cluster_ops.h"
#include "runtime/emulator/ops/control.h"
#include "runtime/emulator/ops/convert.h"
#include "runtime/emulator/ops/copy_async.h"
#include "runtime/emulator/ops/fence.h"
#include "runtime/emulator/ops/load_store.h"
#include "runtime/emulator/ops/matrix_ops.h"
#include "runtime/emulator/ops/mbarrier.h"
#include "runtime/emulator/ops/move.h"
#include "runtime/emulator/ops/named_barriers.h"
#include "runtime/emulator/ops/predicate.h"
#include "runtime/emulator/ops/tensor_copy.h"
#include "runtime/emulator/ops/warp_ops.h"

namespace attnjit::emulator {
namespace {

std::vector<OpcodeDecoder> Collect() {
  std::vector<OpcodeDecoder> all;
  for (const llvm::ArrayRef<OpcodeDecoder> family : {
           ArithmeticDecoders(),
           AtomicDecoders(),
           CarryDecoders(),
           ClusterDecoders(),
           ControlDecoders(),
           ConvertDecoders(),
           CopyDecoders(),
           FenceDecoders(),
           LoadStoreDecoders(),
           MatrixDecoders(),
           MbarrierDecoders(),
           MoveDecoders(),
           NamedBarrierDecoders(),
           PredicateDecoders(),
           TensorCopyDecoders(),
           WarpOpDecoders(),
       }) {
    all.insert(all.end(), family.begin(), family.end());
  }
  std::sort(all.begin(), all.end(), [](const OpcodeDecoder& a, const OpcodeDecoder& b) {
    return std::strcmp(a.opcode, b.opcode) < 0;
  });
  return all;
}

}  // namespace

llvm::ArrayRef<OpcodeDecoder> AllDecoders() {
  static const std::vector<OpcodeDecoder> decoders = Collect();
  return decoders;
}

}  // namespace attnjit::emulator
