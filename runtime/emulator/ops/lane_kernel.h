// Arithmetic on the 32 lanes of plain arrays: what the arithmetic families are made of.
//
// A family writes one functor for each operation,
//
//   struct AddU32 {
//     uint32_t operator()(uint32_t a, uint32_t b) const { return a + b; }
//   };
//   LaneKernel kernel = MakeLaneKernel<AddU32>();
//
// Parameter and result types give the widths: 4-byte types (uint32_t, int32_t, float) are a
// register's 32 bits, 8-byte ones its 64 bits; 1- and 2-byte integers are the low bits of a 4-byte
// word, zero-extended when written (int16_t too). A functor that returns bool gives a predicate.
// Functors are evaluated on all 32 lanes, active or not, whose operands are any bits: they must be
// total (no division by zero, no out-of-range shift).
//
// Nothing here knows the machine, so that these many loops are compiled once and seldom again. Each
// is compiled for the base instruction set and, on x86-64, for AVX2 with FMA; the choice falls when
// an instruction is decoded, which works under sanitizers too, unlike ifuncs.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_LANE_KERNEL_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_LANE_KERNEL_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

namespace attnjit::emulator {

/// `sources` point to 32 words each (4 or 8 bytes as the functor's parameters say); the result goes
/// to 32 words at `result`: 4 or 8 bytes wide, or all ones or zeros for a predicate.
using LaneFunction = void (*)(void* result, const void* const* sources);

struct LaneKernel {
  LaneFunction function = nullptr;
  uint8_t sources = 0;
  uint8_t result_bytes = 0;                  ///< 4 or 8; 0: a predicate.
  std::array<uint8_t, 4> source_bytes = {};  ///< 4 or 8 each.
};

namespace lane_kernel_internal {

template <class T>
using Word = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <class T>
inline T FromWord(Word<T> word) {
  if constexpr (sizeof(T) == sizeof(Word<T>)) {
    return std::bit_cast<T>(word);
  } else {
    return static_cast<T>(word);
  }
}

template <class T>
inline Word<T> ToWord(T value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? ~uint32_t{0} : 0;
  } else if constexpr (sizeof(T) == sizeof(Word<T>)) {
    return std::bit_cast<Word<T>>(value);
  } else {
    return static_cast<Word<T>>(static_cast<std::make_unsigned_t<T>>(value));
  }
}

template <class F>
struct Signature;
template <class Op, class R, class... Args>
struct Signature<R (Op::*)(Args...) const> {
  using Result = R;
  using Arguments = std::tuple<Args...>;
  static constexpr size_t kCount = sizeof...(Args);
};
template <class Op>
using SignatureOf = Signature<decltype(&Op::operator())>;

/// The loop. Results may stand where a source stands: lanes do not depend on each other.
template <class Op, size_t... I>
[[gnu::always_inline]] inline void Loop(void* result, const void* const* sources,
                                        std::index_sequence<I...>) {
  using S = SignatureOf<Op>;
  using R = typename S::Result;
  const Op op;
  auto* out = static_cast<Word<R>*>(result);
  const auto in = std::make_tuple(
      static_cast<const Word<std::tuple_element_t<I, typename S::Arguments>>*>(sources[I])...);
#pragma GCC ivdep
  for (int l = 0; l < 32; ++l) {
    out[l] = ToWord<R>(
        op(FromWord<std::tuple_element_t<I, typename S::Arguments>>(std::get<I>(in)[l])...));
  }
}

template <class Op>
using Indices = std::make_index_sequence<SignatureOf<Op>::kCount>;

template <class Op>
void RunBase(void* result, const void* const* sources) {
  Loop<Op>(result, sources, Indices<Op>());
}

#if defined(__x86_64__)
template <class Op>
__attribute__((target("avx2,fma,bmi2"), flatten)) void RunAvx2(void* result,
                                                               const void* const* sources) {
  Loop<Op>(result, sources, Indices<Op>());
}
inline bool HasAvx2() {
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
}
#endif

template <class Op>
LaneFunction Choose() {
#if defined(__x86_64__)
  if (HasAvx2()) return &RunAvx2<Op>;
#endif
  return &RunBase<Op>;
}

template <class Op, size_t... I>
LaneKernel Make(std::index_sequence<I...>) {
  using S = SignatureOf<Op>;
  LaneKernel kernel;
  kernel.function = Choose<Op>();
  kernel.sources = S::kCount;
  kernel.result_bytes =
      std::is_same_v<typename S::Result, bool> ? 0 : sizeof(Word<typename S::Result>);
  kernel.source_bytes = {sizeof(Word<std::tuple_element_t<I, typename S::Arguments>>)...};
  return kernel;
}

}  // namespace lane_kernel_internal

template <class Op>
LaneKernel MakeLaneKernel() {
  static_assert(lane_kernel_internal::SignatureOf<Op>::kCount <= 4);
  return lane_kernel_internal::Make<Op>(lane_kernel_internal::Indices<Op>());
}

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_LANE_KERNEL_H_
