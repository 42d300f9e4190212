#include "runtime/emulator/ops/named_barriers.h"

#include <algorithm>
#include <array>
#include <bit>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/ops/cluster_ops.h"
#include "runtime/emulator/ops/decode_helpers.h"
#include "runtime/emulator/ops/lanes.h"

namespace attnjit::emulator {
namespace {

constexpr uint32_t kBarriers = 16;
/// Results of .red that a waiter may still have to fetch: one for each warp at most.
constexpr size_t kResults = 32;

enum class Action : uint8_t { kSync, kArrive, kRedPopc, kRedAnd, kRedOr };

bool IsRed(Action action) { return action >= Action::kRedPopc; }

struct BarrierOp {
  Action action = Action::kSync;
  bool aligned = true;
  bool counted = false;  ///< Inst::b is the number of threads.
};

/// One barrier of a CTA.
struct Barrier {
  uint32_t expected = 0;  ///< Threads of this phase; 0: all that live.
  uint32_t arrived = 0;
  uint64_t phase = 0;
  uint32_t red_lanes = 0;  ///< .red: threads that took part,
  uint32_t red_true = 0;   ///< and those whose predicate holds.
  struct Result {
    uint32_t lanes = 0;
    uint32_t holds = 0;
  };
  std::array<Result, kResults> results;  ///< By phase, modulo.
};

struct CtaBarriers {
  std::array<Barrier, kBarriers> barriers;
};

/// What the lanes of a warp wait for: those of `lanes` have arrived in `phase`.
struct WarpBarriers {
  struct Waiting {
    uint32_t lanes = 0;
    uint64_t phase = 0;
  };
  std::array<Waiting, kBarriers> waiting;
};

SyncObject ObjectOf(const Warp& warp, uint32_t number) {
  return SyncObject::NamedBarrier(warp.cta().rank(), number);
}

uint32_t Expected(const Warp& warp, const Barrier& barrier) {
  return barrier.expected != 0 ? barrier.expected : warp.cta().live_warps() * 32;
}

std::string ExpectedText(uint32_t count) { return count == 0 ? "all" : std::to_string(count); }

/// Ends the phase if all have arrived.
void CompleteIfFull(Warp& warp, uint32_t number, Barrier& barrier) {
  if (barrier.arrived == 0 || barrier.arrived < Expected(warp, barrier)) return;
  barrier.results[barrier.phase % kResults] = {barrier.red_lanes, barrier.red_true};
  barrier.arrived = 0;
  barrier.expected = 0;
  barrier.red_lanes = 0;
  barrier.red_true = 0;
  ++barrier.phase;
  if (warp.monitor() != nullptr) warp.monitor()->CompleteBarrier(ObjectOf(warp, number));
  warp.cluster().Wake();
}

/// Lanes that do not exist or have exited count with the lowest live one: a warp counts 32.
uint32_t ArrivalsOf(const Warp& warp, uint32_t lanes) {
  const uint32_t lowest = warp.live() & (~warp.live() + 1);
  return static_cast<uint32_t>(std::popcount(lanes) +
                               ((lanes & lowest) != 0 ? std::popcount(~warp.live()) : 0));
}

Step Arrive(Warp& warp, const Inst& inst, uint32_t lanes, uint32_t number, uint32_t count) {
  const auto& op = *static_cast<const BarrierOp*>(inst.detail);
  Barrier& barrier = warp.cta().State<CtaBarriers>(StateSlot::kNamedBarriers).barriers[number];
  const bool whole = lanes == warp.live();
  if (warp.monitor() != nullptr && whole) {
    const uint32_t threads = count != 0 ? count : warp.cta().live_warps() * 32;
    warp.monitor()->ArriveBarrier(warp.id(), lanes, ObjectOf(warp, number), threads, inst.pc);
  } else if (warp.monitor() != nullptr) {
    warp.monitor()->Release(warp.id(), lanes, ObjectOf(warp, number));
  }
  if (barrier.arrived == 0) {
    barrier.expected = count;
  } else if (barrier.expected != count) {
    return warp.Trap(Rule::kBarrierCount, inst, -1,
                     llvm::formatv("barrier {0} is for {1} threads here, and was for {2} at an "
                                   "earlier arrival",
                                   number, ExpectedText(count), ExpectedText(barrier.expected)));
  }
  barrier.arrived += ArrivalsOf(warp, lanes);
  if (IsRed(op.action)) {
    const uint32_t holds = warp.ReadPredicate(inst.c, lanes) & lanes;
    barrier.red_lanes += static_cast<uint32_t>(std::popcount(lanes));
    barrier.red_true += static_cast<uint32_t>(std::popcount(holds));
  }
  CompleteIfFull(warp, number, barrier);
  return Step::kNext;
}

void WriteResult(Warp& warp, const Inst& inst, uint32_t lanes, const Barrier::Result& result) {
  const auto& op = *static_cast<const BarrierOp*>(inst.detail);
  if (op.action == Action::kRedPopc) {
    uint32_t* to = warp.Write32(inst.dst, lanes);
    ForEachLane(lanes, [&](int l) { to[l] = result.holds; });
    return;
  }
  const bool holds =
      op.action == Action::kRedAnd ? result.holds == result.lanes : result.holds != 0;
  warp.WritePredicate(inst.dst, lanes, holds ? kAllLanes : 0);
}

/// .sync and .red: arrives once, then waits for the phase to end.
Step RunWaiting(Warp& warp, const Inst& inst, uint32_t lanes, uint32_t number, uint32_t count) {
  Barrier& barrier = warp.cta().State<CtaBarriers>(StateSlot::kNamedBarriers).barriers[number];
  WarpBarriers::Waiting& waiting =
      warp.State<WarpBarriers>(StateSlot::kNamedBarriers).waiting[number];
  const uint32_t fresh = lanes & ~waiting.lanes;
  const bool done = (lanes & waiting.lanes) != 0 && waiting.phase != barrier.phase;
  if (fresh != 0 && !done) {
    waiting.lanes |= fresh;
    waiting.phase = barrier.phase;
    ++warp.counters().barrier_waits;
    if (Arrive(warp, inst, fresh, number, count) == Step::kTrap) return Step::kTrap;
  } else if (!done) {
    CompleteIfFull(warp, number, barrier);  // A warp may have exited since.
  }
  if (waiting.phase == barrier.phase) {
    warp.SetWait(llvm::formatv("barrier {0}: {1} of {2} threads have arrived", number,
                               barrier.arrived, Expected(warp, barrier)));
    return Step::kBlocked;
  }
  const uint32_t passed = lanes & waiting.lanes;
  waiting.lanes &= ~passed;
  if (IsRed(static_cast<const BarrierOp*>(inst.detail)->action)) {
    WriteResult(warp, inst, passed, barrier.results[waiting.phase % kResults]);
  }
  if (warp.monitor() != nullptr) warp.monitor()->Acquire(warp.id(), passed, ObjectOf(warp, number));
  if (passed == lanes) return Step::kNext;
  // Lanes that joined those that waited for the phase before arrive on their own.
  uint32_t targets[32];
  for (uint32_t l = 0; l < 32; ++l) targets[l] = (passed >> l & 1) != 0 ? inst.pc + 1 : inst.pc;
  warp.Scatter(inst, lanes, targets);
  return Step::kJump;
}

Step RunBarrier(Warp& warp, const Inst& inst, uint32_t lanes) {
  const auto& op = *static_cast<const BarrierOp*>(inst.detail);
  const int first = std::countr_zero(lanes);
  const uint32_t number = warp.Read32(inst.a, lanes)[first];
  const uint32_t count = op.counted ? warp.Read32(inst.b, lanes)[first] : 0;
  if (number >= kBarriers) {
    return warp.Trap(Rule::kBarrierCount, inst, first,
                     llvm::formatv("barrier {0}; a CTA has {1}", number, kBarriers));
  }
  const uint32_t most = (warp.cta().warps().size()) * 32;
  if (op.counted && (count == 0 || count % 32 != 0 || count > most)) {
    return warp.Trap(Rule::kBarrierCount, inst, first,
                     llvm::formatv("a barrier of {0} threads: it takes a multiple of 32 up to {1}",
                                   count, most));
  }
  if (op.action == Action::kArrive) return Arrive(warp, inst, lanes, number, count);
  return RunWaiting(warp, inst, lanes, number, count);
}

Step RunWarpSync(Warp& warp, const Inst& inst, uint32_t lanes) {
  const uint32_t members = warp.Read32(inst.a, lanes)[std::countr_zero(lanes)];
  if ((lanes & ~members) != 0) {
    return warp.Trap(Rule::kDivergentSync, inst, std::countr_zero(lanes & ~members),
                     "the member mask does not name the executing lane");
  }
  if (!warp.GatherAnywhere(inst, members)) return Step::kBlocked;
  if (warp.monitor() != nullptr) warp.monitor()->WarpSync(warp.id(), members & warp.live());
  warp.Jump(inst, lanes, inst.pc + 1);  // Lanes that waited elsewhere may come first now.
  return Step::kJump;
}

// --- Decoding

llvm::Error DecodeWarpSync(ptx::ModifierReader& modifiers, const ptx::Instruction& instruction,
                           DecodeContext& context, Inst& inst) {
  if (!modifiers.Take("sync")) return context.Unsupported("bar.warp needs .sync");
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 1, 1)) return error;
  inst.execute = &RunWarpSync;
  return Bind(inst.a, context.Source(instruction.operands[0], 4));
}

