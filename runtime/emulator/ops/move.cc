#include "runtime/emulator/ops/move.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/ops/decode_helpers.h"
#include "runtime/emulator/ops/lanes.h"
#include "runtime/emulator/ops/run_lanes.h"

namespace attnjit::emulator {
namespace {

// --- mov of one value.

/// kWords: 32-bit words of a lane.
template <int kWords>
Step RunMov(Warp& warp, const Inst& inst, uint32_t lanes) {
  uint32_t written = 0;
  const uint32_t* from = warp.ReadForCopy(inst.a, lanes, written);
  uint32_t* to = warp.Write32(inst.dst, lanes);
  if ((written & lanes) != lanes) warp.SetWritten(inst.dst, lanes, written);
  if (lanes == kAllLanes) {
    std::memmove(to, from, size_t{kWords} * 128);
    return Step::kNext;
  }
  for (int l = 0; l < 32; ++l) {
    if ((lanes >> l & 1) == 0) continue;
    for (int w = 0; w < kWords; ++w) to[l * kWords + w] = from[l * kWords + w];
  }
  return Step::kNext;
}

Step RunMovPredicate(Warp& warp, const Inst& inst, uint32_t lanes) {
  const uint32_t written = warp.WrittenLanes(inst.a);
  warp.WritePredicate(inst.dst, lanes, warp.ReadPredicate(inst.a, lanes & written));
  if ((written & lanes) != lanes) warp.SetWritten(inst.dst, lanes, written);
  return Step::kNext;
}

/// Clocks count executed instructions, so that runs repeat: %clock those of the warp, %globaltimer
/// those of the cluster.
uint64_t SpecialValue(const Warp& warp, Special special) {
  switch (special) {
    case Special::kClock:
      return static_cast<uint32_t>(warp.time());
    case Special::kClockHi:
      return warp.time() >> 32;
    case Special::kClock64:
      return warp.time();
    case Special::kGlobaltimerHi:
      return (warp.cluster().time() + warp.time()) >> 32;
    default:
      return warp.cluster().time() + warp.time();
  }
}

Step RunMovSpecial(Warp& warp, const Inst& inst, uint32_t lanes) {
  const uint64_t value = SpecialValue(warp, static_cast<Special>(inst.a.reg));
  if (inst.dst.bytes == 8) {
    uint64_t* to = warp.Write64(inst.dst, lanes);
    ForEachLane(lanes, [&](int l) { to[l] = value; });
  } else {
    uint32_t* to = warp.Write32(inst.dst, lanes);
    ForEachLane(lanes, [&](int l) { to[l] = static_cast<uint32_t>(value); });
  }
  return Step::kNext;
}

// --- mov between a register and a vector of its parts.

struct Parts {
  std::vector<Value> values;
  int bytes = 0;        ///< Of one part.
  int whole_bytes = 0;  ///< Of all.
};

/// Bytes from a lane to the next of a value that has `bytes`.
int Stride(int bytes) { return std::max(bytes, 4); }

template <int kBytes>
Step RunPack(Warp& warp, const Inst& inst, uint32_t lanes) {
  const auto& parts = *static_cast<const Parts*>(inst.detail);
  const int stride = Stride(parts.whole_bytes);
  uint32_t all_written = kAllLanes;
  auto* to = reinterpret_cast<uint8_t*>(warp.Write32(inst.dst, lanes));
  for (size_t i = 0; i < parts.values.size(); ++i) {
    uint32_t written = 0;
    const auto* from =
        reinterpret_cast<const uint8_t*>(warp.ReadForCopy(parts.values[i], lanes, written));
    all_written &= written;
    uint8_t* place = to + i * kBytes;
    if (lanes == kAllLanes) {
      for (int l = 0; l < 32; ++l) {
        std::memcpy(place + l * stride, from + l * std::max(kBytes, 4), kBytes);
      }
    } else {
      ForEachLane(lanes, [&](int l) {
        std::memcpy(place + l * stride, from + l * std::max(kBytes, 4), kBytes);
      });
    }
  }
  if (parts.whole_bytes == 2) {
    auto* words = reinterpret_cast<uint32_t*>(to);
    ForEachLane(lanes, [&](int l) { words[l] &= 0xffff; });
  }
  if ((all_written & lanes) != lanes) warp.SetWritten(inst.dst, lanes, all_written);
  return Step::kNext;
}

template <int kBytes>
Step RunUnpack(Warp& warp, const Inst& inst, uint32_t lanes) {
  const auto& parts = *static_cast<const Parts*>(inst.detail);
  const int stride = Stride(parts.whole_bytes);
  uint32_t written = 0;
  const auto* from = reinterpret_cast<const uint8_t*>(warp.ReadForCopy(inst.a, lanes, written));
  for (size_t i = 0; i < parts.values.size(); ++i) {
    if (parts.values[i].kind == ValueKind::kSink) continue;
    auto* to = reinterpret_cast<uint8_t*>(warp.Write32(parts.values[i], lanes));
    const auto move = [&](int l) {
      if constexpr (kBytes < 4) {
        uint32_t word = 0;
        std::memcpy(&word, from + l * stride + i * kBytes, kBytes);
        std::memcpy(to + l * 4, &word, 4);
      } else {
        std::memcpy(to + l * kBytes, from + l * stride + i * kBytes, kBytes);
      }
    };
    if (lanes == kAllLanes) {
      for (int l = 0; l < 32; ++l) move(l);
    } else {
      ForEachLane(lanes, move);
    }
    if ((written & lanes) != lanes) warp.SetWritten(parts.values[i], lanes, written);
  }
  return Step::kNext;
}

Execute MovOf(int bytes) {
  switch (bytes) {
    case 8:
      return &RunMov<2>;
    case 16:
      return &RunMov<4>;
    default:
      return &RunMov<1>;
  }
}

Execute PackOf(int part_bytes, bool pack) {
  switch (part_bytes) {
    case 1:
      return pack ? &RunPack<1> : &RunUnpack<1>;
    case 2:
      return pack ? &RunPack<2> : &RunUnpack<2>;
    case 4:
      return pack ? &RunPack<4> : &RunUnpack<4>;
    default:
      return pack ? &RunPack<8> : &RunUnpack<8>;
  }
}

llvm::Error DecodeParts(const ptx::Operand& vector, bool pack, int whole_bytes,
                        DecodeContext& context, Inst& inst) {
  auto* parts = context.New<Parts>();
  const int count = static_cast<int>(vector.list.size());
  if (count != 2 && count != 4) return context.Unsupported("a vector has 2 or 4 parts here");
  parts->whole_bytes = whole_bytes;
  parts->bytes = whole_bytes / count;
  if (parts->bytes == 0) return context.Unsupported("the vector has too many parts");
  for (const ptx::Operand& part : vector.list) {
    Value value;
    if (llvm::Error error = Bind(value, pack ? context.Source(part, parts->bytes)
                                             : context.Destination(part, parts->bytes))) {
      return error;
    }
    if (value.kind == ValueKind::kSpecial) return context.Unsupported("no clock in a vector");
    parts->values.push_back(value);
  }
  inst.detail = parts;
  inst.execute = PackOf(parts->bytes, pack);
  return llvm::Error::success();
}

llvm::Error DecodeMov(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  llvm::Expected<OperandType> type = TakeType(modifiers, instruction);
  if (!type) return type.takeError();
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 2, 2)) return error;
  inst.inst_class = InstClass::kMove;
  const ptx::Operand& to = instruction.operands[0];
  const ptx::Operand& from = instruction.operands[1];
  if (type->kind == OperandTypeKind::kPredicate) {
    inst.execute = &RunMovPredicate;
    if (llvm::Error error = Bind(inst.dst, context.Predicate(to, true))) return error;
    return Bind(inst.a, context.Predicate(from, false));
  }
  if (to.kind == ptx::OperandKind::kVector) {
    if (llvm::Error error = Bind(inst.a, context.Source(from, type->bytes))) return error;
    if (inst.a.kind == ValueKind::kSpecial) return context.Unsupported("no clock into a vector");
    return DecodeParts(to, false, type->bytes, context, inst);
  }
  if (llvm::Error error = Bind(inst.dst, context.Destination(to, type->bytes))) return error;
  if (from.kind == ptx::OperandKind::kVector) {
    return DecodeParts(from, true, type->bytes, context, inst);
  }
  if (llvm::Error error = Bind(inst.a, context.Source(from, type->bytes))) return error;
  inst.execute = inst.a.kind == ValueKind::kSpecial ? &RunMovSpecial : MovOf(type->bytes);
  return llvm::Error::success();
}

