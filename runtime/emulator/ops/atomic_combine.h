// What an atomic operation makes of the old value: one function for each operation and type.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_ATOMIC_COMBINE_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_ATOMIC_COMBINE_H_

#include <cstdint>

#include "runtime/emulator/ops/decode_helpers.h"

namespace attnjit::emulator {

enum class AtomicOp : uint8_t { kAdd, kMin, kMax, kInc, kDec, kAnd, kOr, kXor, kExch, kCas };

/// The new value from the old one and the operands b and c (cas: b is compared, c stored). Bits of
/// narrower types are zero-extended.
using Combine = uint64_t (*)(uint64_t old, uint64_t b, uint64_t c);

/// Null where PTX has no such combination. `flush`: add.f32 on global memory, which takes subnormal
/// inputs and results as zeros of their sign (PTX ISA 9.7.13.5); shared memory keeps them.
Combine FindCombine(AtomicOp op, const OperandType& type, bool flush);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_ATOMIC_COMBINE_H_
