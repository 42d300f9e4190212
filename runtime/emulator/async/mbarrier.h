// mbarrier objects in the shared memory of a running cluster.
//
// The counts are kept beside the memory; the 8 bytes hold a word made from them, so that an
// ordinary write over a live mbarrier is found when it is used next, also without the sanitizer.
// Addresses are shared::cluster addresses (CTA rank << 24 | offset). A misuse is a fault: reported
// (rules mbarrier-*), and the run ends; functions that return bool return false then.
#ifndef ATTNJIT_RUNTIME_EMULATOR_ASYNC_MBARRIER_H_
#define ATTNJIT_RUNTIME_EMULATOR_ASYNC_MBARRIER_H_

#include <cstdint>
#include <string>

#include "runtime/emulator/async/mbarrier_counts.h"
#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/machine/warp.h"

namespace attnjit::emulator {

/// On whose behalf something happens, for reports; also of operations in flight. Lives as long as
/// its cluster.
struct Origin {
  Warp* warp = nullptr;
  const Inst* inst = nullptr;
  int lane = -1;

  Cluster& cluster() const { return warp->cluster(); }
};

/// Reports a fault of `origin` and ends the run. Always false.
bool Fault(const Origin& origin, Rule rule, std::string message,
           MemorySpace space = MemorySpace::kNone, uint64_t address = 0, uint32_t size = 0);

/// The live mbarrier there, null after a fault: misaligned, out of bounds, not initialised, its CTA
/// has exited, or overwritten.
MbarrierCounts* FindMbarrier(const Origin& origin, uint32_t address);

bool InitMbarrier(const Origin& origin, uint32_t address, uint32_t count);
bool InvalMbarrier(const Origin& origin, uint32_t address);

enum class ArriveKind : uint8_t { kArrive, kDrop };
/// `lanes` arrive, `count` each. Tokens go to `tokens[lane]` unless it is null.
bool ArriveMbarrier(const Origin& origin, uint32_t lanes, uint32_t address, ArriveKind kind,
                    uint32_t count, bool no_complete, bool relaxed, uint64_t* tokens);
/// mbarrier.expect_tx by `lanes`, `bytes` each.
bool ExpectMbarrierTx(const Origin& origin, uint32_t lanes, uint32_t address, uint32_t bytes);
/// cp.async.mbarrier.arrive without .noinc: one more pending arrival for each of `lanes`.
bool AddMbarrierPending(const Origin& origin, uint32_t lanes, uint32_t address);

/// An operation in flight has done `bytes`. `op`: the monitor's name of it (0 without one).
bool CompleteMbarrierTx(const Origin& origin, OpId op, uint32_t address, uint32_t bytes);
/// An operation in flight (tcgen05.commit, cp.async.mbarrier.arrive) arrives.
bool ArriveMbarrierAsync(const Origin& origin, OpId op, uint32_t address, uint32_t count);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_ASYNC_MBARRIER_H_
