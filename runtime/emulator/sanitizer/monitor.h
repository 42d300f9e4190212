// The happens-before engine: races, proxies, mbarriers, initialised bytes of ONE running cluster.
//
// One Monitor belongs to one cluster run and is used by one OS thread; the ReportSink behind it is
// shared. It stores no pointers that callers pass.
//
// Model. Accesses are ordered by program order within a thread and by release/acquire between
// threads. Each thread has clocks for several proxies (PTX ISA 8.6, 8.9.5): what it knows of other
// threads' accesses, and which generic writes are fenced for the async proxy. A generic write is
// ordered before an asynchronous access only if the WRITING thread executed fence.proxy.async
// before it released (the ISA allows the fence anywhere along the path; see
// MonitorOptions::proxy_fence_on_path). Reads need no proxy fence before an asynchronous overwrite.
// Asynchronous operations are threads of their own: they start with what their issuers know, and
// others know of them once they acquire their completion. Tensor memory is ordered by a third set
// of clocks that tcgen05.fence::before/after_thread_sync move (PTX ISA 9.7.16.6).
//
// Addresses. Shared memory: CTA rank << 24 | offset, in full, also for shared::cta accesses.
// Global: the device address. Local: the lane's own offset. Tensor memory: lane << 16 | column of
// the CTA given; sizes in bytes, 4 for each column.
#ifndef ATTNJIT_RUNTIME_EMULATOR_SANITIZER_MONITOR_H_
#define ATTNJIT_RUNTIME_EMULATOR_SANITIZER_MONITOR_H_

#include <cstdint>
#include <memory>
#include <string>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Twine.h"
#include "runtime/emulator/sanitizer/report.h"

namespace attnjit::emulator {

using LaneMask = uint32_t;
/// A warp of the cluster: cta rank * warps_per_cta + warp.
using WarpId = uint32_t;

struct MonitorOptions {
  uint32_t ctas = 1;             ///< In the cluster, 1..16.
  uint32_t threads_per_cta = 0;  ///< 1..1024; warps_per_cta is this, rounded up to warps.
  uint32_t shared_bytes = 0;     ///< Of one CTA's window, from offset 0.
  bool tensor_memory = false;    ///< The target has tcgen05.
  bool track_global = false;     ///< Find races on global memory within the cluster, too.
  /// Accept fence.proxy.async by any thread between the writer and the asynchronous access.
  bool proxy_fence_on_path = false;
  /// Demand tcgen05.fence::before/after_thread_sync around thread synchronisation.
  bool tcgen05_fences = true;
};

enum class AccessMode : uint8_t {
  kRead,
  kWrite,
  kAtomicRead,   ///< Strong or volatile loads: no race with other atomic accesses.
  kAtomicWrite,  ///< Strong or volatile stores, atom and red.
};

/// One instruction's access by some lanes of a warp, through the generic proxy.
struct WarpAccess {
  WarpId warp = 0;
  LaneMask lanes = 0;
  AccessMode mode = AccessMode::kRead;
  MemorySpace space = MemorySpace::kShared;  ///< kShared, kGlobal or kLocal.
  uint32_t bytes = 0;                        ///< Of one lane, 1..32.
  Pc pc = kNoPc;
  const uint64_t* addresses = nullptr;  ///< 32, one for each lane; those not in lanes are ignored.
  /// What a write stores: lane l's bytes at values + l * value_stride. Null: lanes that write the
  /// same bytes are taken to write equal values.
  const uint8_t* values = nullptr;
  uint32_t value_stride = 0;
};

/// What runs asynchronously. Operations of one chain complete in the order of issue.
enum class AsyncKind : uint8_t {
  kCpAsync,     ///< Non-bulk cp.async by the lanes of one warp: a chain for each warp and lane.
                ///< Its accesses are the issuing lanes' (OnAsyncLanes), in the generic proxy.
  kBulk,        ///< cp.async.bulk, tensor or not; in one direction, see BeginAsync.
  kWgmma,       ///< A chain for each warpgroup.
  kTcgen05Mma,  ///< mma, cp and shift: a chain for each CTA; documented pairs are ordered.
  kTcgen05Cp,
  kTcgen05Shift,
  kTcgen05Ld,  ///< A chain for each warp.
  kTcgen05St,  ///< A chain for each warp.
  kOther,      ///< No chain (st.async, red.async), async proxy.
};

struct Issuer {
  WarpId warp = 0;
  LaneMask lanes = 0;
};

/// An asynchronous operation; 0 is none. Stays valid as a name after it has ended.
using OpId = uint64_t;

/// Something that is released to and acquired from. Equal values are one object.
struct SyncObject {
  enum Kind : uint8_t { kNamedBarrier, kClusterBarrier, kMbarrier, kShared, kGlobal, kCustom };
  Kind kind = kCustom;
  uint64_t id = 0;  ///< kNamedBarrier: cta << 8 | number; kMbarrier, kShared, kGlobal: the address.

