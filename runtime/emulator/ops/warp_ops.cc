#include "runtime/emulator/ops/warp_ops.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "runtime/emulator/machine/warp.h"
#include "runtime/emulator/ops/decode_helpers.h"
#include "runtime/emulator/ops/lanes.h"

namespace attnjit::emulator {
namespace {

/// Inst::d is the member mask of all of them. kBlocked until its lanes are here; kTrap for a lane
/// that does not name itself.
Step GatherMembers(Warp& warp, const Inst& inst, uint32_t lanes) {
  const uint32_t* masks = warp.Read32(inst.d, lanes);
  uint32_t members = 0;
  uint32_t itself = 0;
  ForEachLane(lanes, [&](int l) {
    members |= masks[l];
    itself |= masks[l] & 1u << l;
  });
  if (itself != lanes) {
    return warp.Trap(Rule::kDivergentSync, inst, std::countr_zero(lanes & ~itself),
                     "the member mask does not name the executing lane");
  }
  return warp.Gather(inst, members) ? Step::kNext : Step::kBlocked;
}

/// Calls f(members, same): the lanes that gave one mask, and those of it that are here.
template <class F>
void ForEachMask(Warp& warp, const Inst& inst, uint32_t lanes, F&& f) {
  const uint32_t* masks = warp.Read32(inst.d, lanes);
  for (uint32_t rest = lanes; rest != 0;) {
    const uint32_t mask = masks[std::countr_zero(rest)];
    uint32_t same = 0;
    ForEachLane(rest, [&](int l) { same |= static_cast<uint32_t>(masks[l] == mask) << l; });
    f(mask & lanes, same);
    rest &= ~same;
  }
}

// --- shfl

enum class Shuffle : uint8_t { kUp, kDown, kBfly, kIdx };

/// The source lane, and whether it is in range (PTX ISA 9.7.9.6, the pseudocode of shfl.sync).
template <Shuffle kMode>
bool SourceLane(uint32_t lane, uint32_t b, uint32_t c, uint32_t& source) {
  const uint32_t segment = c >> 8 & 0x1f;
  const uint32_t clamp = c & 0x1f;
  const uint32_t shift = b & 0x1f;
  const uint32_t most = (lane & segment) | (clamp & ~segment);
  const uint32_t least = lane & segment;
  bool inside = false;
  switch (kMode) {
    case Shuffle::kUp:
      source = lane - shift;
      inside = static_cast<int32_t>(source) >= static_cast<int32_t>(most);
      break;
    case Shuffle::kDown:
      source = lane + shift;
      inside = source <= most;
      break;
    case Shuffle::kBfly:
      source = lane ^ shift;
      inside = source <= most;
      break;
    case Shuffle::kIdx:
      source = least | (shift & ~segment);
      inside = source <= most;
      break;
  }
  if (!inside) source = lane;
  return inside;
}

/// A copy between lanes: undefined values, and those of lanes that take no part, stay undefined.
template <Shuffle kMode>
Step RunShfl(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (const Step step = GatherMembers(warp, inst, lanes); step != Step::kNext) return step;
  const uint32_t* b = warp.Read32(inst.b, lanes);
  const uint32_t* c = warp.Read32(inst.c, lanes);
  uint32_t written = 0;
  const uint32_t* from = warp.ReadForCopy(inst.a, lanes, written);
  if (warp.monitor() != nullptr) written &= lanes;
  uint32_t values[32] = {};
  uint32_t inside = 0;
  uint32_t defined = 0;
  ForEachLane(lanes, [&](int l) {
    const auto lane = static_cast<uint32_t>(l);
    uint32_t source = 0;
    const bool in = SourceLane<kMode>(lane, b[l], c[l], source);
    inside |= static_cast<uint32_t>(in) << l;
    values[l] = from[source];
    defined |= (written >> source & 1) << l;
  });
  uint32_t* to = warp.Write32(inst.dst, lanes);
  ForEachLane(lanes, [&](int l) { to[l] = values[l]; });
  if (defined != lanes) warp.SetWritten(inst.dst, lanes, defined);
  warp.WritePredicate(inst.dst2, lanes, inside);
  return Step::kNext;
}

// --- vote

enum class Vote : uint8_t { kAll, kAny, kUni, kBallot };

template <Vote kMode>
Step RunVote(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (const Step step = GatherMembers(warp, inst, lanes); step != Step::kNext) return step;
  const uint32_t holds = warp.ReadPredicate(inst.a, lanes) & lanes;
  uint32_t result = 0;
  uint32_t* ballot = kMode == Vote::kBallot ? warp.Write32(inst.dst, lanes) : nullptr;
  ForEachMask(warp, inst, lanes, [&](uint32_t members, uint32_t same) {
    const uint32_t voters = holds & members;
    bool yes = false;
    switch (kMode) {
      case Vote::kAll:
        yes = voters == members;
        break;
      case Vote::kAny:
        yes = voters != 0;
        break;
      case Vote::kUni:
        yes = voters == members || voters == 0;
        break;
      case Vote::kBallot:
        ForEachLane(same, [&](int l) { ballot[l] = voters; });
        break;
    }
    if (yes) result |= same;
  });
  if (kMode != Vote::kBallot) warp.WritePredicate(inst.dst, lanes, result);
  return Step::kNext;
}

// --- match

template <class Word>
Step RunMatchAny(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (const Step step = GatherMembers(warp, inst, lanes); step != Step::kNext) return step;
  const auto* a = reinterpret_cast<const Word*>(warp.Read32(inst.a, lanes));
  uint32_t* to = warp.Write32(inst.dst, lanes);
  uint32_t result[32] = {};
  ForEachMask(warp, inst, lanes, [&](uint32_t members, uint32_t same) {
    ForEachLane(same, [&](int l) {
      ForEachLane(members, [&](int k) { result[l] |= static_cast<uint32_t>(a[k] == a[l]) << k; });
    });
  });
  ForEachLane(lanes, [&](int l) { to[l] = result[l]; });
  return Step::kNext;
}

template <class Word>
Step RunMatchAll(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (const Step step = GatherMembers(warp, inst, lanes); step != Step::kNext) return step;
  const auto* a = reinterpret_cast<const Word*>(warp.Read32(inst.a, lanes));
  uint32_t result[32] = {};
  uint32_t equal = 0;
  ForEachMask(warp, inst, lanes, [&](uint32_t members, uint32_t same) {
    const Word first = a[std::countr_zero(members)];
    bool all = true;
    ForEachLane(members, [&](int k) { all &= a[k] == first; });
    if (!all) return;
    equal |= same;
    ForEachLane(same, [&](int l) { result[l] = members; });
  });
  uint32_t* to = warp.Write32(inst.dst, lanes);
  ForEachLane(lanes, [&](int l) { to[l] = result[l]; });
  warp.WritePredicate(inst.dst2, lanes, equal);
  return Step::kNext;
}

// --- redux

struct Add {
  uint32_t operator()(uint32_t a, uint32_t b) const { return a + b; }
};
struct And {
  uint32_t operator()(uint32_t a, uint32_t b) const { return a & b; }
};
struct Or {
  uint32_t operator()(uint32_t a, uint32_t b) const { return a | b; }
};
struct Xor {
  uint32_t operator()(uint32_t a, uint32_t b) const { return a ^ b; }
};
template <class T>
struct Min {
  uint32_t operator()(uint32_t a, uint32_t b) const {
    return static_cast<uint32_t>(std::min(static_cast<T>(a), static_cast<T>(b)));
  }
};
template <class T>
struct Max {
  uint32_t operator()(uint32_t a, uint32_t b) const {
    return static_cast<uint32_t>(std::max(static_cast<T>(a), static_cast<T>(b)));
  }
};

/// f32 minimum or maximum: -0 is less than +0; a NaN loses, or with .NaN wins as the canonical NaN.
template <bool kMax, bool kNan>
struct Extreme {
  uint32_t operator()(uint32_t a, uint32_t b) const {
    const auto x = std::bit_cast<float>(a);
    const auto y = std::bit_cast<float>(b);
    constexpr uint32_t kCanonical = 0x7fffffff;
    if (std::isnan(x) && std::isnan(y)) return kCanonical;
    if (std::isnan(x)) return kNan ? kCanonical : b;
    if (std::isnan(y)) return kNan ? kCanonical : a;
    if (x == y) return kMax ? a & b : a | b;  // The sign of equal values: only zeros differ.
    return (x < y) == kMax ? b : a;
  }
};

template <class Op, bool kAbs>
Step RunRedux(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (const Step step = GatherMembers(warp, inst, lanes); step != Step::kNext) return step;
  const uint32_t* a = warp.Read32(inst.a, lanes);
  uint32_t result[32] = {};
  const auto value = [&](int l) { return kAbs ? a[l] & 0x7fffffff : a[l]; };
  ForEachMask(warp, inst, lanes, [&](uint32_t members, uint32_t same) {
    const int first = std::countr_zero(members);
    uint32_t sum = value(first);
    ForEachLane(members & (members - 1), [&](int l) { sum = Op()(sum, value(l)); });
    ForEachLane(same, [&](int l) { result[l] = sum; });
  });
  uint32_t* to = warp.Write32(inst.dst, lanes);
  ForEachLane(lanes, [&](int l) { to[l] = result[l]; });
  return Step::kNext;
}

// --- elect, activemask

Step RunElect(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (const Step step = GatherMembers(warp, inst, lanes); step != Step::kNext) return step;
  uint32_t* to = warp.Write32(inst.dst, lanes);
  uint32_t chosen = 0;
  ForEachMask(warp, inst, lanes, [&](uint32_t members, uint32_t same) {
    const int leader = std::countr_zero(members);
    chosen |= 1u << leader;
    ForEachLane(same, [&](int l) { to[l] = static_cast<uint32_t>(leader); });
  });
  warp.WritePredicate(inst.dst2, lanes, chosen);
  return Step::kNext;
}

Step RunActivemask(Warp& warp, const Inst& inst, uint32_t lanes) {
  uint32_t* to = warp.Write32(inst.dst, lanes);
  ForEachLane(lanes, [&](int l) { to[l] = lanes; });
  return Step::kNext;
}

// --- Decoding

/// d or d|p.
llvm::Error BindPair(const ptx::Operand& operand, int bytes, DecodeContext& context, Inst& inst) {
  if (operand.kind != ptx::OperandKind::kPair) {
    inst.dst2.kind = ValueKind::kSink;
    return Bind(inst.dst, context.Destination(operand, bytes));
  }
  if (llvm::Error error = Bind(inst.dst, context.Destination(operand.list[0], bytes))) return error;
  return Bind(inst.dst2, context.Predicate(operand.list[1], true));
}

/// Takes .sync; what comes after the class of the instruction is set.
llvm::Error Begin(ptx::ModifierReader& modifiers, size_t operands,
                  const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  if (!modifiers.Take("sync")) {
    return context.Unsupported(instruction.opcode.str() + " without .sync");
  }
  inst.inst_class = InstClass::kWarp;
  return ExpectOperands(instruction, operands, operands);
}

llvm::Error DecodeShfl(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  if (llvm::Error error = Begin(modifiers, 5, instruction, context, inst)) return error;
  static constexpr Execute kModes[] = {&RunShfl<Shuffle::kUp>, &RunShfl<Shuffle::kDown>,
                                       &RunShfl<Shuffle::kBfly>, &RunShfl<Shuffle::kIdx>};
  const int mode = modifiers.TakeOneOf({"up", "down", "bfly", "idx"});
  if (mode < 0 || !modifiers.Take("b32")) {
    return context.Unsupported("shfl.sync needs .up, .down, .bfly or .idx, and .b32");
  }
  if (llvm::Error error = modifiers.Finish()) return error;
  inst.execute = kModes[mode];
  const std::vector<ptx::Operand>& operands = instruction.operands;
  if (llvm::Error error = BindPair(operands[0], 4, context, inst)) return error;
  if (llvm::Error error = Bind(inst.a, context.Source(operands[1], 4))) return error;
  if (llvm::Error error = Bind(inst.b, context.Source(operands[2], 4))) return error;
  if (llvm::Error error = Bind(inst.c, context.Source(operands[3], 4))) return error;
  return Bind(inst.d, context.Source(operands[4], 4));
}

llvm::Error DecodeVote(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  if (llvm::Error error = Begin(modifiers, 3, instruction, context, inst)) return error;
  static constexpr Execute kModes[] = {&RunVote<Vote::kAll>, &RunVote<Vote::kAny>,
                                       &RunVote<Vote::kUni>, &RunVote<Vote::kBallot>};
  const int mode = modifiers.TakeOneOf({"all", "any", "uni", "ballot"});
  if (mode < 0 || !modifiers.Take(mode == 3 ? "b32" : "pred")) {
    return context.Unsupported("vote.sync needs .all, .any or .uni and .pred, or .ballot.b32");
  }
  if (llvm::Error error = modifiers.Finish()) return error;
  inst.execute = kModes[mode];
  const std::vector<ptx::Operand>& operands = instruction.operands;
  if (llvm::Error error = Bind(inst.dst, mode == 3 ? context.Destination(operands[0], 4)
                                                   : context.Predicate(operands[0], true))) {
    return error;
  }
  if (llvm::Error error = Bind(inst.a, context.Predicate(operands[1], false))) return error;
  return Bind(inst.d, context.Source(operands[2], 4));
}

llvm::Error DecodeMatch(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  if (llvm::Error error = Begin(modifiers, 3, instruction, context, inst)) return error;
  const int mode = modifiers.TakeOneOf({"any", "all"});
  const int type = modifiers.TakeOneOf({"b32", "b64"});
  if (mode < 0 || type < 0) {
    return context.Unsupported("match needs .any or .all, and .b32 or .b64");
  }
  if (llvm::Error error = modifiers.Finish()) return error;
  if (mode == 0) {
    inst.execute = type == 0 ? &RunMatchAny<uint32_t> : &RunMatchAny<uint64_t>;
  } else {
    inst.execute = type == 0 ? &RunMatchAll<uint32_t> : &RunMatchAll<uint64_t>;
  }
  const std::vector<ptx::Operand>& operands = instruction.operands;
  if (llvm::Error error = BindPair(operands[0], 4, context, inst)) return error;
  if (llvm::Error error = Bind(inst.a, context.Source(operands[1], type == 0 ? 4 : 8))) {
    return error;
  }
  return Bind(inst.d, context.Source(operands[2], 4));
}

template <class Op>
Execute ReduxOf(bool abs) {
  return abs ? &RunRedux<Op, true> : &RunRedux<Op, false>;
}

/// Null: no such form. `op`: add, min, max, and, or, xor; `type`: b32, u32, s32, f32.
Execute FindRedux(int op, int type, bool abs, bool nan) {
  if (type == 3) {
    if (op == 1)
      return nan ? ReduxOf<Extreme<false, true>>(abs) : ReduxOf<Extreme<false, false>>(abs);
    if (op == 2)
      return nan ? ReduxOf<Extreme<true, true>>(abs) : ReduxOf<Extreme<true, false>>(abs);
    return nullptr;
  }
  if (abs || nan || (type == 0) != (op >= 3)) return nullptr;
  switch (op) {
    case 0:
      return ReduxOf<Add>(false);
    case 1:
      return type == 1 ? ReduxOf<Min<uint32_t>>(false) : ReduxOf<Min<int32_t>>(false);
    case 2:
      return type == 1 ? ReduxOf<Max<uint32_t>>(false) : ReduxOf<Max<int32_t>>(false);
    case 3:
      return ReduxOf<And>(false);
    case 4:
      return ReduxOf<Or>(false);
    default:
      return ReduxOf<Xor>(false);
  }
}

llvm::Error DecodeRedux(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  if (llvm::Error error = Begin(modifiers, 3, instruction, context, inst)) return error;
  const int op = modifiers.TakeOneOf({"add", "min", "max", "and", "or", "xor"});
  const int type = modifiers.TakeOneOf({"b32", "u32", "s32", "f32"});
  const bool abs = modifiers.Take("abs");
  const bool nan = modifiers.Take("NaN");
  if (op < 0 || type < 0) return context.Unsupported("redux.sync needs an operation and a type");
  if (llvm::Error error = modifiers.Finish()) return error;
  inst.execute = FindRedux(op, type, abs, nan);
  if (inst.execute == nullptr) return context.Unsupported("this form of redux is not known");
  const std::vector<ptx::Operand>& operands = instruction.operands;
  if (llvm::Error error = Bind(inst.dst, context.Destination(operands[0], 4))) return error;
  if (llvm::Error error = Bind(inst.a, context.Source(operands[1], 4))) return error;
  return Bind(inst.d, context.Source(operands[2], 4));
}

llvm::Error DecodeElect(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  if (llvm::Error error = Begin(modifiers, 2, instruction, context, inst)) return error;
  if (llvm::Error error = modifiers.Finish()) return error;
  inst.execute = &RunElect;
  if (llvm::Error error = BindPair(instruction.operands[0], 4, context, inst)) return error;
  return Bind(inst.d, context.Source(instruction.operands[1], 4));
}

llvm::Error DecodeActivemask(const ptx::Instruction& instruction, DecodeContext& context,
                             Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  if (!modifiers.Take("b32")) return context.Unsupported("activemask needs .b32");
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 1, 1)) return error;
  inst.inst_class = InstClass::kWarp;
  inst.execute = &RunActivemask;
  return Bind(inst.dst, context.Destination(instruction.operands[0], 4));
}

}  // namespace

llvm::ArrayRef<OpcodeDecoder> WarpOpDecoders() {
  static constexpr OpcodeDecoder kDecoders[] = {
      {"activemask", &DecodeActivemask}, {"elect", &DecodeElect}, {"match", &DecodeMatch},
      {"redux", &DecodeRedux},           {"shfl", &DecodeShfl},   {"vote", &DecodeVote},
  };
  return kDecoders;
}

}  // namespace attnjit::emulator
