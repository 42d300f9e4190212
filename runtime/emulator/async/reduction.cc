#include "runtime/emulator/async/reduction.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "runtime/emulator/ops/float_format.h"

namespace attnjit::emulator {
namespace {

template <class T>
T ReduceInteger(ReduceOp op, T d, T s) {
  using U = std::make_unsigned_t<T>;
  const U a = static_cast<U>(d);
  const U b = static_cast<U>(s);
  switch (op) {
    case ReduceOp::kAdd:
      return static_cast<T>(a + b);
    case ReduceOp::kMin:
      return std::min(d, s);
    case ReduceOp::kMax:
      return std::max(d, s);
    case ReduceOp::kInc:
      return static_cast<T>(a >= b ? U{0} : a + 1);
    case ReduceOp::kDec:
      return static_cast<T>(a == 0 || a > b ? b : a - 1);
    case ReduceOp::kAnd:
      return static_cast<T>(a & b);
    case ReduceOp::kOr:
      return static_cast<T>(a | b);
    case ReduceOp::kXor:
      return static_cast<T>(a ^ b);
  }
  return d;
}

/// Sums of two f16 or bf16 numbers are exact in double.
uint16_t ReduceHalf(const FloatFormat& format, ReduceOp op, uint16_t d, uint16_t s) {
  const double a = DecodeFloat(format, d);
  const double b = DecodeFloat(format, s);
  if (op == ReduceOp::kAdd) {
    return static_cast<uint16_t>(EncodeFloat(format, a + b, Rounding::kNearest, false));
  }
  if (std::isnan(a) || std::isnan(b)) {
    if (std::isnan(a) && std::isnan(b)) return static_cast<uint16_t>(format.canonical_nan);
    return std::isnan(a) ? s : d;
  }
  // -0 is below +0.
  if (a == b) return std::signbit(a) == (op == ReduceOp::kMin) ? d : s;
  return (a < b) == (op == ReduceOp::kMin) ? d : s;
}

uint32_t AddF32(uint32_t d, uint32_t s) {
  const float sum = std::bit_cast<float>(d) + std::bit_cast<float>(s);
  return std::isnan(sum) ? kF32.canonical_nan : std::bit_cast<uint32_t>(sum);
}

uint64_t AddF64(uint64_t d, uint64_t s) {
  return std::bit_cast<uint64_t>(std::bit_cast<double>(d) + std::bit_cast<double>(s));
}

/// dst[i] = f(dst[i], src[i]), each atomically.
template <class T, class F>
void ForEachElement(uint8_t* destination, const uint8_t* source, uint32_t bytes, const F& f) {
  for (uint32_t i = 0; i < bytes; i += sizeof(T)) {
    T operand;
    std::memcpy(&operand, source + i, sizeof(T));
    std::atomic_ref<T> element(*reinterpret_cast<T*>(destination + i));
    T old = element.load(std::memory_order_relaxed);
    while (!element.compare_exchange_weak(old, static_cast<T>(f(old, operand)),
                                          std::memory_order_relaxed)) {
    }
  }
}

template <class T>
void ReduceIntegers(ReduceOp op, uint8_t* destination, const uint8_t* source, uint32_t bytes) {
  ForEachElement<T>(destination, source, bytes,
                    [op](T d, T s) { return ReduceInteger<T>(op, d, s); });
}

}  // namespace

uint32_t ReduceBytes(ReduceType type) {
  switch (type) {
    case ReduceType::kF16:
    case ReduceType::kBf16:
      return 2;
    case ReduceType::kU32:
    case ReduceType::kS32:
    case ReduceType::kF32:
      return 4;
    default:
      return 8;
  }
}

bool IsReduction(ReduceOp op, ReduceType type, bool global) {
  const bool half = type == ReduceType::kF16 || type == ReduceType::kBf16;
  const bool wide = type == ReduceType::kU64 || type == ReduceType::kS64;
  switch (op) {
    case ReduceOp::kAdd:
      if (type == ReduceType::kS64) return false;
      return global || !(half || type == ReduceType::kF32 || type == ReduceType::kF64);
    case ReduceOp::kMin:
    case ReduceOp::kMax:
      if (type == ReduceType::kF32 || type == ReduceType::kF64) return false;
      return global || !(half || wide);
    case ReduceOp::kInc:
    case ReduceOp::kDec:
      return type == ReduceType::kU32;
    default:
      return type == ReduceType::kU32 || (global && type == ReduceType::kU64);
  }
}

void Reduce(ReduceOp op, ReduceType type, uint8_t* destination, const uint8_t* source,
            uint32_t bytes) {
  switch (type) {
    case ReduceType::kU32:
      return ReduceIntegers<uint32_t>(op, destination, source, bytes);
    case ReduceType::kS32:
      return ReduceIntegers<int32_t>(op, destination, source, bytes);
    case ReduceType::kU64:
      return ReduceIntegers<uint64_t>(op, destination, source, bytes);
    case ReduceType::kS64:
      return ReduceIntegers<int64_t>(op, destination, source, bytes);
    case ReduceType::kF16:
    case ReduceType::kBf16: {
      const FloatFormat& format = type == ReduceType::kF16 ? kF16 : kBf16;
      return ForEachElement<uint16_t>(destination, source, bytes, [&](uint16_t d, uint16_t s) {
        return ReduceHalf(format, op, d, s);
      });
    }
    case ReduceType::kF32:
      return ForEachElement<uint32_t>(destination, source, bytes, AddF32);
    case ReduceType::kF64:
      return ForEachElement<uint64_t>(destination, source, bytes, AddF64);
  }
}

}  // namespace attnjit::emulator