// --- selp, slct.

/// Lane by lane a or b, with its state.
template <class Word>
Step Choose(Warp& warp, const Inst& inst, uint32_t lanes, uint32_t take_a) {
  uint32_t written_a = 0;
  uint32_t written_b = 0;
  const auto* a = reinterpret_cast<const Word*>(warp.ReadForCopy(inst.a, lanes, written_a));
  const auto* b = reinterpret_cast<const Word*>(warp.ReadForCopy(inst.b, lanes, written_b));
  auto* to = reinterpret_cast<Word*>(warp.Write32(inst.dst, lanes));
  const uint32_t written = (written_a & take_a) | (written_b & ~take_a);
  if ((written & lanes) != lanes) warp.SetWritten(inst.dst, lanes, written);
  if (lanes == kAllLanes) {
#pragma GCC ivdep
    for (int l = 0; l < 32; ++l) to[l] = (take_a >> l & 1) != 0 ? a[l] : b[l];
  } else {
#pragma GCC ivdep
    for (int l = 0; l < 32; ++l) {
      const Word chosen = (take_a >> l & 1) != 0 ? a[l] : b[l];
      to[l] = (lanes >> l & 1) != 0 ? chosen : to[l];
    }
  }
  return Step::kNext;
}

template <class Word>
Step RunSelp(Warp& warp, const Inst& inst, uint32_t lanes) {
  return Choose<Word>(warp, inst, lanes, warp.ReadPredicate(inst.c, lanes));
}

