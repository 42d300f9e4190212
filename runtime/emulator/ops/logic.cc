// Logic, shifts and bit fields (PTX ISA 9.7.1 and 9.7.8).
#include "runtime/emulator/ops/logic.h"

#include <algorithm>
#include <string>
#include <type_traits>

#include "runtime/emulator/machine/warp.h"
#include "runtime/emulator/ops/decode_helpers.h"
#include "runtime/emulator/ops/lane_kernel.h"
#include "runtime/emulator/ops/lanes.h"

namespace attnjit::emulator {
namespace {

template <class T>
struct And {
  T operator()(T a, T b) const { return a & b; }
};
template <class T>
struct Or {
  T operator()(T a, T b) const { return a | b; }
};
template <class T>
struct Xor {
  T operator()(T a, T b) const { return a ^ b; }
};
template <class T>
struct Not {
  T operator()(T a) const { return static_cast<T>(~a); }
};
template <class T>
struct Cnot {
  T operator()(T a) const { return a == 0; }
};
/// Amounts beyond the width are clamped to it.
template <class T>
struct Shl {
  T operator()(T a, uint32_t b) const {
    constexpr uint32_t kBits = 8 * sizeof(T);
    return b < kBits ? static_cast<T>(a << (b & (kBits - 1))) : T{0};
  }
};
template <class T>
struct Shr {
  T operator()(T a, uint32_t b) const {
    constexpr uint32_t kBits = 8 * sizeof(T);
    if constexpr (std::is_signed_v<T>) return static_cast<T>(a >> std::min(b, kBits - 1));
    return b < kBits ? static_cast<T>(a >> (b & (kBits - 1))) : T{0};
  }
};
/// Funnel shifts of hi:lo; .wrap takes the amount modulo 32, .clamp limits it to 32.
template <bool kLeft, bool kWrap>
struct Funnel {
  uint32_t operator()(uint32_t lo, uint32_t hi, uint32_t amount) const {
    const uint32_t n = kWrap ? amount & 31 : std::min(amount, 32u);
    const uint64_t both = static_cast<uint64_t>(hi) << 32 | lo;
    return static_cast<uint32_t>(kLeft ? (both << n) >> 32 : both >> n);
  }
};
struct Lop3 {
  uint32_t operator()(uint32_t a, uint32_t b, uint32_t c, uint32_t table) const {
    uint32_t result = 0;
    for (int i = 0; i < 8; ++i) {
      const uint32_t minterm =
          ((i & 4) != 0 ? a : ~a) & ((i & 2) != 0 ? b : ~b) & ((i & 1) != 0 ? c : ~c);
      result |= (table >> i & 1) != 0 ? minterm : 0;
    }
    return result;
  }
};
template <class T>
struct Popc {
  uint32_t operator()(T a) const { return static_cast<uint32_t>(std::popcount(a)); }
};
template <class T>
struct Clz {
  uint32_t operator()(T a) const { return static_cast<uint32_t>(std::countl_zero(a)); }
};
template <class T>
struct Brev {
  T operator()(T a) const {
    T result = 0;
    for (size_t i = 0; i < 8 * sizeof(T); ++i) result |= (a >> i & 1) << (8 * sizeof(T) - 1 - i);
    return result;
  }
};
/// The most significant bit that is not a copy of the sign; all ones where there is none.
template <class T, bool kShiftAmount>
struct Bfind {
  uint32_t operator()(T a) const {
    using U = std::make_unsigned_t<T>;
    const U bits = static_cast<U>(std::is_signed_v<T> && a < 0 ? ~a : a);
    if (bits == 0) return 0xffffffff;
    const auto leading = static_cast<uint32_t>(std::countl_zero(bits));
    return kShiftAmount ? leading : 8 * sizeof(T) - 1 - leading;
  }
};
/// A position or length. PTX restricts both to 0..255; beyond it 32-bit fields take the low 8 bits
/// and 64-bit ones the limit, as an H200 does.
template <class T>
uint32_t FieldNumber(uint32_t number) {
  return sizeof(T) == 8 ? std::min(number, 255u) : number & 0xff;
}
/// Bits [pos, pos + len) of a, extended by the sign for signed types.
template <class T>
struct Bfe {
  T operator()(T a, uint32_t b, uint32_t c) const {
    constexpr uint32_t kTop = 8 * sizeof(T) - 1;
    const uint32_t pos = FieldNumber<T>(b);
    const uint32_t len = FieldNumber<T>(c);
    using U = std::make_unsigned_t<T>;
    const U bits = static_cast<U>(a);
    const bool sign =
        std::is_signed_v<T> && len != 0 && (bits >> std::min(pos + len - 1, kTop) & 1);
    U result = pos <= kTop ? static_cast<U>(bits >> pos) : 0;
    // Bits of the field beyond the top read as the sign too.
    const uint32_t present = pos > kTop ? 0 : std::min(len, kTop + 1 - pos);
    const U mask = present > kTop ? ~U{0} : (U{1} << present) - 1;
    result &= mask;
    return static_cast<T>(sign ? result | ~mask : result);
  }
};
template <class T>
struct Bfi {
  T operator()(T a, T b, uint32_t c, uint32_t d) const {
    constexpr uint32_t kBits = 8 * sizeof(T);
    const uint32_t pos = FieldNumber<T>(c);
    const uint32_t len = std::min(FieldNumber<T>(d), kBits);
    if (pos >= kBits || len == 0) return b;
    const T field = static_cast<T>((len == kBits ? ~T{0} : (T{1} << len) - 1) << pos);
    return static_cast<T>((b & ~field) | ((a << pos) & field));
  }
};
/// A mask of `b` ones from bit `a`; .wrap takes both modulo 32.
template <bool kWrap>
struct Bmsk {
  uint32_t operator()(uint32_t a, uint32_t b) const {
    const uint32_t start = kWrap ? a & 31 : std::min(a, 32u);
    const uint32_t width = kWrap ? b & 31 : std::min(b, 32u);
    const uint64_t ones = (uint64_t{1} << width) - 1;
    return static_cast<uint32_t>(ones << start);
  }
};
/// The low b bits of a, zero- or sign-extended.
template <class T, bool kWrap>
struct Szext {
  T operator()(T a, uint32_t b) const {
    const uint32_t width = kWrap ? b & 31 : std::min(b, 32u);
    if (width == 0) return 0;
    const uint32_t shift = 32 - width;
    return static_cast<T>(static_cast<T>(static_cast<uint32_t>(a) << shift) >> shift);
  }
};

/// Byte selection (PTX ISA, prmt). One functor for each mode.
uint32_t ByteOf(uint64_t bytes, uint32_t selector) {
  const auto byte = static_cast<uint32_t>(bytes >> (8 * (selector & 7)) & 0xff);
  if ((selector & 8) == 0) return byte;
  return (byte & 0x80) != 0 ? 0xff : 0;
}
uint32_t Permute(uint32_t a, uint32_t b, const uint32_t (&selectors)[4]) {
  const uint64_t bytes = static_cast<uint64_t>(b) << 32 | a;
  uint32_t result = 0;
  for (int i = 0; i < 4; ++i) result |= ByteOf(bytes, selectors[i]) << (8 * i);
  return result;
}
struct Prmt {
  uint32_t operator()(uint32_t a, uint32_t b, uint32_t c) const {
    return Permute(a, b, {c & 15, c >> 4 & 15, c >> 8 & 15, c >> 12 & 15});
  }
};
enum class PermuteMode { kF4e, kB4e, kRc8, kEcl, kEcr, kRc16 };
template <PermuteMode kMode>
struct PrmtMode {
  uint32_t operator()(uint32_t a, uint32_t b, uint32_t c) const {
    const uint32_t s = c & 3;
    switch (kMode) {
      case PermuteMode::kF4e:
        return Permute(a, b, {s, s + 1, s + 2, s + 3});
      case PermuteMode::kB4e:
        return Permute(a, b, {s, (s - 1) & 7, (s - 2) & 7, (s - 3) & 7});
      case PermuteMode::kRc8:
        return Permute(a, b, {s, s, s, s});
      case PermuteMode::kEcl:
        return Permute(a, b, {s, std::max(s, 1u), std::max(s, 2u), 3});
      case PermuteMode::kEcr:
        return Permute(a, b, {0, std::min(s, 1u), std::min(s, 2u), s});
      case PermuteMode::kRc16:
        return Permute(a, b, {(s & 1) * 2, (s & 1) * 2 + 1, (s & 1) * 2, (s & 1) * 2 + 1});
    }
    return 0;
  }
};

// Predicates: bits of a word are lanes.
enum class PredicateLogic : uint8_t { kAnd, kOr, kXor, kNot };

template <PredicateLogic kOp>
Step RunPredicateLogic(Warp& warp, const Inst& inst, uint32_t lanes) {
  const uint32_t a = warp.ReadPredicate(inst.a, lanes);
  if constexpr (kOp == PredicateLogic::kNot) {
    warp.WritePredicate(inst.dst, lanes, ~a);
    return Step::kNext;
  }
  const uint32_t b = warp.ReadPredicate(inst.b, lanes);
  const uint32_t result = kOp == PredicateLogic::kAnd  ? a & b
                          : kOp == PredicateLogic::kOr ? a | b
                                                       : a ^ b;
  warp.WritePredicate(inst.dst, lanes, result);
  return Step::kNext;
}

/// lop3 with a predicate too: dst2 = (dst != 0) BoolOp d. Inst::kind is the table.
template <bool kAnd>
Step RunLop3Predicate(Warp& warp, const Inst& inst, uint32_t lanes) {
  const uint32_t* a = warp.Read32(inst.a, lanes);
  const uint32_t* b = warp.Read32(inst.b, lanes);
  const uint32_t* c = warp.Read32(inst.c, lanes);
  const uint32_t q = warp.ReadPredicate(inst.d, lanes);
  uint32_t* dst = warp.Write32(inst.dst, lanes);
  uint32_t mask = 0;
  ForEachLane(lanes, [&](int l) {
    dst[l] = Lop3()(a[l], b[l], c[l], inst.kind);
    mask |= static_cast<uint32_t>(dst[l] != 0) << l;
  });
  warp.WritePredicate(inst.dst2, lanes, kAnd ? mask & q : mask | q);
  return Step::kNext;
}

constexpr FormOperand k4 = FormOperand::kBytes4;
constexpr FormOperand kP = FormOperand::kPredicate;

void AddLogic(FormTable& table, const std::string& spelling, LaneKernel kernel,
              FormOperand destination, std::vector<FormOperand> sources) {
  table.Add(spelling, {kernel, destination, std::move(sources), InstClass::kLogic});
}

void AddPredicateLogic(FormTable& table, const std::string& spelling, Execute execute,
                       std::vector<FormOperand> sources) {
  table.Add(spelling, {{}, kP, std::move(sources), InstClass::kLogic, -1, execute});
}

template <class T>
void AddWidth(FormTable& table, const std::string& type) {
  constexpr auto kT = static_cast<FormOperand>(sizeof(T));
  AddLogic(table, "and." + type, MakeLaneKernel<And<T>>(), kT, {kT, kT});
  AddLogic(table, "or." + type, MakeLaneKernel<Or<T>>(), kT, {kT, kT});
  AddLogic(table, "xor." + type, MakeLaneKernel<Xor<T>>(), kT, {kT, kT});
  AddLogic(table, "not." + type, MakeLaneKernel<Not<T>>(), kT, {kT});
  AddLogic(table, "cnot." + type, MakeLaneKernel<Cnot<T>>(), kT, {kT});
  AddLogic(table, "shl." + type, MakeLaneKernel<Shl<T>>(), kT, {kT, k4});
  AddLogic(table, "shr." + type, MakeLaneKernel<Shr<T>>(), kT, {kT, k4});
  if constexpr (sizeof(T) >= 4) {
    AddLogic(table, "popc." + type, MakeLaneKernel<Popc<T>>(), k4, {kT});
    AddLogic(table, "clz." + type, MakeLaneKernel<Clz<T>>(), k4, {kT});
    AddLogic(table, "brev." + type, MakeLaneKernel<Brev<T>>(), kT, {kT});
    AddLogic(table, "bfi." + type, MakeLaneKernel<Bfi<T>>(), kT, {kT, kT, k4, k4});
  }
}

template <class T>
void AddTyped(FormTable& table, const std::string& type) {
  constexpr auto kT = static_cast<FormOperand>(sizeof(T));
  AddLogic(table, "shr." + type, MakeLaneKernel<Shr<T>>(), kT, {kT, k4});
  if constexpr (sizeof(T) >= 4) {
    AddLogic(table, "bfe." + type, MakeLaneKernel<Bfe<T>>(), kT, {kT, k4, k4});
    AddLogic(table, "bfind." + type, MakeLaneKernel<Bfind<T, false>>(), k4, {kT});
    AddLogic(table, "bfind.shiftamt." + type, MakeLaneKernel<Bfind<T, true>>(), k4, {kT});
  }
  if constexpr (sizeof(T) == 4) {
    AddLogic(table, "szext.wrap." + type, MakeLaneKernel<Szext<T, true>>(), k4, {k4, k4});
    AddLogic(table, "szext.clamp." + type, MakeLaneKernel<Szext<T, false>>(), k4, {k4, k4});
  }
}

void AddBytePermutes(FormTable& table) {
  const std::vector<FormOperand> sources = {k4, k4, k4};
  AddLogic(table, "prmt.b32", MakeLaneKernel<Prmt>(), k4, sources);
  AddLogic(table, "prmt.b32.f4e", MakeLaneKernel<PrmtMode<PermuteMode::kF4e>>(), k4, sources);
  AddLogic(table, "prmt.b32.b4e", MakeLaneKernel<PrmtMode<PermuteMode::kB4e>>(), k4, sources);
  AddLogic(table, "prmt.b32.rc8", MakeLaneKernel<PrmtMode<PermuteMode::kRc8>>(), k4, sources);
  AddLogic(table, "prmt.b32.ecl", MakeLaneKernel<PrmtMode<PermuteMode::kEcl>>(), k4, sources);
  AddLogic(table, "prmt.b32.ecr", MakeLaneKernel<PrmtMode<PermuteMode::kEcr>>(), k4, sources);
  AddLogic(table, "prmt.b32.rc16", MakeLaneKernel<PrmtMode<PermuteMode::kRc16>>(), k4, sources);
}

}  // namespace

llvm::Error DecodeLop3Predicate(const ptx::Instruction& instruction, DecodeContext& context,
                                Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  const int op = modifiers.TakeOneOf({"and", "or"});
  if (op < 0 || !modifiers.Take("b32")) return context.Unsupported("lop3.and.b32 or lop3.or.b32");
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 6, 6)) return error;
  const std::vector<ptx::Operand>& operands = instruction.operands;
  if (operands[0].kind != ptx::OperandKind::kPair) return context.Unsupported("expected d|p");
  if (!operands[4].IsInteger() || operands[4].value > 0xff) {
    return context.Unsupported("the table is a constant from 0 to 255");
  }
  inst.kind = static_cast<uint8_t>(operands[4].value);
  inst.inst_class = InstClass::kLogic;
  inst.execute = op == 0 ? &RunLop3Predicate<true> : &RunLop3Predicate<false>;
  const std::vector<ptx::Operand>& results = operands[0].list;
  if (llvm::Error error = Bind(inst.dst, context.Destination(results[0], 4))) return error;
  if (llvm::Error error = Bind(inst.dst2, context.Predicate(results[1], true))) return error;
  if (llvm::Error error = Bind(inst.a, context.Source(operands[1], 4))) return error;
  if (llvm::Error error = Bind(inst.b, context.Source(operands[2], 4))) return error;
  if (llvm::Error error = Bind(inst.c, context.Source(operands[3], 4))) return error;
  return Bind(inst.d, context.Predicate(operands[5], false));
}

