// Accesses through the generic proxy.
#include <algorithm>
#include <cstring>

#include "runtime/emulator/sanitizer/monitor_impl.h"

namespace attnjit::emulator {
namespace {

bool IsWrite(AccessMode mode) {
  return mode == AccessMode::kWrite || mode == AccessMode::kAtomicWrite;
}

bool IsAtomic(AccessMode mode) {
  return mode == AccessMode::kAtomicRead || mode == AccessMode::kAtomicWrite;
}

}  // namespace

bool Monitor::Impl::ThreadKnows(WarpId warp, uint32_t lane, const Knowledge& knowledge,
                                const ShadowAccess& earlier) const {
  uint32_t lanes = earlier.lanes;
  if (earlier.agent == warp) {
    lanes &= ~(1u << lane);
  } else if (!agents[earlier.agent].is_warp && agents[earlier.agent].kind == AsyncKind::kCpAsync &&
             agents[earlier.agent].issuer.warp == warp &&
             warps[warp].own_copies[lane] >= earlier.tick) {
    lanes &= ~(1u << lane);
  }
  return lanes == 0 || knowledge.generic.Covers(earlier.agent, lanes, earlier.tick);
}

namespace {

/// Judges one lane's access (see Shadow::Touch).
class LaneJudge {
 public:
  LaneJudge(Monitor::Impl& monitor, const WarpAccess& access);
  void SetLane(uint32_t lane) {
    lane_ = lane;
    if (!converged_) knowledge_ = &monitor_.Lanes(access_.warp).Of(lane);
  }
  bool Ordered(const ShadowAccess& earlier) const;
  bool SameInstruction(const ShadowAccess& earlier) const;
  void Conflict(const ShadowAccess& earlier, uint64_t address);

 private:
  bool IsThisInstruction(const ShadowAccess& earlier) const;
  bool StoresEqual(uint32_t other) const;