/// c >= 0; f32: -0 counts and a NaN does not; .ftz: subnormals are zeros.
enum class SlctBy : uint8_t { kS32, kF32, kF32Ftz };

template <SlctBy kBy>
bool NotNegative(uint32_t c) {
  if (kBy == SlctBy::kS32) return static_cast<int32_t>(c) >= 0;
  if (kBy == SlctBy::kF32Ftz && (c & 0x7f800000) == 0) return true;
  return std::bit_cast<float>(c) >= 0;
}

template <class Word, SlctBy kBy>
Step RunSlct(Warp& warp, const Inst& inst, uint32_t lanes) {
  const uint32_t* c = warp.Read32(inst.c, lanes);
  uint32_t take_a = 0;
  for (int l = 0; l < 32; ++l) {
    take_a |= static_cast<uint32_t>(NotNegative<kBy>(c[l])) << l;
  }
  return Choose<Word>(warp, inst, lanes, take_a);
}

template <SlctBy kBy>
Execute SlctOf(int bytes) {
  return bytes == 8 ? &RunSlct<uint64_t, kBy> : &RunSlct<uint32_t, kBy>;
}

llvm::Error BindChoice(const ptx::Instruction& instruction, int bytes, DecodeContext& context,
                       Inst& inst) {
  if (llvm::Error error = ExpectOperands(instruction, 4, 4)) return error;
  if (bytes != 2 && bytes != 4 && bytes != 8) return context.Unsupported("unsupported type");
  inst.inst_class = InstClass::kMove;
  const std::vector<ptx::Operand>& operands = instruction.operands;
  if (llvm::Error error = Bind(inst.dst, context.Destination(operands[0], bytes))) return error;
  if (llvm::Error error = Bind(inst.a, context.Source(operands[1], bytes))) return error;
  return Bind(inst.b, context.Source(operands[2], bytes));
}

llvm::Error DecodeSelp(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  llvm::Expected<OperandType> type = TakeType(modifiers, instruction);
  if (!type) return type.takeError();
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = BindChoice(instruction, type->bytes, context, inst)) return error;
  inst.execute = type->bytes == 8 ? &RunSelp<uint64_t> : &RunSelp<uint32_t>;
  return Bind(inst.c, context.Predicate(instruction.operands[3], false));
}

