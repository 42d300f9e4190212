#include "runtime/emulator/ops/load_store.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "llvm/ADT/SmallVector.h"
#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/ops/decode_helpers.h"
#include "runtime/emulator/ops/lanes.h"
#include "runtime/emulator/ops/memory_order.h"
#include "runtime/emulator/ops/run_lanes.h"
#include "runtime/emulator/ops/store_async.h"

namespace attnjit::emulator {
namespace {

constexpr int kMaxBytes = 32;  ///< Of one lane: .v8.b32, .v4.b64.

struct Memory {
  Space space = Space::kGeneric;
  AccessKind kind = AccessKind::kRead;
  int element_bytes = 0;
  bool is_signed = false;
  struct Part {
    Value value;
    uint64_t mask = ~uint64_t{0};  ///< Loads: bits of the register, for sign extension.
  };
  llvm::SmallVector<Part, 4> parts;

  uint32_t bytes() const { return static_cast<uint32_t>(element_bytes) * parts.size(); }
  bool strong() const {
    return kind == AccessKind::kStrongRead || kind == AccessKind::kStrongWrite;
  }
};

template <int kBytes>
using Unsigned = std::conditional_t<
    kBytes == 1, uint8_t,
    std::conditional_t<kBytes == 2, uint16_t, std::conditional_t<kBytes == 4, uint32_t, uint64_t>>>;

/// Other host threads may access the same global memory: single-copy atomic, as on a GPU.
template <int kBytes>
Unsigned<kBytes> LoadWord(const uint8_t* host) {
  return __atomic_load_n(reinterpret_cast<const Unsigned<kBytes>*>(host), __ATOMIC_ACQUIRE);
}
template <int kBytes>
void StoreWord(uint8_t* host, Unsigned<kBytes> value) {
  __atomic_store_n(reinterpret_cast<Unsigned<kBytes>*>(host), value, __ATOMIC_RELEASE);
}

// --- ld

/// One element of all lanes into `words`. True: it changes nothing.
template <class Word, class LoadLane>
bool FillRegister(Word* words, uint32_t lanes, const LoadLane& load) {
  bool same = true;
  if (lanes == kAllLanes) {
    for (int l = 0; l < 32; ++l) {
      const Word value = load(l);
      same &= words[l] == value;
      words[l] = value;
    }
    return same;
  }
  ForEachLane(lanes, [&](int l) {
    const Word value = load(l);
    same &= words[l] == value;
    words[l] = value;
  });
  return same;
}

template <int kBytes>
bool LoadPart(Warp& warp, const Memory& memory, const Memory::Part& part, uint32_t lanes,
              uint8_t* const* host, size_t offset) {
  if (part.value.kind == ValueKind::kSink) return true;
  if constexpr (kBytes == 16) {
    uint64_t* words = warp.Write128(part.value, lanes);
    bool same = true;
    ForEachLane(lanes, [&](int l) {
      for (int half = 0; half < 2; ++half) {
        const uint64_t value = LoadWord<8>(host[l] + offset + 8 * half);
        same &= words[2 * l + half] == value;
        words[2 * l + half] = value;
      }
    });
    return same;
  } else {
    const auto extended = [&](int l) -> uint64_t {
      const Unsigned<kBytes> value = LoadWord<kBytes>(host[l] + offset);
      if (!memory.is_signed) return value;
      const auto wide =
          static_cast<int64_t>(static_cast<std::make_signed_t<Unsigned<kBytes>>>(value));
      return static_cast<uint64_t>(wide) & part.mask;
    };
    if (part.value.bytes == 8) {
      return FillRegister(warp.Write64(part.value, lanes), lanes, extended);
    }
    uint32_t* words = warp.Write32(part.value, lanes);
    if constexpr (kBytes == 4) {
      return FillRegister(words, lanes, [&](int l) { return LoadWord<4>(host[l] + offset); });
    } else {
      return FillRegister(words, lanes, [&](int l) { return static_cast<uint32_t>(extended(l)); });
    }
  }
}

template <int kBytes>
Step RunLoad(Warp& warp, const Inst& inst, uint32_t lanes) {
  const auto& memory = *static_cast<const Memory*>(inst.detail);
  uint64_t addresses[32];
  uint8_t* host[32];
  warp.Addresses(inst.address, lanes, addresses);
  if (!warp.Locate(inst, memory.space, addresses, lanes, memory.bytes(), memory.bytes(),
                   memory.kind, host)) {
    return Step::kTrap;
  }
  bool same = true;
  size_t offset = 0;
  for (const Memory::Part& part : memory.parts) {
    same &= LoadPart<kBytes>(warp, memory, part, lanes, host, offset);
    offset += kBytes;
  }
  if (!memory.strong()) return Step::kNext;
  AcquireFrom(warp, memory.space, addresses, lanes);
  return warp.Poll(same);
}

// --- st

template <int kBytes>
void CopyFromRegister(const uint32_t* words, int register_bytes, int lane, uint8_t* to) {
  std::memcpy(to, reinterpret_cast<const uint8_t*>(words) + lane * register_bytes, kBytes);
}

template <int kBytes>
void StorePart(const Memory::Part& part, const uint32_t* words, uint32_t lanes,
               uint8_t* const* host, size_t offset) {
  const int stride = part.value.bytes;
  const auto* bytes = reinterpret_cast<const uint8_t*>(words);
  ForEachLane(lanes, [&](int l) {
    if constexpr (kBytes == 16) {
      uint64_t halves[2];
      std::memcpy(halves, bytes + l * stride, 16);
      StoreWord<8>(host[l] + offset, halves[0]);
      StoreWord<8>(host[l] + offset + 8, halves[1]);
    } else {
      Unsigned<kBytes> value;
      std::memcpy(&value, bytes + l * stride, kBytes);
      StoreWord<kBytes>(host[l] + offset, value);
    }
  });
}

template <int kBytes>
Step RunStore(Warp& warp, const Inst& inst, uint32_t lanes) {
  const auto& memory = *static_cast<const Memory*>(inst.detail);
  uint64_t addresses[32];
  uint8_t* host[32];
  warp.Addresses(inst.address, lanes, addresses);
  const uint32_t* sources[8];
  for (size_t i = 0; i < memory.parts.size(); ++i) {
    sources[i] = warp.Read32(memory.parts[i].value, lanes);
  }
  const uint32_t bytes = memory.bytes();
  alignas(16) uint8_t values[32 * kMaxBytes];
  if (warp.monitor() != nullptr) {
    for (size_t i = 0; i < memory.parts.size(); ++i) {
      ForEachLane(lanes, [&](int l) {
        CopyFromRegister<kBytes>(sources[i], memory.parts[i].value.bytes, l,
                                 values + static_cast<size_t>(l) * bytes + i * kBytes);
      });
    }
  }
  if (memory.strong()) ReleaseTo(warp, memory.space, addresses, lanes);
  if (!warp.Locate(inst, memory.space, addresses, lanes, bytes, bytes, memory.kind, host, values,
                   bytes)) {
    return Step::kTrap;
  }
  for (size_t i = 0; i < memory.parts.size(); ++i) {
    StorePart<kBytes>(memory.parts[i], sources[i], lanes, host, i * kBytes);
  }
  return Step::kNext;
}

// --- Decoding

Execute LoadOf(int bytes) {
  switch (bytes) {
    case 1:
      return &RunLoad<1>;
    case 2:
      return &RunLoad<2>;
    case 4:
      return &RunLoad<4>;
    case 8:
      return &RunLoad<8>;
    default:
      return &RunLoad<16>;
  }
}

Execute StoreOf(int bytes) {
  switch (bytes) {
    case 1:
      return &RunStore<1>;
    case 2:
      return &RunStore<2>;
    case 4:
      return &RunStore<4>;
    case 8:
      return &RunStore<8>;
    default:
      return &RunStore<16>;
  }
}

llvm::Error BindPart(const ptx::Operand& operand, bool load, DecodeContext& context,
                     Memory& memory) {
  Memory::Part part;
  const int bytes = memory.element_bytes;
  if (llvm::Error error = Bind(part.value, load ? context.Destination(operand, bytes, true)
                                                : context.Source(operand, bytes, true))) {
    return error;
  }
  const int declared = context.RegisterBytes(operand);
  if (declared > 0 && declared < 8) part.mask = (uint64_t{1} << (8 * declared)) - 1;
  if (part.value.kind == ValueKind::kSpecial) return context.Unsupported("a clock is not stored");
  if (load && part.value.kind == ValueKind::kRegister && part.value.bytes == 16 && bytes != 16) {
    return context.Unsupported("128-bit registers are loaded by .b128");
  }
  memory.parts.push_back(part);
  return llvm::Error::success();
}

/// The modifiers from semantics to type; `vector`: parts.
llvm::Error ReadModifiers(const ptx::Instruction& instruction, bool load, DecodeContext& context,
                          Memory& memory, size_t& parts, bool& hint) {
  ptx::ModifierReader modifiers(instruction);
  const Semantics semantics = TakeSemantics(modifiers);
  memory.space = TakeSpace(modifiers);
  hint = TakeCacheModifiers(modifiers);
  static constexpr size_t kParts[] = {1, 2, 4, 8};
  parts = kParts[modifiers.TakeOneOf({"v2", "v4", "v8"}) + 1];
  llvm::Expected<OperandType> type = TakeType(modifiers, instruction);
  if (!type) return type.takeError();
  if (llvm::Error error = modifiers.Finish()) return error;
  if (type->kind == OperandTypeKind::kPredicate)
    return context.Unsupported("predicates are not in memory");
  if (type->bytes * parts > kMaxBytes) return context.Unsupported("the vector is too long");
  memory.element_bytes = type->bytes;
  memory.is_signed = type->kind == OperandTypeKind::kSigned;
  memory.kind = load ? (semantics.strong ? AccessKind::kStrongRead : AccessKind::kRead)
                     : (semantics.strong ? AccessKind::kStrongWrite : AccessKind::kWrite);
  return llvm::Error::success();
}

llvm::Error DecodeAccess(const ptx::Instruction& instruction, bool load, DecodeContext& context,
                         Inst& inst) {
  auto* memory = context.New<Memory>();
  size_t parts = 1;
  bool hint = false;
  if (llvm::Error error = ReadModifiers(instruction, load, context, *memory, parts, hint)) {
    return error;
  }
  if (llvm::Error error = ExpectOperands(instruction, 2 + hint, 2 + hint)) return error;
  const ptx::Operand& data = instruction.operands[load ? 0 : 1];
  if (llvm::Error error =
          Bind(inst.address, context.AddressOf(instruction.operands[load ? 1 : 0]))) {
    return error;
  }
  if (parts == 1) {
    if (llvm::Error error = BindPart(data, load, context, *memory)) return error;
  } else {
    if (data.kind != ptx::OperandKind::kVector || data.list.size() != parts) {
      return context.Unsupported("a vector of " + std::to_string(parts) + " is due here");
    }
    for (const ptx::Operand& part : data.list) {
      if (llvm::Error error = BindPart(part, load, context, *memory)) return error;
    }
  }
  inst.detail = memory;
  inst.inst_class = load ? InstClass::kLoad : InstClass::kStore;
  inst.execute = load ? LoadOf(memory->element_bytes) : StoreOf(memory->element_bytes);
  return llvm::Error::success();
}

llvm::Error DecodeLoad(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  return DecodeAccess(instruction, true, context, inst);
}
llvm::Error DecodeStore(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  if (instruction.Has("async")) return DecodeStoreAsync(instruction, context, inst);
  return DecodeAccess(instruction, false, context, inst);
}

// --- Caches: the address is evaluated, and nothing else happens.

Step RunCacheHint(Warp& warp, const Inst& inst, uint32_t lanes) {
  uint64_t addresses[32];
  warp.Addresses(inst.address, lanes, addresses);
  return Step::kNext;
}

llvm::Error DecodeCacheHint(const ptx::Instruction& instruction, DecodeContext& context,
                            Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  TakeSpace(modifiers);
  modifiers.TakeOneOf({"L1", "L2", "tensormap"});
  TakeCacheModifiers(modifiers);
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 1, 2)) return error;
  inst.inst_class = InstClass::kOther;
  inst.execute = &RunCacheHint;
  return Bind(inst.address, context.AddressOf(instruction.operands[0]));
}

