// What the tcgen05 families share: a CTA's tensor memory, pairs of CTAs, keys, decoders of each
// part.
//
// When things happen. mma, cp and commit of a CTA (or pair) run in the order of issue: more order
// than the ISA's pairs give, so what goes wrong without it is for the sanitizer to find. st runs
// later, too, from values taken at issue; ld reads at issue, since the ISA lets its registers be
// used without wait::ld (9.7.16.6.4.5).
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_TCGEN05_STATE_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_TCGEN05_STATE_H_

#include <cstdint>
#include <string>

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/machine/warp.h"
#include "runtime/emulator/matrix/shared_matrix.h"
#include "runtime/emulator/matrix/tensor_memory.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/ptx/ast.h"

namespace attnjit::emulator {

/// Of a CTA.
struct CtaTensor {
  TensorMemory memory;
  int cta_group = 0;  ///< Of the first instruction that has one; 0: none yet.

  /// cta_group::2: one warp of each CTA of the pair allocates together.
  enum class Request : uint8_t { kNone, kWaiting, kGranted };
  Request request = Request::kNone;
  const Warp* requester = nullptr;
  uint32_t columns = 0;
  uint32_t column = 0;  ///< kGranted.
};

/// Of a warp.
struct WarpTensor {
  uint64_t stores_issued = 0;
  uint64_t stores_done = 0;
  OpId last_load = 0;
  OpId last_store = 0;
};

CtaTensor& TensorOf(Cta& cta);

/// The CTAs that an instruction of this group touches: the own one, or the pair, the even one
/// first. Empty after a fault: there is no peer, it has exited, or the kernel used the other group
/// before.
llvm::SmallVector<Cta*, 2> GroupCtas(Warp& warp, const Inst& inst, int cta_group);

/// Fifo of mma, cp and commit.
uint64_t TensorPipeKey(const Warp& warp, int cta_group);
/// Fifo and signal of a warp's st.
uint64_t TensorStoreKey(const Warp& warp);

SharedWindow SharedWindowOf(Cta& cta);

/// The one value of all `lanes` (of 32); reported as tmem-misuse, and the first lane's, where they
/// differ.
uint32_t UniformAddress(Warp& warp, const Inst& inst, const Address& address, uint32_t lanes);

/// Takes .cta_group::1 or ::2: 1, 2, or 0 where there is none.
int TakeCtaGroup(ptx::ModifierReader& modifiers);

/// Each part's decoder; `modifiers` has lost the part's own name.
llvm::Error DecodeTensorAllocation(const ptx::Instruction& instruction, DecodeContext& context,
                                   ptx::ModifierReader& modifiers, llvm::StringRef name,
                                   Inst& inst);
llvm::Error DecodeTensorMma(const ptx::Instruction& instruction, DecodeContext& context,
                            ptx::ModifierReader& modifiers, Inst& inst);
llvm::Error DecodeTensorCopy(const ptx::Instruction& instruction, DecodeContext& context,
                             ptx::ModifierReader& modifiers, Inst& inst);
llvm::Error DecodeTensorCommit(const ptx::Instruction& instruction, DecodeContext& context,
                               ptx::ModifierReader& modifiers, Inst& inst);
llvm::Error DecodeTensorAccess(const ptx::Instruction& instruction, DecodeContext& context,
                               ptx::ModifierReader& modifiers, bool load, Inst& inst);
llvm::Error DecodeTensorWait(const ptx::Instruction& instruction, ptx::ModifierReader& modifiers,
                             bool load, Inst& inst);
llvm::Error DecodeTensorFence(const ptx::Instruction& instruction, ptx::ModifierReader& modifiers,
                              bool before, Inst& inst);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_TCGEN05_STATE_H_