void AddLogicForms(FormTable& table) {
  AddWidth<uint16_t>(table, "b16");
  AddWidth<uint32_t>(table, "b32");
  AddWidth<uint64_t>(table, "b64");
  AddTyped<uint16_t>(table, "u16");
  AddTyped<int16_t>(table, "s16");
  AddTyped<uint32_t>(table, "u32");
  AddTyped<int32_t>(table, "s32");
  AddTyped<uint64_t>(table, "u64");
  AddTyped<int64_t>(table, "s64");
  AddBytePermutes(table);
  const std::vector<FormOperand> three = {k4, k4, k4};
  AddLogic(table, "shf.l.wrap.b32", MakeLaneKernel<Funnel<true, true>>(), k4, three);
  AddLogic(table, "shf.l.clamp.b32", MakeLaneKernel<Funnel<true, false>>(), k4, three);
  AddLogic(table, "shf.r.wrap.b32", MakeLaneKernel<Funnel<false, true>>(), k4, three);
  AddLogic(table, "shf.r.clamp.b32", MakeLaneKernel<Funnel<false, false>>(), k4, three);
  AddLogic(table, "lop3.b32", MakeLaneKernel<Lop3>(), k4, {k4, k4, k4, k4});
  AddLogic(table, "bmsk.wrap.b32", MakeLaneKernel<Bmsk<true>>(), k4, {k4, k4});
  AddLogic(table, "bmsk.clamp.b32", MakeLaneKernel<Bmsk<false>>(), k4, {k4, k4});
  AddPredicateLogic(table, "and.pred", &RunPredicateLogic<PredicateLogic::kAnd>, {kP, kP});
  AddPredicateLogic(table, "or.pred", &RunPredicateLogic<PredicateLogic::kOr>, {kP, kP});
  AddPredicateLogic(table, "xor.pred", &RunPredicateLogic<PredicateLogic::kXor>, {kP, kP});
  AddPredicateLogic(table, "not.pred", &RunPredicateLogic<PredicateLogic::kNot>, {kP});
}

}  // namespace attnjit::emulator