/// Policies are opaque: any number does.
struct MakePolicy {
  uint64_t operator()(uint32_t) const { return 0x1000000000000000; }
};

llvm::Error DecodeCreatePolicy(const ptx::Instruction& instruction, DecodeContext& context,
                               Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  if (modifiers.TakeOneOf({"fractional", "range", "cvt"}) < 0) {
    return context.Unsupported("createpolicy needs .fractional, .range or .cvt");
  }
  modifiers.Take("global");
  modifiers.Take("L2");
  while (!modifiers.TakePrefixed("L2::").empty()) {
  }
  if (!modifiers.Take("b64")) return context.Unsupported("createpolicy needs .b64");
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 1, 4)) return error;
  inst.inst_class = InstClass::kOther;
  inst.a = context.Constant(0, 4);
  SetLaneKernel(MakeLaneKernel<MakePolicy>(), -1, context, inst);
  return Bind(inst.dst, context.Destination(instruction.operands[0], 8));
}

}  // namespace

llvm::ArrayRef<OpcodeDecoder> LoadStoreDecoders() {
  static constexpr OpcodeDecoder kDecoders[] = {
      {"applypriority", &DecodeCacheHint},
      {"createpolicy", &DecodeCreatePolicy},
      {"discard", &DecodeCacheHint},
      {"ld", &DecodeLoad},
      {"ldu", &DecodeLoad},
      {"prefetch", &DecodeCacheHint},
      {"prefetchu", &DecodeCacheHint},
      {"st", &DecodeStore},
  };
  return kDecoders;
}

}  // namespace attnjit::emulator
