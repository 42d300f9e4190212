#include "runtime/emulator/sanitizer/agents.h"

#include <algorithm>

namespace attnjit::emulator {
namespace {

bool IsMatrixPipe(AsyncKind kind) {
  return kind == AsyncKind::kTcgen05Mma || kind == AsyncKind::kTcgen05Cp ||
         kind == AsyncKind::kTcgen05Shift;
}

}  // namespace

AgentTable::AgentTable(uint32_t warps, uint32_t warps_per_cta)
    : warps_(warps), warps_per_cta_(warps_per_cta), agents_(warps) {
  for (uint32_t i = 0; i < warps; ++i) {
    agents_[i].is_warp = true;
    agents_[i].issuer.warp = i;
  }
}

AgentTable::Started AgentTable::Start(Issuer issuer, AsyncKind kind, const Clock& known) {
  const uint32_t cta = issuer.warp / warps_per_cta_;
  AgentId id = 0;
  switch (kind) {
    case AsyncKind::kCpAsync:
    case AsyncKind::kTcgen05Ld:
    case AsyncKind::kTcgen05St:
      id = Chain(kind, issuer.warp, issuer);
      break;
    case AsyncKind::kWgmma:
      id = Chain(kind, cta << 16 | (issuer.warp % warps_per_cta_) / 4, issuer);
      break;
    case AsyncKind::kTcgen05Mma:
    case AsyncKind::kTcgen05Cp:
    case AsyncKind::kTcgen05Shift:
      id = Chain(kind, cta, issuer);
      break;
    case AsyncKind::kBulk:
    case AsyncKind::kOther:
      id = Slot(issuer, kind, known);
      break;
  }
  uint32_t tick = agents_[id].tick;
  if (IsMatrixPipe(kind)) {
    for (AgentId other : MatrixPipe(cta)) tick = std::max(tick, other ? agents_[other].tick : 0);
  }
  agents_[id].tick = ++tick;
  agents_[id].issuer = issuer;
  return {id, tick};
}

std::array<AgentId, 3> AgentTable::MatrixPipe(uint32_t cta) const {
  return {Find(AsyncKind::kTcgen05Mma, cta), Find(AsyncKind::kTcgen05Cp, cta),
          Find(AsyncKind::kTcgen05Shift, cta)};
}

AgentId AgentTable::Find(AsyncKind kind, uint32_t owner) const {
  const auto found = chains_.find({kind, owner});
  return found == chains_.end() ? 0 : found->second;
}

AgentId AgentTable::Chain(AsyncKind kind, uint32_t owner, Issuer issuer) {
  const auto [at, is_new] = chains_.try_emplace({kind, owner}, AgentId{0});
  if (is_new) {
    at->second = static_cast<AgentId>(agents_.size());
    agents_.push_back({.kind = kind, .issuer = issuer});
  }
  return at->second;
}

AgentId AgentTable::Slot(Issuer issuer, AsyncKind kind, const Clock& known) {
  auto found = std::find_if(slots_.begin(), slots_.end(), [&](AgentId id) {
    return !agents_[id].running && known.All(id) >= agents_[id].tick;
  });
  if (found == slots_.end() && slots_.size() >= kManySlots) {
    found = std::find_if(slots_.begin(), slots_.end(),
                         [&](AgentId id) { return !agents_[id].running && !agents_[id].visible; });
  }
  if (found == slots_.end()) {
    if (slots_.size() < kMaxSlots) {
      found = slots_.insert(slots_.end(), static_cast<AgentId>(agents_.size()));
      agents_.emplace_back();
    } else {
      found = slots_.begin() + static_cast<ptrdiff_t>(next_reuse_++ % slots_.size());
    }
  }
  Agent& agent = agents_[*found];
  agent.kind = kind;
  agent.issuer = issuer;
  agent.running = true;
  agent.visible = false;
  return *found;
}

llvm::StringRef AsyncKindName(AsyncKind kind) {
  switch (kind) {
    case AsyncKind::kCpAsync:
      return "cp.async";
    case AsyncKind::kBulk:
      return "a bulk copy";
    case AsyncKind::kWgmma:
      return "wgmma";
    case AsyncKind::kTcgen05Mma:
      return "tcgen05.mma";
    case AsyncKind::kTcgen05Cp:
      return "tcgen05.cp";
    case AsyncKind::kTcgen05Shift:
      return "tcgen05.shift";
    case AsyncKind::kTcgen05Ld:
      return "tcgen05.ld";
    case AsyncKind::kTcgen05St:
      return "tcgen05.st";
    case AsyncKind::kOther:
      return "an asynchronous store";
  }
  return "";
}

bool IsPipelined(AsyncKind first, AsyncKind second) {
  if (!IsMatrixPipe(first) || !IsMatrixPipe(second)) return false;
  if (second == AsyncKind::kTcgen05Mma) return true;
  if (second == AsyncKind::kTcgen05Shift) return first == AsyncKind::kTcgen05Mma;
  return first == AsyncKind::kTcgen05Shift;  // shift -> cp.
}

}  // namespace attnjit::emulator
