#include "runtime/emulator/ops/mbarrier.h"

#include <array>
#include <string>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/async/mbarrier.h"
#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/ops/async_support.h"
#include "runtime/emulator/ops/thread_fence.h"

namespace attnjit::emulator {
namespace {

/// Seeded: one try_wait in this many gives up where it could block.
constexpr uint64_t kWaitsPerTimeout = 4;

struct MbarrierDetail {
  Space space = Space::kGeneric;
  ArriveKind arrive = ArriveKind::kArrive;
  bool no_complete = false;
  bool expect_tx = false;
  bool relaxed = false;
  bool parity = false;     ///< Waits: by parity instead of by state.
  bool may_block = false;  ///< try_wait
};

const MbarrierDetail& DetailOf(const Inst& inst) {
  return *static_cast<const MbarrierDetail*>(inst.detail);
}

/// Calls use(origin, lanes, shared::cluster address) for each group of lanes with equal address and
/// equal operand; false where one returned false.
template <class Use>
bool ForEachBarrier(Warp& warp, const Inst& inst, uint32_t lanes, const uint32_t* operand,
                    const Use& use) {
  std::array<uint64_t, 32> addresses;
  warp.Addresses(inst.address, lanes, addresses.data());
  while (lanes != 0) {
    const int first = __builtin_ctz(lanes);
    const uint32_t group = SameAsFirst(lanes, [&](int lane) {
      const auto l = static_cast<size_t>(lane);
      return std::pair(addresses[l], operand == nullptr ? 0u : operand[l]);
    });
    lanes &= ~group;
    const Origin origin = {&warp, &inst, first};
    const std::optional<uint32_t> address =
        SharedAddress(origin, DetailOf(inst).space, addresses[static_cast<size_t>(first)]);
    if (!address || !use(origin, group, *address)) return false;
  }
  return true;
}

Step Done(bool ok) { return ok ? Step::kNext : Step::kTrap; }

Step ExecuteInit(Warp& warp, const Inst& inst, uint32_t lanes) {
  const uint32_t* counts = warp.Read32(inst.a, lanes);
  return Done(ForEachBarrier(
      warp, inst, lanes, counts, [&](const Origin& origin, uint32_t group, uint32_t address) {
        return AllLanes(group, [&](int lane) {
          return InitMbarrier({origin.warp, origin.inst, lane}, address, counts[lane]);
        });
      }));
}

Step ExecuteInval(Warp& warp, const Inst& inst, uint32_t lanes) {
  return Done(ForEachBarrier(warp, inst, lanes, nullptr,
                             [&](const Origin& origin, uint32_t group, uint32_t address) {
                               return AllLanes(group, [&](int lane) {
                                 return InvalMbarrier({origin.warp, origin.inst, lane}, address);
                               });
                             }));
}

Step ExecuteExpectTx(Warp& warp, const Inst& inst, uint32_t lanes) {
  const uint32_t* bytes = warp.Read32(inst.a, lanes);
  return Done(ForEachBarrier(warp, inst, lanes, bytes,
                             [&](const Origin& origin, uint32_t group, uint32_t address) {
                               return ExpectMbarrierTx(origin, group, address, bytes[origin.lane]);
                             }));
}

/// mbarrier.complete_tx pretends that an operation has ended: one without accesses.
Step ExecuteCompleteTx(Warp& warp, const Inst& inst, uint32_t lanes) {
  const uint32_t* bytes = warp.Read32(inst.a, lanes);
  return Done(ForEachBarrier(
      warp, inst, lanes, bytes, [&](const Origin& origin, uint32_t group, uint32_t address) {
        return AllLanes(group, [&](int lane) {
          OpId op = 0;
          if (Monitor* monitor = warp.monitor(); monitor != nullptr) {
            op = monitor->BeginAsync({Issuer{warp.id(), 1u << lane}}, AsyncKind::kOther, inst.pc);
            monitor->EndAsync(op);
          }
          return CompleteMbarrierTx({&warp, &inst, lane}, op, address, bytes[origin.lane]);
        });
      }));
}

Step ExecuteArrive(Warp& warp, const Inst& inst, uint32_t lanes) {
  const MbarrierDetail& detail = DetailOf(inst);
  const uint32_t* operand = inst.a.kind == ValueKind::kNone ? nullptr : warp.Read32(inst.a, lanes);
  uint64_t* tokens =
      inst.dst.kind == ValueKind::kRegister ? warp.Write64(inst.dst, lanes) : nullptr;
  const bool ok = ForEachBarrier(
      warp, inst, lanes, operand, [&](const Origin& origin, uint32_t group, uint32_t address) {
        const auto arrive = [&](uint32_t who, uint32_t count) {
          const bool relaxed = detail.relaxed && ReleasedByFence(warp, who) != who;
          return ArriveMbarrier(origin, who, address, detail.arrive, count, detail.no_complete,
                                relaxed, tokens);
        };
        if (!detail.expect_tx) return arrive(group, operand == nullptr ? 1 : operand[origin.lane]);
        return AllLanes(group, [&](int lane) {
          return ExpectMbarrierTx(origin, 1u << lane, address, operand[lane]) &&
                 arrive(1u << lane, 1);
        });
      });
  return Done(ok);
}

/// Whether the phase that a lane waits for has ended; false in `valid` after a fault.
bool PhaseEnded(const Origin& origin, uint32_t address, const MbarrierCounts& state,
                uint64_t operand, bool& valid) {
  valid = true;
  if (DetailOf(*origin.inst).parity) {
    if (operand > 1) {
      valid =
          Fault(origin, Rule::kMbarrierPhase, llvm::formatv("parity {0}: must be 0 or 1", operand),
                MemorySpace::kShared, address, 8);
    }
    return (state.phase() & 1) != operand;
  }
  const uint32_t behind = static_cast<uint32_t>(state.phase()) - TokenPhase(operand);
  if (!IsToken(operand) || behind > 1) {
    valid = Fault(origin, Rule::kMbarrierPhase,
                  IsToken(operand) ? "the state is of neither the current nor the preceding phase"
                                   : "the operand is no state that mbarrier.arrive returned",
                  MemorySpace::kShared, address, 8);
  }
  return behind == 1;
}

/// The lanes of one wait that wait on one mbarrier for one phase.
struct WaitGroup {
  uint32_t lanes = 0;
  uint32_t address = 0;
  uint32_t parity = 0;  ///< Of the phase.
  bool ended = false;
};
using WaitGroups = llvm::SmallVector<WaitGroup, 2>;

bool CollectWaits(Warp& warp, const Inst& inst, uint32_t lanes, WaitGroups& groups) {
  const MbarrierDetail& detail = DetailOf(inst);
  const uint32_t* narrow = detail.parity ? warp.Read32(inst.a, lanes) : nullptr;
  const uint64_t* wide = detail.parity ? nullptr : warp.Read64(inst.a, lanes);
  std::array<uint32_t, 32> phases = {};
  AllLanes(lanes, [&](int lane) {
    phases[static_cast<size_t>(lane)] = narrow ? narrow[lane] : TokenPhase(wide[lane]);
    return true;
  });
  return ForEachBarrier(
      warp, inst, lanes, phases.data(),
      [&](const Origin& origin, uint32_t group, uint32_t address) {
        if (RankOf(address) != warp.cta().rank()) {
          return Fault(origin, Rule::kOutOfBounds,
                       "only the CTA that has an mbarrier can wait for it", MemorySpace::kShared,
                       address, 8);
        }
        const MbarrierCounts* state = FindMbarrier(origin, address);
        if (state == nullptr) return false;
        const uint64_t operand = narrow != nullptr ? narrow[origin.lane] : wide[origin.lane];
        bool valid = true;
        const bool ended = PhaseEnded(origin, address, *state, operand, valid);
        groups.push_back({group, address, static_cast<uint32_t>(operand & 1), ended});
        return valid;
      });
}

void TellMonitor(Warp& warp, const Inst& inst, const WaitGroup& group) {
  Monitor* monitor = warp.monitor();
  if (monitor == nullptr) return;
  const MbarrierDetail& detail = DetailOf(inst);
  if (group.ended) {
    monitor->MbarrierObserve(warp.id(), group.lanes, group.address, inst.pc, detail.relaxed);
    if (detail.relaxed) ObservedRelaxed(warp, group.lanes, group.address);
  } else if (detail.may_block) {
    monitor->MbarrierBlocked(warp.id(), group.lanes, group.address, group.parity, inst.pc);
  }
}

/// Whether the time limit of a try_wait that could block is over, which is the system's to say.
bool GivesUp(Cluster& cluster) {
  AsyncQueue& queue = cluster.queue();
  const bool seeded = queue.policy().kind == AsyncPolicy::Kind::kSeeded;
  return cluster.expire_waits() || (seeded && queue.Random() % kWaitsPerTimeout == 0);
}

Step ExecuteWait(Warp& warp, const Inst& inst, uint32_t lanes) {
  const MbarrierDetail& detail = DetailOf(inst);
  WaitGroups groups;
  if (!CollectWaits(warp, inst, lanes, groups)) return Step::kTrap;
  uint32_t ended = 0;
  AsyncQueue& queue = warp.cluster().queue();
  for (const WaitGroup& group : groups) {
    TellMonitor(warp, inst, group);
    if (group.ended) {
      ended |= group.lanes;
    } else {
      queue.Want(MbarrierSignal(group.address));
    }
  }
  if (ended == 0 && detail.may_block && !GivesUp(warp.cluster())) {
    const WaitGroup& group = groups.front();
    const MbarrierCounts* state = FindMbarrier({&warp, &inst, -1}, group.address);
    if (state == nullptr) return Step::kTrap;
    warp.SetWait(llvm::formatv(
        "mbarrier {0:x}: phase of parity {1}; {2} of {3} arrivals pending, {4} bytes outstanding",
        group.address, group.parity, state->pending(), state->expected(), state->tx()));
    return Step::kBlocked;
  }
  warp.WritePredicate(inst.dst, lanes, ended);
  if (ended != 0) ++warp.counters().mbarrier_waits;
  if (detail.may_block) return Step::kNext;
  return warp.Poll(ended != lanes);
}

Step ExecutePendingCount(Warp& warp, const Inst& inst, uint32_t lanes) {
  const uint64_t* states = warp.Read64(inst.a, lanes);
  const bool ok = AllLanes(lanes, [&](int lane) {
    return IsToken(states[lane]) || Fault({&warp, &inst, lane}, Rule::kMbarrierPhase,
                                          "the operand is no state that mbarrier.arrive returned");
  });
  if (!ok) return Step::kTrap;
  uint32_t* counts = warp.Write32(inst.dst, lanes);
  AllLanes(lanes, [&](int lane) {
    counts[lane] = TokenPending(states[lane]);
    return true;
  });
  return Step::kNext;
}

/// Modifiers that most forms have: semantics, scope, state space, type.
llvm::Error TakeCommon(ptx::ModifierReader& modifiers, const ptx::Instruction& instruction,
                       bool cluster_allowed, MbarrierDetail& detail) {
  detail.relaxed = modifiers.Take("relaxed");
  if (!detail.relaxed) modifiers.TakeOneOf({"release", "acquire"});
  modifiers.TakeOneOf({"cta", "cluster"});
  detail.space = TakeSharedSpace(modifiers, cluster_allowed);
  if (!modifiers.Take("b64")) return ptx::ErrorAt(instruction, "the type must be .b64");
  return modifiers.Finish();
}

/// Operands from `first` on: [address] and, if there are `bytes`, a value of that size.
llvm::Error BindAddressAndValue(const ptx::Instruction& instruction, DecodeContext& context,
                                size_t first, int bytes, Inst& inst) {
  if (llvm::Error error = Bind(inst.address, context.AddressOf(instruction.operands[first]))) {
    return error;
  }
  if (bytes == 0 || first + 1 >= instruction.operands.size()) return llvm::Error::success();
  return Bind(inst.a, context.Source(instruction.operands[first + 1], bytes));
}

llvm::Error DecodeSimple(const ptx::Instruction& instruction, DecodeContext& context,
                         ptx::ModifierReader& modifiers, Execute execute, bool value,
                         bool cluster_allowed, Inst& inst) {
  auto* detail = context.New<MbarrierDetail>();
  inst.detail = detail;
  inst.execute = execute;
  if (llvm::Error error = TakeCommon(modifiers, instruction, cluster_allowed, *detail)) {
    return error;
  }
  const size_t operands = value ? 2 : 1;
  if (llvm::Error error = ExpectOperands(instruction, operands, operands)) return error;
  return BindAddressAndValue(instruction, context, 0, value ? 4 : 0, inst);
}

llvm::Error DecodeArrive(const ptx::Instruction& instruction, DecodeContext& context,
                         ptx::ModifierReader& modifiers, ArriveKind kind, Inst& inst) {
  auto* detail = context.New<MbarrierDetail>();
  inst.detail = detail;
  inst.execute = ExecuteArrive;
  detail->arrive = kind;
  detail->expect_tx = modifiers.Take("expect_tx");
  detail->no_complete = modifiers.Take("noComplete");
  if (llvm::Error error = TakeCommon(modifiers, instruction, true, *detail)) return error;
  if (detail->expect_tx && detail->no_complete) {
    return ptx::ErrorAt(instruction, ".expect_tx and .noComplete exclude each other");
  }
  if (detail->expect_tx || detail->space == Space::kSharedCluster) {
    if (llvm::Error error = RequireSm(context, 90, "this form of mbarrier.arrive")) return error;
  }
  const bool value_needed = detail->expect_tx || detail->no_complete;
  if (llvm::Error error = ExpectOperands(instruction, value_needed ? 3 : 2, 3)) return error;
  if (instruction.operands.size() == 3 && !detail->no_complete) {
    if (llvm::Error error = RequireSm(context, 90, "a count without .noComplete")) return error;
  }
  if (llvm::Error error = Bind(inst.dst, context.Destination(instruction.operands[0], 8))) {
    return error;
  }
  if (detail->space == Space::kSharedCluster && inst.dst.kind != ValueKind::kSink) {
    return ptx::ErrorAt(instruction, "an arrival in .shared::cluster returns no state: use _");
  }
  return BindAddressAndValue(instruction, context, 1, 4, inst);
}

llvm::Error DecodeWait(const ptx::Instruction& instruction, DecodeContext& context,
                       ptx::ModifierReader& modifiers, bool may_block, Inst& inst) {
  auto* detail = context.New<MbarrierDetail>();
  inst.detail = detail;
  inst.execute = ExecuteWait;
  detail->may_block = may_block;
  detail->parity = modifiers.Take("parity");
  if (may_block) {
    if (llvm::Error error = RequireSm(context, 90, "mbarrier.try_wait")) return error;
  }
  if (llvm::Error error = TakeCommon(modifiers, instruction, false, *detail)) return error;
  if (llvm::Error error = ExpectOperands(instruction, 3, may_block ? 4 : 3)) return error;
  if (llvm::Error error = Bind(inst.dst, context.Predicate(instruction.operands[0], true))) {
    return error;
  }
  if (instruction.operands.size() == 4) {  // The time limit changes no results.
    if (llvm::Error error = Bind(inst.b, context.Source(instruction.operands[3], 4))) return error;
  }
  return BindAddressAndValue(instruction, context, 1, detail->parity ? 4 : 8, inst);
}

llvm::Error DecodePendingCount(const ptx::Instruction& instruction, DecodeContext& context,
                               ptx::ModifierReader& modifiers, Inst& inst) {
  if (!modifiers.Take("b64")) return ptx::ErrorAt(instruction, "the type must be .b64");
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 2, 2)) return error;
  if (llvm::Error error = Bind(inst.dst, context.Destination(instruction.operands[0], 4))) {
    return error;
  }
  inst.execute = ExecutePendingCount;
  return Bind(inst.a, context.Source(instruction.operands[1], 8));
}

