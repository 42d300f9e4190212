#include "runtime/emulator/ops/atomic.h"

#include <cstring>
#include <type_traits>

#include "llvm/ADT/SmallVector.h"
#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/ops/atomic_combine.h"
#include "runtime/emulator/ops/decode_helpers.h"
#include "runtime/emulator/ops/lanes.h"
#include "runtime/emulator/ops/memory_order.h"
#include "runtime/emulator/ops/store_async.h"

namespace attnjit::emulator {
namespace {

using Bits128 = unsigned __int128;

struct Atomic {
  Space space = Space::kGeneric;
  AtomicOp op = AtomicOp::kAdd;
  OperandType type;
  Combine in_global = nullptr;  ///< Null for 128 bits, which only have exch and cas.
  Combine in_shared = nullptr;
  bool returns = false;
  struct Part {
    Value to;  ///< atom: the old value.
    Value b;
  };
  llvm::SmallVector<Part, 4> parts;
  Value c;  ///< cas
  uint32_t bytes() const { return type.bytes * static_cast<uint32_t>(parts.size()); }
};

/// Makes `combine` of what is there, against other host threads too. Returns the old value.
template <class Word>
uint64_t Update(uint8_t* host, Combine combine, uint64_t b, uint64_t c, bool& changed) {
  auto* place = reinterpret_cast<Word*>(host);
  Word old = __atomic_load_n(place, __ATOMIC_ACQUIRE);
  for (;;) {
    const auto updated = static_cast<Word>(combine(old, b, c));
    if (__atomic_compare_exchange_n(place, &old, updated, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
      changed |= updated != old;
      return old;
    }
  }
}

uint64_t UpdateWord(int bytes, uint8_t* host, Combine combine, uint64_t b, uint64_t c,
                    bool& changed) {
  if (bytes == 2) return Update<uint16_t>(host, combine, b, c, changed);
  if (bytes == 4) return Update<uint32_t>(host, combine, b, c, changed);
  return Update<uint64_t>(host, combine, b, c, changed);
}

/// Every x86-64 CPU since 2006 has cmpxchg16b; the baseline that compilers assume has not.
#if defined(__x86_64__)
__attribute__((target("cx16")))
#endif
Bits128
Swap128(uint8_t* host, Bits128 expected, Bits128 desired) {
  return __sync_val_compare_and_swap(reinterpret_cast<Bits128*>(host), expected, desired);
}

Bits128 Update128(AtomicOp op, uint8_t* host, Bits128 b, Bits128 c, bool& changed) {
  Bits128 old = Swap128(host, 0, 0);
  for (;;) {
    const Bits128 desired = op == AtomicOp::kExch ? b : (old == b ? c : old);
    const Bits128 seen = Swap128(host, old, desired);
    if (seen == old) {
      changed |= desired != old;
      return old;
    }
    old = seen;
  }
}

uint64_t WordAt(const uint32_t* words, int register_bytes, int lane) {
  uint64_t value = 0;
  std::memcpy(&value, reinterpret_cast<const uint8_t*>(words) + lane * register_bytes,
              register_bytes >= 8 ? 8 : 4);
  return value;
}

uint64_t Masked(uint64_t value, int bytes) {
  return bytes >= 8 ? value : value & ((uint64_t{1} << (8 * bytes)) - 1);
}

bool IsShared(Space space, uint64_t address) {
  if (space == Space::kGeneric) return (address & kGenericMask) == kGenericShared;
  return space == Space::kShared || space == Space::kSharedCluster;
}

/// One part of all lanes.
void RunPart(Warp& warp, const Atomic& atomic, const Atomic::Part& part, uint32_t lanes,
             const uint64_t* addresses, uint8_t* const* host, uint32_t offset, bool& changed) {
  const int bytes = atomic.type.bytes;
  const uint32_t* b = warp.Read32(part.b, lanes);
  const uint32_t* c = atomic.op == AtomicOp::kCas ? warp.Read32(atomic.c, lanes) : nullptr;
  uint64_t old[32];
  ForEachLane(lanes, [&](int l) {
    const Combine combine =
        IsShared(atomic.space, addresses[l]) ? atomic.in_shared : atomic.in_global;
    const uint64_t operand = Masked(WordAt(b, part.b.bytes, l), bytes);
    const uint64_t swap = c == nullptr ? 0 : Masked(WordAt(c, atomic.c.bytes, l), bytes);
    old[l] = UpdateWord(bytes, host[l] + offset, combine, operand, swap, changed);
  });
  if (!atomic.returns) return;
  if (part.to.bytes == 8) {
    uint64_t* to = warp.Write64(part.to, lanes);
    ForEachLane(lanes, [&](int l) { to[l] = old[l]; });
  } else {
    uint32_t* to = warp.Write32(part.to, lanes);
    ForEachLane(lanes, [&](int l) { to[l] = static_cast<uint32_t>(old[l]); });
  }
}

void Run128(Warp& warp, const Atomic& atomic, uint32_t lanes, uint8_t* const* host, bool& changed) {
  const Atomic::Part& part = atomic.parts.front();
  const auto at = [](const uint64_t* words, int lane) {
    return words == nullptr ? 0 : static_cast<Bits128>(words[2 * lane + 1]) << 64 | words[2 * lane];
  };
  const uint64_t* b = warp.Read128(part.b, lanes);
  const uint64_t* c = atomic.op == AtomicOp::kCas ? warp.Read128(atomic.c, lanes) : nullptr;
  Bits128 old[32];
  ForEachLane(lanes,
              [&](int l) { old[l] = Update128(atomic.op, host[l], at(b, l), at(c, l), changed); });
  if (!atomic.returns) return;
  uint64_t* to = warp.Write128(part.to, lanes);
  ForEachLane(lanes, [&](int l) {
    to[2 * l] = static_cast<uint64_t>(old[l]);
    to[2 * l + 1] = static_cast<uint64_t>(old[l] >> 64);
  });
}

Step RunAtomic(Warp& warp, const Inst& inst, uint32_t lanes) {
  const auto& atomic = *static_cast<const Atomic*>(inst.detail);
  uint64_t addresses[32];
  uint8_t* host[32];
  warp.Addresses(inst.address, lanes, addresses);
  ReleaseTo(warp, atomic.space, addresses, lanes);
  if (!warp.Locate(inst, atomic.space, addresses, lanes, atomic.bytes(), atomic.bytes(),
                   AccessKind::kAtomic, host)) {
    return Step::kTrap;
  }
  bool changed = false;
  if (atomic.type.bytes == 16) {
    Run128(warp, atomic, lanes, host, changed);
  } else {
    uint32_t offset = 0;
    for (const Atomic::Part& part : atomic.parts) {
      RunPart(warp, atomic, part, lanes, addresses, host, offset, changed);
      offset += atomic.type.bytes;
    }
  }
  AcquireFrom(warp, atomic.space, addresses, lanes);
  if (changed) warp.cluster().NoteEffect();
  return warp.Poll(!changed);
}

// --- Decoding

constexpr int kOps = 10;

llvm::Error ReadModifiers(const ptx::Instruction& instruction, DecodeContext& context,
                          Atomic& atomic, size_t& parts, bool& hint) {
  ptx::ModifierReader modifiers(instruction);
  TakeSemantics(modifiers);
  atomic.space = TakeSpace(modifiers);
  if (atomic.space == Space::kLocal || atomic.space == Space::kParam ||
      atomic.space == Space::kConst) {
    return context.Unsupported("atomics are on global or shared memory");
  }
  const int op =
      modifiers.TakeOneOf({"add", "min", "max", "inc", "dec", "and", "or", "xor", "exch", "cas"});
  if (op < 0 || op >= kOps) return context.Unsupported("an atomic operation is due");
  atomic.op = static_cast<AtomicOp>(op);
  const bool noftz = modifiers.Take("noftz");
  hint = modifiers.Take("L2::cache_hint");
  static constexpr size_t kParts[] = {1, 2, 4, 8};
  parts = kParts[modifiers.TakeOneOf({"v2", "v4", "v8"}) + 1];
  llvm::Expected<OperandType> type = TakeType(modifiers, instruction);
  if (!type) return type.takeError();
  if (llvm::Error error = modifiers.Finish()) return error;
  atomic.type = *type;
  const bool narrow =
      type->kind == OperandTypeKind::kHalf || type->kind == OperandTypeKind::kBfloat;
  if (noftz && !narrow) return context.Unsupported(".noftz is for .f16 and .bf16 types");
  const bool wide = type->bytes == 16 &&
                    (atomic.op == AtomicOp::kExch || atomic.op == AtomicOp::kCas) &&
                    type->kind == OperandTypeKind::kBits;
  atomic.in_global = FindCombine(atomic.op, *type, true);
  atomic.in_shared = FindCombine(atomic.op, *type, false);
  const bool is_float = narrow || type->kind == OperandTypeKind::kFloat;
  const bool fits = parts == 1 || (is_float && type->bytes * parts <= 16 && type->bytes != 8);
  if (!fits || (!wide && atomic.in_global == nullptr)) {
    return context.Unsupported("this form of " + instruction.opcode.str() + " is not known");
  }
  return llvm::Error::success();
}

/// The parts of a vector, or the operand itself.
llvm::ArrayRef<ptx::Operand> PartsOf(const ptx::Operand& operand) {
  if (operand.kind == ptx::OperandKind::kVector) return operand.list;
  return operand;
}

llvm::Error Decode(const ptx::Instruction& instruction, bool returns, DecodeContext& context,
                   Inst& inst) {
  auto* atomic = context.New<Atomic>();
  size_t parts = 1;
  bool hint = false;
  if (llvm::Error error = ReadModifiers(instruction, context, *atomic, parts, hint)) return error;
  atomic->returns = returns;
  const size_t sources = atomic->op == AtomicOp::kCas ? 2 : 1;
  const size_t operands = 1 + returns + sources + hint;
  if (llvm::Error error = ExpectOperands(instruction, operands, operands)) return error;
  const size_t first = returns ? 1 : 0;
  if (llvm::Error error = Bind(inst.address, context.AddressOf(instruction.operands[first]))) {
    return error;
  }
  const llvm::ArrayRef<ptx::Operand> from = PartsOf(instruction.operands[first + 1]);
  const llvm::ArrayRef<ptx::Operand> to = PartsOf(instruction.operands[0]);
  if (from.size() != parts || (returns && to.size() != parts)) {
    return context.Unsupported("a vector of " + std::to_string(parts) + " is due here");
  }
  for (size_t i = 0; i < parts; ++i) {
    Atomic::Part part;
    if (llvm::Error error = Bind(part.b, context.Source(from[i], atomic->type.bytes))) return error;
    if (returns) {
      if (llvm::Error error = Bind(part.to, context.Destination(to[i], atomic->type.bytes))) {
        return error;
      }
    }
    atomic->parts.push_back(part);
  }
  inst.detail = atomic;
  inst.inst_class = InstClass::kAtomic;
  inst.execute = &RunAtomic;
  if (sources == 1) return llvm::Error::success();
  return Bind(atomic->c, context.Source(instruction.operands[first + 2], atomic->type.bytes));
}

llvm::Error DecodeAtom(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  return Decode(instruction, true, context, inst);
}
llvm::Error DecodeRed(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  if (instruction.Has("async")) return DecodeReduceAsync(instruction, context, inst);
  return Decode(instruction, false, context, inst);
}

}  // namespace

llvm::ArrayRef<OpcodeDecoder> AtomicDecoders() {
  static constexpr OpcodeDecoder kDecoders[] = {{"atom", &DecodeAtom}, {"red", &DecodeRed}};
  return kDecoders;
}

}  // namespace attnjit::emulator