llvm::Error DecodeSlct(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  const bool ftz = modifiers.Take("ftz");
  llvm::Expected<OperandType> type = TakeType(modifiers, instruction);
  if (!type) return type.takeError();
  llvm::Expected<OperandType> by = TakeType(modifiers, instruction);
  if (!by) return by.takeError();
  if (llvm::Error error = modifiers.Finish()) return error;
  const bool is_float = by->kind == OperandTypeKind::kFloat;
  if (by->bytes != 4 || (!is_float && (by->kind != OperandTypeKind::kSigned || ftz))) {
    return context.Unsupported("slct selects by .s32, .f32 or .ftz and .f32");
  }
  if (llvm::Error error = BindChoice(instruction, type->bytes, context, inst)) return error;
  if (!is_float) {
    inst.execute = SlctOf<SlctBy::kS32>(type->bytes);
  } else {
    inst.execute = ftz ? SlctOf<SlctBy::kF32Ftz>(type->bytes) : SlctOf<SlctBy::kF32>(type->bytes);
  }
  return Bind(inst.c, context.Source(instruction.operands[3], 4));
}

// --- Addresses.

uint64_t GenericTag(Space space) {
  switch (space) {
    case Space::kShared:
    case Space::kSharedCluster:
      return kGenericShared;
    case Space::kLocal:
      return kGenericLocal;
    case Space::kParam:
      return kGenericParam;
    default:
      return 0;
  }
}

template <uint64_t kTag>
struct ToGeneric {
  uint64_t operator()(uint64_t a) const { return a | kTag; }
};
struct FromGeneric {
  uint64_t operator()(uint64_t a) const { return a & ~kGenericMask; }
};
struct SameAddress {
  uint64_t operator()(uint64_t a) const { return a; }
};

LaneKernel AddressKernel(Space space, bool to_space) {
  const uint64_t tag = GenericTag(space);
  if (tag == 0) return MakeLaneKernel<SameAddress>();
  if (to_space) return MakeLaneKernel<FromGeneric>();
  if (tag == kGenericShared) return MakeLaneKernel<ToGeneric<kGenericShared>>();
  if (tag == kGenericLocal) return MakeLaneKernel<ToGeneric<kGenericLocal>>();
  return MakeLaneKernel<ToGeneric<kGenericParam>>();
}

llvm::Error DecodeCvta(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  const bool to = modifiers.Take("to");
  const Space space = TakeSpace(modifiers);
  if (space == Space::kGeneric) return context.Unsupported("cvta needs a state space");
  if (!modifiers.Take("u64")) return context.Unsupported("cvta is .u64 with 64-bit addresses");
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 2, 2)) return error;
  inst.inst_class = InstClass::kMove;
  SetLaneKernel(AddressKernel(space, to), -1, context, inst);
  if (llvm::Error error = Bind(inst.dst, context.Destination(instruction.operands[0], 8))) {
    return error;
  }
  return Bind(inst.a, context.Source(instruction.operands[1], 8));
}

bool IsConstant(const Program& program, uint64_t address) {
  return std::any_of(program.variables.begin(), program.variables.end(),
                     [&](const VariableInfo& variable) {
                       return variable.constant && address >= variable.address &&
                              address - variable.address < variable.bytes;
                     });
}

/// PTX ISA 9.7.9.19: the window of parameters is a part of the global one.
bool IsInSpace(const Warp& warp, Space space, uint64_t address) {
  const uint64_t tag = address & kGenericMask;
  const bool constant = IsConstant(warp.program(), address);
  switch (space) {
    case Space::kConst:
      return constant;
    case Space::kGlobal:
      return !constant && (tag == 0 || tag == kGenericParam);
    case Space::kShared:
      return tag == kGenericShared &&
             (address & ~kGenericMask) >> kSharedRankShift == warp.cta().rank();
    default:
      return tag == GenericTag(space);
  }
}

