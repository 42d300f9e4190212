// Element-wise reductions of bulk copies (PTX ISA 9.7.9.25.4.2): dst = op(dst, src).
#ifndef ATTNJIT_RUNTIME_EMULATOR_ASYNC_REDUCTION_H_
#define ATTNJIT_RUNTIME_EMULATOR_ASYNC_REDUCTION_H_

#include <cstdint>

namespace attnjit::emulator {

enum class ReduceOp : uint8_t { kAdd, kMin, kMax, kInc, kDec, kAnd, kOr, kXor };
/// Bit-size types count as unsigned ones.
enum class ReduceType : uint8_t { kU32, kS32, kU64, kS64, kF16, kBf16, kF32, kF64 };

uint32_t ReduceBytes(ReduceType type);
/// Whether cp.reduce.async.bulk has the combination, with global or shared::cluster destination.
bool IsReduction(ReduceOp op, ReduceType type, bool global);

/// Reduces `bytes`, a multiple of the element's size, each element atomically (other clusters run
/// on other threads). Both addresses are aligned to elements. Subnormal numbers are kept (an
/// H200 does so for f32, too, whose atomics in the ISA flush them); min and max take the number
/// where one is NaN.
void Reduce(ReduceOp op, ReduceType type, uint8_t* destination, const uint8_t* source,
            uint32_t bytes);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_ASYNC_REDUCTION_H_