llvm::Error DecodeMbarrier(const ptx::Instruction& instruction, DecodeContext& context,
                           Inst& inst) {
  inst.inst_class = InstClass::kBarrier;
  if (llvm::Error error = RequireSm(context, 80, "mbarrier")) return error;
  ptx::ModifierReader modifiers(instruction);
  const auto simple = [&](Execute execute, bool value, bool cluster) {
    return DecodeSimple(instruction, context, modifiers, execute, value, cluster, inst);
  };
  if (modifiers.Take("init")) return simple(ExecuteInit, true, false);
  if (modifiers.Take("inval")) return simple(ExecuteInval, false, false);
  if (modifiers.Take("arrive")) {
    return DecodeArrive(instruction, context, modifiers, ArriveKind::kArrive, inst);
  }
  if (modifiers.Take("arrive_drop")) {
    return DecodeArrive(instruction, context, modifiers, ArriveKind::kDrop, inst);
  }
  if (modifiers.Take("test_wait")) return DecodeWait(instruction, context, modifiers, false, inst);
  if (modifiers.Take("try_wait")) return DecodeWait(instruction, context, modifiers, true, inst);
  if (modifiers.Take("pending_count")) {
    return DecodePendingCount(instruction, context, modifiers, inst);
  }
  if (llvm::Error error = RequireSm(context, 90, "this form of mbarrier")) return error;
  if (modifiers.Take("expect_tx")) return simple(ExecuteExpectTx, true, true);
  if (modifiers.Take("complete_tx")) return simple(ExecuteCompleteTx, true, true);
  return context.Unsupported("unknown form of mbarrier");
}

constexpr OpcodeDecoder kDecoders[] = {{"mbarrier", DecodeMbarrier}};

}  // namespace

llvm::ArrayRef<OpcodeDecoder> MbarrierDecoders() { return kDecoders; }

}  // namespace attnjit::emulator