  Monitor::Impl& monitor_;
  const WarpAccess& access_;
  const uint32_t tick_;
  const bool converged_;  ///< All lanes know the same.
  uint32_t lane_ = 0;
  const Knowledge* knowledge_;
};

LaneJudge::LaneJudge(Monitor::Impl& monitor, const WarpAccess& access)
    : monitor_(monitor),
      access_(access),
      tick_(monitor.Lanes(access.warp).tick()),
      converged_(monitor.Lanes(access.warp).converged()),
      knowledge_(&monitor.Lanes(access.warp).Of(0)) {}

bool LaneJudge::Ordered(const ShadowAccess& earlier) const {
  if (knowledge_->generic.All(earlier.agent) >= earlier.tick) return true;
  if (earlier.agent == access_.warp && earlier.lanes == 1u << lane_) return true;
  return monitor_.ThreadKnows(access_.warp, lane_, *knowledge_, earlier);
}

/// Lanes go in order: an access of an earlier execution of this instruction by a lane that takes
/// part again was met, and judged, by that lane.
bool LaneJudge::IsThisInstruction(const ShadowAccess& earlier) const {
  const uint32_t before = access_.lanes & ((1u << lane_) - 1);
  return earlier.agent == access_.warp && earlier.tick == tick_ && earlier.pc == access_.pc &&
         (earlier.lanes & ~before) == 0;
}

bool LaneJudge::StoresEqual(uint32_t other) const {
  const uint64_t mine = access_.addresses[lane_];
  const uint64_t theirs = access_.addresses[other];
  const uint64_t begin = std::max(mine, theirs);
  const uint64_t end = std::min(mine, theirs) + access_.bytes;
  if (begin >= end || access_.values == nullptr) return true;
  return std::memcmp(access_.values + lane_ * access_.value_stride + (begin - mine),
                     access_.values + other * access_.value_stride + (begin - theirs),
                     end - begin) == 0;
}

bool LaneJudge::SameInstruction(const ShadowAccess& earlier) const {
  if (!IsThisInstruction(earlier)) return false;
  for (uint32_t lanes = earlier.lanes; lanes != 0; lanes &= lanes - 1) {
    if (!StoresEqual(static_cast<uint32_t>(__builtin_ctz(lanes)))) return false;
  }
  return true;
}

void LaneJudge::Conflict(const ShadowAccess& earlier, uint64_t address) {
  const bool is_write = IsWrite(access_.mode);
  const Who who = {access_.warp, static_cast<int>(lane_), access_.pc, is_write ? "write" : "read"};
  if (access_.space == MemorySpace::kShared) {
    address |= access_.addresses[lane_] & ~kOffsetMask;
  }
  const bool with_async = !monitor_.agents[earlier.agent].is_warp;
  const char* message = "accesses of two threads that nothing orders";
  if (with_async) {
    message =
        "an access and an asynchronous operation that nothing orders: its completion is not "
        "waited for";
  } else if (IsThisInstruction(earlier)) {
    message = "lanes of one instruction write different values to the same bytes";
  } else if (earlier.agent == access_.warp) {
    message = "accesses of two lanes of one warp with no warp synchronisation between them";
  }
  monitor_.FileConflict(with_async ? Rule::kRaceCrossProxy : Rule::kRace, who, earlier, message,
                        access_.space, address);
}

}  // namespace

CtaState* Monitor::Impl::BadCta(uint64_t shared_address, const Who& who, uint32_t bytes) {
  const uint32_t rank = RankOf(shared_address);
  if (rank >= ctas.size()) {
    File(Rule::kOutOfBounds, who, "shared memory of a CTA that the cluster lacks",
         MemorySpace::kShared, shared_address, bytes);
    return nullptr;
  }
  File(Rule::kDsmemExited, who, "shared memory of a CTA that has exited", MemorySpace::kShared,
       shared_address, bytes);
  return ctas[rank].get();
}

void Monitor::Impl::CheckWritten(const WarpAccess& access, uint32_t lane, const ByteMap& written,
                                 uint64_t offset) {
  if (written.AllSet(offset, access.bytes) || HasConflict()) return;
  const bool shared = access.space == MemorySpace::kShared;
  NewInstruction();
  File(shared ? Rule::kUninitShared : Rule::kUninitLocal,
       Who{access.warp, static_cast<int>(lane), access.pc, "read"},
       shared ? "shared memory is read that nothing has written"
              : "local memory is read that the thread has not written",
       access.space, access.addresses[lane], access.bytes);
}

void Monitor::Impl::AccessShared(const WarpAccess& access, ShadowAccess shadow) {
  const bool is_write = IsWrite(access.mode);
  LaneJudge judge(*this, access);
  for (uint32_t rest = access.lanes; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<uint32_t>(__builtin_ctz(rest));
    const uint64_t address = access.addresses[lane];
    const uint64_t offset = address & kOffsetMask;
    const Who who = {access.warp, static_cast<int>(lane), access.pc, is_write ? "write" : "read"};
    CtaState* cta = CtaAt(address, who, access.bytes);
    if (cta == nullptr) continue;
    if (cta->mbarriers.AnySet(offset / 8, (offset + access.bytes + 7) / 8 - offset / 8)) {
      File(Rule::kMbarrierRawAccess, who, "an ordinary access to a live mbarrier",
           MemorySpace::kShared, address, access.bytes);
    }
    judge.SetLane(lane);
    shadow.lanes = 1u << lane;
    cta->shared.Touch(offset, access.bytes, shadow, judge);
    if (access.mode != AccessMode::kWrite) {
      CheckWritten(access, lane, cta->shared_written, offset);
    }
    if (is_write) cta->shared_written.Set(offset, access.bytes);
  }
}

void Monitor::Impl::AccessLocal(const WarpAccess& access) {
  for (uint32_t rest = access.lanes; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<uint32_t>(__builtin_ctz(rest));
    ByteMap& written = local_written[access.warp * 32 + lane];
    if (access.mode != AccessMode::kWrite) {
      CheckWritten(access, lane, written, access.addresses[lane]);
    }
    if (IsWrite(access.mode)) written.Set(access.addresses[lane], access.bytes);
  }
}

void Monitor::Impl::AccessGlobal(const WarpAccess& access, ShadowAccess shadow) {
  LaneJudge judge(*this, access);
  for (uint32_t rest = access.lanes; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<uint32_t>(__builtin_ctz(rest));
    judge.SetLane(lane);
    shadow.lanes = 1u << lane;
    global.Touch(access.addresses[lane], access.bytes, shadow, judge);
  }
}

void Monitor::OnAccess(const WarpAccess& access) {
  if (access.space == MemorySpace::kGlobal && !impl_->options.track_global) return;
  WarpKnowledge& lanes = impl_->Lanes(access.warp);
  impl_->NewInstruction();
  ShadowAccess shadow;
  shadow.agent = static_cast<AgentId>(access.warp);
  shadow.tick = lanes.tick();
  shadow.pc = access.pc;
  shadow.bits = static_cast<uint8_t>((IsWrite(access.mode) ? ShadowAccess::kWrite : 0) |
                                     (IsAtomic(access.mode) ? ShadowAccess::kAtomic : 0));
  if (access.space == MemorySpace::kShared) impl_->AccessShared(access, shadow);
  if (access.space == MemorySpace::kLocal) return impl_->AccessLocal(access);
  if (access.space == MemorySpace::kGlobal) impl_->AccessGlobal(access, shadow);
  lanes.MarkActive(access.lanes);
}

}  // namespace attnjit::emulator