/// The action, and for .red the destination and the predicate, which stand first and last.
llvm::Error ReadAction(ptx::ModifierReader& modifiers, const ptx::Instruction& instruction,
                       DecodeContext& context, BarrierOp& op, Inst& inst) {
  const int action = modifiers.TakeOneOf({"sync", "arrive", "red"});
  if (action < 0) return context.Unsupported("a barrier needs .sync, .arrive or .red");
  op.action = static_cast<Action>(action);
  if (action != 2) return llvm::Error::success();
  const int red = modifiers.TakeOneOf({"popc", "and", "or"});
  if (red < 0 || !modifiers.Take(red == 0 ? "u32" : "pred")) {
    return context.Unsupported("a reducing barrier is .popc.u32, .and.pred or .or.pred");
  }
  op.action = static_cast<Action>(static_cast<int>(Action::kRedPopc) + red);
  if (llvm::Error error = ExpectOperands(instruction, 3, 4)) return error;
  const ptx::Operand& to = instruction.operands[0];
  if (llvm::Error error =
          Bind(inst.dst, red == 0 ? context.Destination(to, 4) : context.Predicate(to, true))) {
    return error;
  }
  return Bind(inst.c, context.Predicate(instruction.operands.back(), false));
}

llvm::Error DecodeBarrier(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  if (instruction.Has("cluster")) return DecodeBarrierCluster(instruction, context, inst);
  ptx::ModifierReader modifiers(instruction);
  inst.inst_class = InstClass::kBarrier;
  if (modifiers.Take("warp")) return DecodeWarpSync(modifiers, instruction, context, inst);
  modifiers.Take("cta");
  auto* op = context.New<BarrierOp>();
  if (llvm::Error error = ReadAction(modifiers, instruction, context, *op, inst)) return error;
  // bar.sync is barrier.sync.aligned.
  op->aligned = modifiers.Take("aligned") || instruction.opcode == "bar";
  if (llvm::Error error = modifiers.Finish()) return error;
  const size_t skipped = IsRed(op->action) ? 1 : 0;
  const size_t given = instruction.operands.size() - 2 * skipped;
  const size_t least = op->action == Action::kArrive ? 2 : 1;
  if (given < least || given > 2) {
    return context.Unsupported("a barrier takes its number and a count of threads");
  }
  op->counted = given == 2;
  inst.detail = op;
  inst.converged = op->aligned;
  inst.execute = &RunBarrier;
  const std::vector<ptx::Operand>& operands = instruction.operands;
  if (llvm::Error error = Bind(inst.a, context.Source(operands[skipped], 4))) return error;
  if (!op->counted) return llvm::Error::success();
  return Bind(inst.b, context.Source(operands[skipped + 1], 4));
}

}  // namespace

llvm::ArrayRef<OpcodeDecoder> NamedBarrierDecoders() {
  static constexpr OpcodeDecoder kDecoders[] = {{"bar", &DecodeBarrier},
                                                {"barrier", &DecodeBarrier}};
  return kDecoders;
}

}  // namespace attnjit::emulator
