#include "runtime/emulator/sanitizer/monitor.h"

#include <algorithm>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/sanitizer/monitor_impl.h"

namespace attnjit::emulator {
namespace {

std::string AccessName(const ShadowAccess& access) {
  if (access.is_atomic()) return access.is_write() ? "atomic access" : "atomic read";
  return access.is_write() ? "write" : "read";
}

uint32_t WarpsOf(uint32_t threads) { return (threads + 31) / 32; }

LaneMask LanesOfWarp(uint32_t threads, uint32_t warp) {
  const uint32_t left = threads - warp * 32;
  return left >= 32 ? ~0u : (1u << left) - 1;
}

}  // namespace

Monitor::Impl::Impl(const MonitorOptions& given, ReportSink* to)
    : options(given),
      sink(to),
      warps_per_cta(WarpsOf(given.threads_per_cta)),
      agents(given.ctas * warps_per_cta, warps_per_cta),
      global(0) {
  for (uint32_t cta = 0; cta < options.ctas; ++cta) {
    ctas.push_back(std::make_unique<CtaState>(options));
    for (uint32_t warp = 0; warp < warps_per_cta; ++warp) {
      warps.emplace_back(LanesOfWarp(options.threads_per_cta, warp));
    }
  }
}

Actor Monitor::Impl::WarpActor(WarpId warp, int lane, Pc pc, std::string kind) const {
  Actor actor;
  actor.pc = pc;
  actor.cta = static_cast<int32_t>(CtaOfWarp(warp));
  actor.warp = static_cast<int32_t>(warp % warps_per_cta);
  actor.lane = lane;
  actor.kind = std::move(kind);
  return actor;
}

Actor Monitor::Impl::ActorOf(const ShadowAccess& access) const {
  const Agent& agent = agents[access.agent];
  std::string kind = AccessName(access);
  if (!agent.is_warp) kind = "asynchronous " + kind + " by " + AsyncKindName(agent.kind).str();
  const bool one_lane = agent.is_warp && (access.lanes & (access.lanes - 1)) == 0;
  const int lane = one_lane ? __builtin_ctz(access.lanes) : -1;
  return WarpActor(agent.issuer.warp, lane, access.pc, std::move(kind));
}

Actor Monitor::Impl::ActorOf(const Who& who) const {
  std::string kind = who.kind;
  if (who.op != nullptr) kind += " by " + AsyncKindName(who.op->kind).str();
  return WarpActor(who.warp, who.lane, who.pc, std::move(kind));
}

void Monitor::Impl::File(Rule rule, Actor actor, const llvm::Twine& message, MemorySpace space,
                         uint64_t address, uint32_t size, Actor other) {
  Report report;
  report.rule = rule;
  report.message = message.str();
  report.actor = std::move(actor);
  report.space = space;
  report.address = address;
  report.size = size;
  report.other = std::move(other);
  sink->Add(std::move(report));
}

void Monitor::Impl::FileConflict(Rule rule, const Who& who, const ShadowAccess& earlier,
                                 const llvm::Twine& message, MemorySpace space, uint64_t address) {
  const std::tuple<Rule, Pc, Pc> key = {rule, who.pc, earlier.pc};
  if (std::find(conflicts_.begin(), conflicts_.end(), key) != conflicts_.end()) return;
  conflicts_.push_back(key);
  File(rule, ActorOf(who), message, space, address, 4, ActorOf(earlier));
}

Monitor::Monitor(const MonitorOptions& options, ReportSink* sink)
    : impl_(std::make_unique<Impl>(options, sink)) {}

Monitor::~Monitor() = default;

void Monitor::ReportAt(Rule rule, WarpId warp, int lane, Pc pc, const llvm::Twine& message,
                       MemorySpace space, uint64_t address, uint32_t size) {
  impl_->File(rule, impl_->WarpActor(warp, lane, pc), message, space, address, size);
}

void Monitor::ReportDeadlock(const llvm::Twine& waits) {
  impl_->File(Rule::kDeadlock, Actor(), "no warp can run and no operation is pending:\n" + waits);
}

void Monitor::SetInitialised(MemorySpace space, uint64_t address, uint64_t bytes) {
  if (space != MemorySpace::kShared || RankOf(address) >= impl_->ctas.size()) return;
  impl_->ctas[RankOf(address)]->shared_written.Set(address & kOffsetMask, bytes);
}

void Monitor::SetUninitialised(MemorySpace space, uint64_t address, uint64_t bytes) {
  if (space != MemorySpace::kShared || RankOf(address) >= impl_->ctas.size()) return;
  impl_->ctas[RankOf(address)]->shared_written.Clear(address & kOffsetMask, bytes);
}

void Monitor::SetMaxRegisters(WarpId warp, uint32_t value, bool increase, uint32_t current, Pc pc) {
  const Actor actor = impl_->WarpActor(warp, -1, pc);
  if (value < 24 || value > 256 || value % 8 != 0) {
    impl_->File(Rule::kSetmaxnreg, actor,
                llvm::formatv("setmaxnreg {0}: not a multiple of 8 from 24 to 256", value).str());
  } else if (increase ? value < current : value > current) {
    impl_->File(Rule::kSetmaxnreg, actor,
                llvm::formatv("setmaxnreg.{0} {1} with {2} registers", increase ? "inc" : "dec",
                              value, current)
                    .str());
  }
  // All warps of a warpgroup execute the same ones (PTX ISA 9.7.19.5).
  auto& mine = impl_->warps[warp].set_max_registers;
  mine.push_back({increase, value});
  const uint32_t first = warp - warp % impl_->warps_per_cta % 4;
  const uint32_t cta_end = (impl_->CtaOfWarp(warp) + 1) * impl_->warps_per_cta;
  for (uint32_t other = first; other < std::min(first + 4, cta_end); ++other) {
    const auto& theirs = impl_->warps[other].set_max_registers;
    if (theirs.size() < mine.size() || theirs[mine.size() - 1] == mine.back()) continue;
    impl_->File(Rule::kSetmaxnreg, actor,
                llvm::formatv("warps {0} and {1} of one warpgroup execute different setmaxnreg",
                              warp % impl_->warps_per_cta, other % impl_->warps_per_cta)
                    .str());
  }
}

}  // namespace attnjit::emulator