Step RunIsspacep(Warp& warp, const Inst& inst, uint32_t lanes) {
  const auto space = static_cast<Space>(inst.kind);
  const uint64_t* a = warp.Read64(inst.a, lanes);
  uint32_t mask = 0;
  for (int l = 0; l < 32; ++l) {
    mask |= static_cast<uint32_t>(IsInSpace(warp, space, a[l])) << l;
  }
  warp.WritePredicate(inst.dst, lanes, mask);
  return Step::kNext;
}

llvm::Error DecodeIsspacep(const ptx::Instruction& instruction, DecodeContext& context,
                           Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  const Space space = TakeSpace(modifiers);
  if (space == Space::kGeneric) return context.Unsupported("isspacep needs a state space");
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 2, 2)) return error;
  inst.inst_class = InstClass::kMove;
  inst.kind = static_cast<uint8_t>(space);
  inst.execute = &RunIsspacep;
  if (llvm::Error error = Bind(inst.dst, context.Predicate(instruction.operands[0], true))) {
    return error;
  }
  return Bind(inst.a, context.Source(instruction.operands[1], 8));
}

/// The same offset in CTA b's window. The rank stands at the same bits of both kinds of address.
template <class Word>
struct MapRank {
  Word operator()(Word address, uint32_t rank) const {
    constexpr Word kRankBits = Word{0xff} << kSharedRankShift;
    return (address & ~kRankBits) | static_cast<Word>(rank) << kSharedRankShift;
  }
};
template <class Word>
struct RankOfAddress {
  uint32_t operator()(Word address) const {
    return static_cast<uint32_t>(address >> kSharedRankShift) & 0xff;
  }
};

/// What mapa and getctarank share: the address's bytes, or 0 after an error.
llvm::Error DecodeClusterAddress(const ptx::Instruction& instruction, DecodeContext& context,
                                 int& bytes) {
  ptx::ModifierReader modifiers(instruction);
  modifiers.Take("shared::cluster");
  const int size = modifiers.TakeOneOf({"u32", "u64"});
  if (size < 0) return context.Unsupported(instruction.opcode.str() + " needs .u32 or .u64");
  bytes = size == 0 ? 4 : 8;
  return modifiers.Finish();
}

llvm::Error DecodeMapa(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  int bytes = 0;
  if (llvm::Error error = DecodeClusterAddress(instruction, context, bytes)) return error;
  if (llvm::Error error = ExpectOperands(instruction, 3, 3)) return error;
  inst.inst_class = InstClass::kMove;
  SetLaneKernel(
      bytes == 8 ? MakeLaneKernel<MapRank<uint64_t>>() : MakeLaneKernel<MapRank<uint32_t>>(), -1,
      context, inst);
  const std::vector<ptx::Operand>& operands = instruction.operands;
  if (llvm::Error error = Bind(inst.dst, context.Destination(operands[0], bytes))) return error;
  if (llvm::Error error = Bind(inst.a, context.Source(operands[1], bytes))) return error;
  return Bind(inst.b, context.Source(operands[2], 4));
}

llvm::Error DecodeGetctarank(const ptx::Instruction& instruction, DecodeContext& context,
                             Inst& inst) {
  int bytes = 0;
  if (llvm::Error error = DecodeClusterAddress(instruction, context, bytes)) return error;
  if (llvm::Error error = ExpectOperands(instruction, 2, 2)) return error;
  inst.inst_class = InstClass::kMove;
  SetLaneKernel(bytes == 8 ? MakeLaneKernel<RankOfAddress<uint64_t>>()
                           : MakeLaneKernel<RankOfAddress<uint32_t>>(),
                -1, context, inst);
  if (llvm::Error error = Bind(inst.dst, context.Destination(instruction.operands[0], 4))) {
    return error;
  }
  return Bind(inst.a, context.Source(instruction.operands[1], bytes));
}

}  // namespace

llvm::ArrayRef<OpcodeDecoder> MoveDecoders() {
  static constexpr OpcodeDecoder kDecoders[] = {
      {"cvta", &DecodeCvta},         {"getctarank", &DecodeGetctarank},
      {"isspacep", &DecodeIsspacep}, {"mapa", &DecodeMapa},
      {"mov", &DecodeMov},           {"selp", &DecodeSelp},
      {"slct", &DecodeSlct},
  };
  return kDecoders;
}

}  // namespace attnjit::emulator
