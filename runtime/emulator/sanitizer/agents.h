// The agents of a cluster: its warps, and its asynchronous operations by chain or one at a time.
#ifndef ATTNJIT_RUNTIME_EMULATOR_SANITIZER_AGENTS_H_
#define ATTNJIT_RUNTIME_EMULATOR_SANITIZER_AGENTS_H_

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "llvm/ADT/ArrayRef.h"
#include "runtime/emulator/sanitizer/clock.h"
#include "runtime/emulator/sanitizer/monitor.h"

namespace attnjit::emulator {

/// What is known of one agent. Agents 0 .. warps - 1 are the cluster's warps.
struct Agent {
  bool is_warp = false;
  AsyncKind kind = AsyncKind::kOther;
  uint32_t tick = 0;     ///< Operations only: of the newest one.
  Issuer issuer;         ///< Of the newest operation.
  bool running = false;  ///< Slots: the operation has not ended.
  bool visible = false;  ///< Slots: it left accesses behind or was released.
};

/// Gives operations their agents. Chains have one each; other operations share slots: a slot goes
/// to a new operation when its issuer knows that the former one is complete, so that knowing the
/// new one implies knowing the former.
class AgentTable {
 public:
  AgentTable(uint32_t warps, uint32_t warps_per_cta);

  const Agent& operator[](AgentId id) const { return agents_[id]; }
  Agent& operator[](AgentId id) { return agents_[id]; }
  uint32_t warps() const { return warps_; }
  uint32_t CtaOf(AgentId id) const { return agents_[id].issuer.warp / warps_per_cta_; }

  struct Started {
    AgentId agent;
    uint32_t tick;
  };
  /// `known`: what the issuer knows.
  Started Start(Issuer issuer, AsyncKind kind, const Clock& known);

  /// The chain's agent, or 0 if it has none yet (agent 0 is a warp).
  AgentId CopyAgent(WarpId warp) const { return Find(AsyncKind::kCpAsync, warp); }
  /// The matrix pipe's operations of a CTA share one count: mma, cp, shift.
  std::array<AgentId, 3> MatrixPipe(uint32_t cta) const;

 private:
  /// From so many slots on, those of operations that nobody can know of are reused, too.
  static constexpr size_t kManySlots = 256;
  /// More slots than this are reused before their operation is known complete.
  static constexpr size_t kMaxSlots = 4096;

  AgentId Find(AsyncKind kind, uint32_t owner) const;
  AgentId Chain(AsyncKind kind, uint32_t owner, Issuer issuer);
  AgentId Slot(Issuer issuer, AsyncKind kind, const Clock& known);

  const uint32_t warps_;
  const uint32_t warps_per_cta_;
  std::vector<Agent> agents_;
  std::vector<AgentId> slots_;
  size_t next_reuse_ = 0;
  std::map<std::pair<AsyncKind, uint32_t>, AgentId> chains_;
};

/// "cp.async", "a bulk copy", ...
llvm::StringRef AsyncKindName(AsyncKind kind);

/// Its shared-memory accesses go through the async proxy.
inline bool IsAsyncProxy(AsyncKind kind) { return kind != AsyncKind::kCpAsync; }

/// Operations on tensor memory of which the second runs after the first without a wait, if one CTA
/// issues both (PTX ISA 9.7.16.6.2).
bool IsPipelined(AsyncKind first, AsyncKind second);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_SANITIZER_AGENTS_H_
