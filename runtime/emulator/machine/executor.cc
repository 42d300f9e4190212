#include "runtime/emulator/machine/executor.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "llvm/Support/FormatVariadic.h"

namespace attnjit::emulator {
namespace {

/// Instructions of one turn where the policy does not draw it.
constexpr uint64_t kTurn = 4096;
/// Backward jumps after which a split lets the warp's other splits go first.
constexpr uint32_t kPatience = 4096;
/// Instructions without any effect after which the cluster counts as polling.
constexpr uint64_t kQuietLimit = uint64_t{1} << 18;

InstructionClass MemoryClass(llvm::StringRef text) {
  if (text.contains(".shared")) return InstructionClass::kSharedMemory;
  if (text.contains(".local")) return InstructionClass::kLocalMemory;
  if (text.contains(".param") || text.contains(".const")) return InstructionClass::kConstantMemory;
  return InstructionClass::kGlobalMemory;
}

InstructionClass SpecialClass(llvm::StringRef text) {
  if (text.contains("ex2.")) return InstructionClass::kExponential;
  if (text.contains("rcp.")) return InstructionClass::kReciprocal;
  if (text.contains("lg2.")) return InstructionClass::kLogarithm;
  if (text.contains("sqrt.")) return InstructionClass::kRsqrt;
  return InstructionClass::kOtherSpecial;
}

InstructionClass MatrixClass(llvm::StringRef text) {
  if (text.contains("ldmatrix") || text.contains("stmatrix"))
    return InstructionClass::kSharedMemory;
  if (text.contains("tcgen05.ld") || text.contains("tcgen05.st")) {
    return InstructionClass::kTensorMemory;
  }
  return InstructionClass::kMatrix;
}

InstructionClass ClassOf(const Inst& inst, llvm::StringRef text) {
  switch (inst.inst_class) {
    case InstClass::kInteger:
    case InstClass::kLogic:
    case InstClass::kMove:
    case InstClass::kPredicate:
      return InstructionClass::kInteger;
    case InstClass::kConvert:
      return InstructionClass::kConvert;
    case InstClass::kFloat:
      return text.contains("f16") ? InstructionClass::kFp16 : InstructionClass::kFp32;
    case InstClass::kFloatPacked:
      return InstructionClass::kFp32Packed;
    case InstClass::kDouble:
      return InstructionClass::kFp64;
    case InstClass::kSpecialFunction:
      return SpecialClass(text);
    case InstClass::kLoad:
    case InstClass::kStore:
      return MemoryClass(text);
    case InstClass::kAtomic:
      return InstructionClass::kAtomic;
    case InstClass::kControl:
      return InstructionClass::kControl;
    case InstClass::kWarp:
      return InstructionClass::kShuffle;
    case InstClass::kBarrier:
      return InstructionClass::kBarrier;
    case InstClass::kCopy:
      return InstructionClass::kAsyncCopy;
    case InstClass::kMatrix:
      return MatrixClass(text);
    case InstClass::kOther:
    case InstClass::kCount:
      break;
  }
  return InstructionClass::kOther;
}

}  // namespace

std::shared_ptr<const ClassTable> MakeClassTable(const Program& program) {
  auto classes = std::make_shared<ClassTable>();
  classes->reserve(program.code.size());
  for (size_t pc = 0; pc < program.code.size(); ++pc) {
    const llvm::StringRef text = pc < program.text.size() ? program.text[pc] : llvm::StringRef();
    classes->push_back(ClassOf(program.code[pc], text));
  }
  return classes;
}

Executor::Executor(Cluster& cluster, std::shared_ptr<const ClassTable> classes)
    : cluster_(cluster), classes_(std::move(classes)) {
  for (const auto& cta : cluster_.ctas_) {
    for (const auto& warp : cta->warps_) warps_.push_back(warp.get());
  }
}

bool Executor::IsReady(const Split& split) const {
  return split.wait == Split::Wait::kNone ||
         (split.wait == Split::Wait::kBlocked && split.seen != cluster_.changes_);
}

/// Splits at one place become one, which tries again what any of them waits for.
void Executor::MergeSplits(Warp& warp) {
  std::vector<Split>& splits = warp.splits_;
  for (size_t i = 0; i < splits.size(); ++i) {
    for (size_t j = splits.size() - 1; j > i; --j) {
      if (splits[i].pc != splits[j].pc || splits[i].returns != splits[j].returns) continue;
      splits[i].lanes |= splits[j].lanes;
      splits[i].wait = Split::Wait::kNone;
      splits[i].deferred = false;
      splits[i].backward = std::min(splits[i].backward, splits[j].backward);
      splits.erase(splits.begin() + static_cast<ptrdiff_t>(j));
    }
  }
}

bool Executor::Select(Warp& warp, uint32_t& limit) {
  std::vector<Split>& splits = warp.splits_;
  limit = UINT32_MAX;
  if (splits.size() == 1) {
    warp.current_ = 0;
    if (!IsReady(splits[0])) return false;
    splits[0].wait = Split::Wait::kNone;
    splits[0].backward = 0;
    warp.active_ = splits[0].lanes;
    return true;
  }
  MergeSplits(warp);
  const auto before = [](const Split& a, const Split& b) {
    if (a.deferred != b.deferred) return b.deferred;
    if (a.returns.size() != b.returns.size()) return a.returns.size() > b.returns.size();
    return a.pc < b.pc;
  };
  Split* best = nullptr;
  for (Split& split : splits) {
    if (split.backward > kPatience) {
      split.deferred = true;
      split.backward = 0;
    }
    if (IsReady(split) && (best == nullptr || before(split, *best))) best = &split;
  }
  if (best == nullptr) return false;
  if (best->deferred) {
    for (Split& split : splits) split.deferred = false;
  }
  best->wait = Split::Wait::kNone;
  warp.current_ = static_cast<uint32_t>(best - splits.data());
  warp.active_ = best->lanes;
  for (const Split& split : splits) {
    if (split.pc > best->pc && split.returns.size() == best->returns.size()) {
      limit = std::min(limit, split.pc);
    }
  }
  return true;
}

Step Executor::Converge(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (lanes == warp.live_) return Step::kNext;
  if (lanes != warp.active_) {
    return warp.Trap(Rule::kDivergentSync, inst, std::countr_zero(warp.active_ & ~lanes),
                     llvm::formatv("the guard of an aligned instruction holds in lanes {0:x8} of "
                                   "{1:x8} only",
                                   lanes, warp.active_));
  }
  warp.Gather(inst, warp.live_);
  return Step::kBlocked;
}

/// Every split waits for lanes that wait elsewhere.
Step Executor::TrapSplits(Warp& warp) {
  std::string message = "lanes of the warp wait for each other at different instructions:";
  for (const Split& split : warp.splits_) {
    message += llvm::formatv(" {0:x8} at PTX line {1} (for {2:x8})", split.lanes,
                             warp.program_->code[split.pc].line, split.members & warp.live_);
  }
  const Split& first = warp.splits_.front();
  return warp.Trap(Rule::kDivergentSync, warp.program_->code[first.pc],
                   std::countr_zero(first.lanes), std::move(message));
}

Executor::TurnEnd Executor::Turn(Warp& warp, uint64_t share) {
  for (;;) {
    uint32_t limit = 0;
    if (!Select(warp, limit)) break;
    const TurnEnd end = RunSplit(warp, limit, share);
    if (end != TurnEnd::kSelect) return end;
  }
  for (const Split& split : warp.splits_) {
    if (split.wait == Split::Wait::kBlocked) return TurnEnd::kBlocked;
  }
  TrapSplits(warp);
  return TurnEnd::kTrap;
}

Executor::TurnEnd Executor::RunSplit(Warp& warp, uint32_t limit, uint64_t& share) {
  const Inst* const code = warp.program_->code.data();
  const InstructionClass* const classes = classes_->data();
  Counters& counters = cluster_.counters_;
  const uint32_t active = warp.active_;
  uint32_t pc = warp.splits_[warp.current_].pc;
  for (; share != 0; --share) {
    const Inst& inst = code[pc];
    warp.running_ = &inst;
    uint32_t lanes = active;
    if (inst.guard >= 0) lanes = warp.GuardLanes(inst, lanes);
    Step step = Step::kNext;
    if (lanes != 0) {
      if (inst.converged && lanes != warp.live_) step = Converge(warp, inst, lanes);
      if (step == Step::kNext) step = inst.execute(warp, inst, lanes);
    }
    if (step == Step::kNext) [[likely]] {
      ++warp.time_;
      counters.AddInstruction(classes[pc], lanes);
      if (++pc < limit) [[likely]]
        continue;
      warp.splits_[warp.current_].pc = pc;
      return TurnEnd::kSelect;
    }
    if (step == Step::kTrap) return TurnEnd::kTrap;
    if (step == Step::kBlocked) return Block(warp, pc);
    ++warp.time_;
    counters.AddInstruction(classes[pc], lanes);
    if (step == Step::kYield) return Yield(warp, pc);
    if (warp.live_ == 0) return TurnEnd::kExited;  // Step::kJump
    if (warp.splits_.size() != 1 || warp.splits_[0].lanes != active) return TurnEnd::kSelect;
    pc = warp.splits_[0].pc;
  }
  warp.splits_[warp.current_].pc = pc;
  return TurnEnd::kShare;
}

Executor::TurnEnd Executor::Block(Warp& warp, uint32_t pc) {
  Split& split = warp.splits_[warp.current_];
  split.pc = pc;
  split.seen = cluster_.changes_;
  if (split.wait == Split::Wait::kNone) split.wait = Split::Wait::kBlocked;
  return TurnEnd::kSelect;
}

Executor::TurnEnd Executor::Yield(Warp& warp, uint32_t pc) {
  Split& split = warp.splits_[warp.current_];
  split.pc = pc + 1;
  split.deferred = warp.splits_.size() > 1;
  return TurnEnd::kYield;
}

uint64_t Executor::Share() {
  if (cluster_.queue_.policy().kind != AsyncPolicy::Kind::kSeeded) return kTurn;
  const uint64_t random = cluster_.queue_.Random();
  // Between 1 and 2048, each order of magnitude alike.
  const uint64_t scale = uint64_t{1} << (random % 12);
  return scale + (random >> 8) % scale;
}

void Executor::OrderWarps() {
  if (cluster_.queue_.policy().kind != AsyncPolicy::Kind::kSeeded) return;
  for (size_t i = warps_.size(); i > 1; --i) {
    std::swap(warps_[i - 1], warps_[cluster_.queue_.Random() % i]);
  }
}

bool Executor::Round() {
  OrderWarps();
  round_effects_ = cluster_.effects_;
  round_time_ = cluster_.time_;
  used_share_ = false;
  polled_ = false;
  const uint64_t most = cluster_.options_->max_instructions != 0
                            ? cluster_.options_->max_instructions
                            : uint64_t{1} << 40;
  for (Warp* warp : warps_) {
    if (warp->state() != Warp::State_::kRunnable) continue;
    const uint64_t before = warp->time_;
    const TurnEnd end = Turn(*warp, Share());
    cluster_.time_ += warp->time_ - before;
    used_share_ |= end == TurnEnd::kShare;
    polled_ |= end == TurnEnd::kYield;
    if (end == TurnEnd::kTrap || cluster_.trapped_) return false;
    if (warp->time_ > most) {
      warp->Trap(Rule::kDeadlock, *warp->running_, -1,
                 llvm::formatv("a warp executed more than {0} instructions", most));
      return false;
    }
    cluster_.queue_.Tick(cluster_);
    if (cluster_.trapped_) return false;
  }
  return true;
}

bool Executor::IsStuck() {
  if (cluster_.effects_ != round_effects_) {
    quiet_since_ = cluster_.time_;
    return false;
  }
  return !used_share_ || cluster_.time_ - quiet_since_ > kQuietLimit;
}

Cluster::Outcome Executor::Run(const std::function<bool()>& stop) {
  quiet_since_ = cluster_.time_;
  for (;;) {
    if (cluster_.trapped_ || (stop && stop())) return Cluster::Outcome::kFailed;
    if (!Round()) return Cluster::Outcome::kFailed;
    const bool all_exited =
        std::all_of(cluster_.ctas_.begin(), cluster_.ctas_.end(),
                    [](const std::unique_ptr<Cta>& cta) { return cta->exited(); });
    if (all_exited) return Finish();
    if (!IsStuck()) continue;
    if (cluster_.queue_.RunOne(cluster_)) {
      cluster_.Wake();
      continue;
    }
    if (polled_ || used_share_) return Cluster::Outcome::kStalled;
    if (expired_at_ == cluster_.effects_) return ReportDeadlock();
    // Potentially blocking waits give up once; they leave their mark only in what follows.
    ++cluster_.changes_;
    expired_at_ = cluster_.effects_;
    cluster_.expire_waits_ = true;
    const bool alive = Round();
    cluster_.expire_waits_ = false;
    if (!alive) return Cluster::Outcome::kFailed;
  }
}

Cluster::Outcome Executor::Finish() {
  while (cluster_.queue_.RunOne(cluster_)) {
  }
  if (cluster_.trapped_) return Cluster::Outcome::kFailed;
  if (cluster_.monitor_ != nullptr) cluster_.monitor_->ClusterExit();
  cluster_.counters_.clusters += 1;
  cluster_.counters_.ctas += cluster_.ctas_.size();
  return Cluster::Outcome::kDone;
}

std::string Executor::DescribeWaits() const {
  std::string text;
  for (const auto& cta : cluster_.ctas_) {
    for (const auto& warp : cta->warps_) {
      for (const Split& split : warp->splits_) {
        const Inst& inst = warp->program_->code[split.pc];
        const std::string what = split.wait == Split::Wait::kGather
                                     ? llvm::formatv("lanes {0:x8}", split.members).str()
                                 : warp->wait_.empty() ? warp->program_->text[split.pc]
                                                       : warp->wait_;
        text += llvm::formatv("\n  CTA {0} warp {1} lanes {2:x8} at PTX line {3}: waits for {4}",
                              cta->rank(), warp->index(), split.lanes, inst.line, what);
      }
    }
  }
  for (const std::string& pending : cluster_.queue_.Describe()) text += "\n  pending: " + pending;
  return text;
}

Cluster::Outcome Executor::ReportDeadlock() {
  cluster_.ReportStall();
  return Cluster::Outcome::kFailed;
}

}  // namespace attnjit::emulator