  static SyncObject NamedBarrier(uint32_t cta, uint32_t number) {
    return {kNamedBarrier, uint64_t{cta} << 8 | number};
  }
  static SyncObject ClusterBarrier() { return {kClusterBarrier, 0}; }
  static SyncObject Mbarrier(uint64_t address) { return {kMbarrier, address}; }
  bool operator==(const SyncObject&) const = default;
};

/// Scope of fence.proxy.async: what its writes become visible for.
enum class FenceSpace : uint8_t { kAll, kShared, kGlobal };

class Monitor {
 public:
  class Impl;  ///< Its state, for its own files.

  Monitor(const MonitorOptions& options, ReportSink* sink);
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  // --- Findings that the caller makes itself.

  /// Files a finding of a warp (lane -1: the whole warp).
  void ReportAt(Rule rule, WarpId warp, int lane, Pc pc, const llvm::Twine& message,
                MemorySpace space = MemorySpace::kNone, uint64_t address = 0, uint32_t size = 0);
  /// What no warp can run any more wait for, one line each.
  void ReportDeadlock(const llvm::Twine& waits);

  // --- Accesses through the generic proxy. The caller has checked bounds and alignment (and
  // --- reported with ReportAt), does not make the access otherwise, and calls this when it runs.
  // --- Reads of shared and local memory are checked for initialised bytes, writes initialise.

  void OnAccess(const WarpAccess& access);

  // --- Order between threads.

  /// bar.warp.sync (or another instruction that orders memory among these lanes).
  void WarpSync(WarpId warp, LaneMask lanes);
  /// Publishes what the lanes did and know. To a barrier it stays pending until CompleteBarrier;
  /// to an address it can be acquired at once.
  void Release(WarpId warp, LaneMask lanes, const SyncObject& object);
  void Acquire(WarpId warp, LaneMask lanes, const SyncObject& object);
  /// bar.sync / bar.arrive / bar.red and their barrier.cta forms: releases; when the barrier has
  /// its `threads`, call CompleteBarrier, then Acquire for each warp that waited. Checks counts.
  void ArriveBarrier(WarpId warp, LaneMask lanes, const SyncObject& barrier, uint32_t threads,
                     Pc pc);
  void CompleteBarrier(const SyncObject& barrier);
  /// fence.proxy.async by these lanes.
  void FenceProxyAsync(WarpId warp, LaneMask lanes, FenceSpace space);
  /// fence.mbarrier_init.
  void FenceMbarrierInit(WarpId warp, LaneMask lanes);
  void Tcgen05FenceBefore(WarpId warp, LaneMask lanes);
  void Tcgen05FenceAfter(WarpId warp, LaneMask lanes);

  // --- Asynchronous operations. Call BeginAsync and the accesses at issue, whatever the policy
  // --- does. What it writes counts as initialised from then on: that its readers wait for it is a
  // --- matter of order.
  // --- A copy whose reads and writes are waited for apart (bulk stores with wait_group.read and
  // --- wait_group) is two operations: one with its reads, one with its writes.

