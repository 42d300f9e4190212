#include "runtime/emulator/ops/atomic_combine.h"

#include <bit>
#include <cmath>
#include <limits>

#include "runtime/emulator/ops/float_format.h"

namespace attnjit::emulator {
namespace {

// --- Integers and bits.

template <class T>
uint64_t AddInt(uint64_t old, uint64_t b, uint64_t) {
  return static_cast<T>(old + b);
}
template <class T>
uint64_t MinInt(uint64_t old, uint64_t b, uint64_t) {
  return static_cast<T>(old) < static_cast<T>(b) ? old : b;
}
template <class T>
uint64_t MaxInt(uint64_t old, uint64_t b, uint64_t) {
  return static_cast<T>(old) > static_cast<T>(b) ? old : b;
}
uint64_t Inc(uint64_t old, uint64_t b, uint64_t) { return old >= b ? 0 : old + 1; }
uint64_t Dec(uint64_t old, uint64_t b, uint64_t) { return old == 0 || old > b ? b : old - 1; }
uint64_t And(uint64_t old, uint64_t b, uint64_t) { return old & b; }
uint64_t Or(uint64_t old, uint64_t b, uint64_t) { return old | b; }
uint64_t Xor(uint64_t old, uint64_t b, uint64_t) { return old ^ b; }
uint64_t Exchange(uint64_t, uint64_t b, uint64_t) { return b; }
uint64_t CompareAndSwap(uint64_t old, uint64_t b, uint64_t c) { return old == b ? c : old; }

// --- Floating point.

float Flush(float x) { return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0f, x) : x; }

template <bool kFlush>
uint64_t AddF32(uint64_t old, uint64_t b, uint64_t) {
  auto x = std::bit_cast<float>(static_cast<uint32_t>(old));
  auto y = std::bit_cast<float>(static_cast<uint32_t>(b));
  if (kFlush) {
    x = Flush(x);
    y = Flush(y);
  }
  const float sum = kFlush ? Flush(x + y) : x + y;
  return std::isnan(sum) ? kF32.canonical_nan : std::bit_cast<uint32_t>(sum);
}

uint64_t AddF64(uint64_t old, uint64_t b, uint64_t) {
  return std::bit_cast<uint64_t>(std::bit_cast<double>(old) + std::bit_cast<double>(b));
}

/// The sum of two halves or bfloats is exact in double.
template <const FloatFormat& kFormat>
uint32_t AddNarrow(uint32_t old, uint32_t b) {
  return EncodeFloat(kFormat, DecodeFloat(kFormat, old) + DecodeFloat(kFormat, b),
                     Rounding::kNearest, false);
}

/// The number where one is NaN; -0 is less than +0.
template <const FloatFormat& kFormat, bool kMax>
uint32_t ExtremeNarrow(uint32_t old, uint32_t b) {
  const double x = DecodeFloat(kFormat, old);
  const double y = DecodeFloat(kFormat, b);
  if (std::isnan(x) && std::isnan(y)) return kFormat.canonical_nan;
  if (std::isnan(x)) return b;
  if (std::isnan(y)) return old;
  if (x == y) return kMax ? old & b : old | b;  // Only zeros differ, in their sign.
  return (x < y) == kMax ? b : old;
}

template <uint32_t (*kOp)(uint32_t, uint32_t)>
uint64_t One(uint64_t old, uint64_t b, uint64_t) {
  return kOp(static_cast<uint32_t>(old), static_cast<uint32_t>(b));
}
template <uint32_t (*kOp)(uint32_t, uint32_t)>
uint64_t Two(uint64_t old, uint64_t b, uint64_t) {
  const auto x = static_cast<uint32_t>(old);
  const auto y = static_cast<uint32_t>(b);
  return kOp(x & 0xffff, y & 0xffff) | kOp(x >> 16, y >> 16) << 16;
}

template <const FloatFormat& kFormat>
Combine NarrowCombine(AtomicOp op, bool packed) {
  switch (op) {
    case AtomicOp::kAdd:
      return packed ? &Two<&AddNarrow<kFormat>> : &One<&AddNarrow<kFormat>>;
    case AtomicOp::kMin:
      return packed ? &Two<&ExtremeNarrow<kFormat, false>> : &One<&ExtremeNarrow<kFormat, false>>;
    case AtomicOp::kMax:
      return packed ? &Two<&ExtremeNarrow<kFormat, true>> : &One<&ExtremeNarrow<kFormat, true>>;
    default:
      return nullptr;
  }
}

Combine BitsCombine(AtomicOp op, int bytes) {
  const bool cas_only = bytes == 2;
  switch (op) {
    case AtomicOp::kCas:
      return &CompareAndSwap;
    case AtomicOp::kExch:
      return cas_only ? nullptr : &Exchange;
    case AtomicOp::kAnd:
      return cas_only ? nullptr : &And;
    case AtomicOp::kOr:
      return cas_only ? nullptr : &Or;
    case AtomicOp::kXor:
      return cas_only ? nullptr : &Xor;
    default:
      return nullptr;
  }
}

template <class T>
Combine IntegerCombine(AtomicOp op) {
  switch (op) {
    case AtomicOp::kAdd:
      // s64 has no add of its own: it is that of u64.
      return std::numeric_limits<T>::is_signed && sizeof(T) == 8 ? nullptr
                                                                 : &AddInt<std::make_unsigned_t<T>>;
    case AtomicOp::kMin:
      return &MinInt<T>;
    case AtomicOp::kMax:
      return &MaxInt<T>;
    case AtomicOp::kInc:
      return std::is_same_v<T, uint32_t> ? &Inc : nullptr;
    case AtomicOp::kDec:
      return std::is_same_v<T, uint32_t> ? &Dec : nullptr;
    default:
      return nullptr;
  }
}

}  // namespace

Combine FindCombine(AtomicOp op, const OperandType& type, bool flush) {
  switch (type.kind) {
    case OperandTypeKind::kBits:
      return type.bytes == 1 || type.bytes > 8 ? nullptr : BitsCombine(op, type.bytes);
    case OperandTypeKind::kUnsigned:
      if (type.bytes == 4) return IntegerCombine<uint32_t>(op);
      return type.bytes == 8 ? IntegerCombine<uint64_t>(op) : nullptr;
    case OperandTypeKind::kSigned:
      if (type.bytes == 4) return IntegerCombine<int32_t>(op);
      return type.bytes == 8 ? IntegerCombine<int64_t>(op) : nullptr;
    case OperandTypeKind::kFloat:
      if (op != AtomicOp::kAdd || type.packed != 1) return nullptr;
      if (type.bytes == 8) return &AddF64;
      return flush ? &AddF32<true> : &AddF32<false>;
    case OperandTypeKind::kHalf:
      return NarrowCombine<kF16>(op, type.packed == 2);
    case OperandTypeKind::kBfloat:
      return NarrowCombine<kBf16>(op, type.packed == 2);
    case OperandTypeKind::kPredicate:
      break;
  }
  return nullptr;
}

}  // namespace attnjit::emulator