  /// wgmma has four issuers, most others one.
  OpId BeginAsync(llvm::ArrayRef<Issuer> issuers, AsyncKind kind, Pc pc);
  /// A range of shared (cluster address) or global memory. kAtomicWrite is a reduction.
  void OnAsyncAccess(OpId op, MemorySpace space, uint64_t address, uint64_t bytes, AccessMode mode);
  /// Per-lane ranges (cp.async, st.async).
  void OnAsyncLanes(OpId op, LaneMask lanes, MemorySpace space, const uint64_t* addresses,
                    uint32_t bytes, AccessMode mode);
  /// lanes x columns of the CTA's tensor memory.
  void OnAsyncTensor(OpId op, uint32_t cta, uint32_t first_lane, uint32_t lanes, uint32_t column,
                     uint32_t columns, AccessMode mode);
  /// The operation has run. What it signals (CompleteTx, arrivals) may come soon after.
  void EndAsync(OpId op);
  /// These lanes waited for the operation (wait_group, tcgen05.wait) and all before it in its
  /// chain.
  void AcquireAsync(WarpId warp, LaneMask lanes, OpId op);
  /// wgmma.wait_group: all up to op (0: none) are complete.
  void WgmmaWait(WarpId warp, LaneMask lanes, OpId op) { AcquireAsync(warp, lanes, op); }
  /// The operation's completion is released to an object (other than an mbarrier's transaction).
  void ReleaseAsync(OpId op, const SyncObject& object);

  // --- mbarriers, by shared::cluster address (rank << 24 | offset). The monitor keeps its own copy
  // --- of the counts and flips phases by itself.

  void MbarrierInit(WarpId warp, int lane, uint64_t address, uint32_t count, Pc pc);
  void MbarrierInval(WarpId warp, int lane, uint64_t address, Pc pc);
  /// Every lane arrives `count` times; drop also lowers later phases' count.
  void MbarrierArrive(WarpId warp, LaneMask lanes, uint64_t address, uint32_t count, Pc pc,
                      bool drop = false, bool relaxed = false);
  /// expect_tx; of arrive.expect_tx call it first.
  void MbarrierExpectTx(WarpId warp, LaneMask lanes, uint64_t address, uint32_t bytes, Pc pc);
  /// cp.async.mbarrier.arrive without .noinc: each lane raises the pending count by one.
  void MbarrierAddPending(WarpId warp, LaneMask lanes, uint64_t address, Pc pc);
  /// The operation completed `bytes` here. Its issuer's pc is the place of what is found.
  void MbarrierCompleteTx(OpId op, uint64_t address, uint32_t bytes);
  /// The operation (tcgen05.commit, cp.async.mbarrier.arrive) arrives here `count` times.
  void MbarrierArriveAsync(OpId op, uint64_t address, uint32_t count);
  /// A test_wait or try_wait of these lanes succeeded.
  void MbarrierObserve(WarpId warp, LaneMask lanes, uint64_t address, Pc pc, bool relaxed = false);
  /// A try_wait of these lanes on the phase of this parity did not succeed and is retried.
  void MbarrierBlocked(WarpId warp, LaneMask lanes, uint64_t address, uint32_t parity, Pc pc);

  // --- Tensor memory allocation of a CTA, columns of 32 bits.

  void TensorAlloc(WarpId warp, uint32_t column, uint32_t columns, uint32_t cta_group, Pc pc);
  void TensorDealloc(WarpId warp, uint32_t column, uint32_t columns, uint32_t cta_group, Pc pc);
  void TensorRelinquish(WarpId warp, Pc pc);

  // --- setmaxnreg. `current` is the warp's count before it.

  void SetMaxRegisters(WarpId warp, uint32_t value, bool increase, uint32_t current, Pc pc);

  // --- Initialised bytes, for what does not go through the calls above.

  void SetInitialised(MemorySpace space, uint64_t address, uint64_t bytes);
  void SetUninitialised(MemorySpace space, uint64_t address, uint64_t bytes);

  /// All threads of the CTA have exited.
  void CtaExit(uint32_t cta);
  /// The cluster has run to its end.
  void ClusterExit();

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_SANITIZER_MONITOR_H_
