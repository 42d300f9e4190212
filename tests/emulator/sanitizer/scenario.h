// A hand-made run of one cluster: what threads would tell the monitor, in short words.
#ifndef ATTNJIT_TESTS_EMULATOR_SANITIZER_SCENARIO_H_
#define ATTNJIT_TESTS_EMULATOR_SANITIZER_SCENARIO_H_

#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "runtime/emulator/sanitizer/monitor.h"

namespace attnjit::emulator {

inline constexpr LaneMask kAll = ~0u;
inline constexpr LaneMask kLane0 = 1;

/// 2 CTAs at most matter here; each has 4 KiB of shared memory unless said otherwise.
class Scenario {
 public:
  explicit Scenario(uint32_t ctas = 1, uint32_t threads = 256) : Scenario(Options(ctas, threads)) {}
  explicit Scenario(const MonitorOptions& options)
      : warps_per_cta_((options.threads_per_cta + 31) / 32), monitor(options, &sink) {}

  static MonitorOptions Options(uint32_t ctas = 1, uint32_t threads = 256) {
    MonitorOptions options;
    options.ctas = ctas;
    options.threads_per_cta = threads;
    options.shared_bytes = 64 << 10;
    options.tensor_memory = true;
    return options;
  }

  WarpId Warp(uint32_t cta, uint32_t warp) const { return cta * warps_per_cta_ + warp; }

  /// Lane l accesses base + l * stride.
  void Access(WarpId warp, LaneMask lanes, AccessMode mode, uint64_t base, uint32_t bytes = 4,
              uint64_t stride = 4, MemorySpace space = MemorySpace::kShared) {
    std::array<uint64_t, 32> addresses{};
    for (uint64_t lane = 0; lane < 32; ++lane) addresses[lane] = base + lane * stride;
    WarpAccess access;
    access.warp = warp;
    access.lanes = lanes;
    access.mode = mode;
    access.space = space;
    access.bytes = bytes;
    access.pc = pc++;
    access.addresses = addresses.data();
    monitor.OnAccess(access);
  }
  void Write(WarpId warp, LaneMask lanes, uint64_t base, uint32_t bytes = 4) {
    Access(warp, lanes, AccessMode::kWrite, base, bytes, bytes);
  }
  void Read(WarpId warp, LaneMask lanes, uint64_t base, uint32_t bytes = 4) {
    Access(warp, lanes, AccessMode::kRead, base, bytes, bytes);
  }

  /// All of `warps` meet at a named barrier.
  void Barrier(std::initializer_list<WarpId> warps, uint32_t number = 0) {
    const SyncObject barrier = SyncObject::NamedBarrier(0, number);
    const auto threads = static_cast<uint32_t>(warps.size()) * 32;
    for (WarpId warp : warps) monitor.ArriveBarrier(warp, kAll, barrier, threads, pc++);
    monitor.CompleteBarrier(barrier);
    for (WarpId warp : warps) monitor.Acquire(warp, kAll, barrier);
  }
  void ClusterBarrier(std::initializer_list<WarpId> warps) {
    for (WarpId warp : warps) monitor.Release(warp, kAll, SyncObject::ClusterBarrier());
    monitor.CompleteBarrier(SyncObject::ClusterBarrier());
    for (WarpId warp : warps) monitor.Acquire(warp, kAll, SyncObject::ClusterBarrier());
  }

  /// Lane 0 of `warp` initialises, fences, and meets `warps`.
  void InitMbarrier(WarpId warp, uint64_t address, uint32_t count) {
    monitor.MbarrierInit(warp, 0, address, count, pc++);
    monitor.FenceMbarrierInit(warp, kLane0);
  }
  void Arrive(WarpId warp, LaneMask lanes, uint64_t address) {
    monitor.MbarrierArrive(warp, lanes, address, 1, pc++);
  }
  void ArriveExpect(WarpId warp, LaneMask lanes, uint64_t address, uint32_t bytes) {
    monitor.MbarrierExpectTx(warp, lanes, address, bytes, pc);
    Arrive(warp, lanes, address);
  }
  void Wait(WarpId warp, LaneMask lanes, uint64_t address) {
    monitor.MbarrierObserve(warp, lanes, address, pc++);
  }

  /// A bulk load by lane 0 that has completed.
  void Load(WarpId warp, uint64_t to, uint32_t bytes, uint64_t mbarrier) {
    const OpId op = monitor.BeginAsync({{warp, kLane0}}, AsyncKind::kBulk, pc++);
    monitor.OnAsyncAccess(op, MemorySpace::kShared, to, bytes, AccessMode::kWrite);
    monitor.MbarrierCompleteTx(op, mbarrier, bytes);
    monitor.EndAsync(op);
  }
  /// The reading part of a bulk store by one lane.
  OpId Store(WarpId warp, LaneMask lane, uint64_t from, uint32_t bytes) {
    const OpId op = monitor.BeginAsync({{warp, lane}}, AsyncKind::kBulk, pc++);
    monitor.OnAsyncAccess(op, MemorySpace::kShared, from, bytes, AccessMode::kRead);
    monitor.EndAsync(op);
    return op;
  }
  /// wgmma by warps first .. first + 3 that reads one operand from shared memory.
  OpId Wgmma(WarpId first, uint64_t operand, uint32_t bytes) {
    const Issuer issuers[] = {
        {first, kAll}, {first + 1, kAll}, {first + 2, kAll}, {first + 3, kAll}};
    const OpId op = monitor.BeginAsync(issuers, AsyncKind::kWgmma, pc++);
    monitor.OnAsyncAccess(op, MemorySpace::kShared, operand, bytes, AccessMode::kRead);
    monitor.EndAsync(op);
    return op;
  }
  void WgmmaWait(WarpId first, OpId op) {
    for (WarpId warp = first; warp < first + 4; ++warp) monitor.WgmmaWait(warp, kAll, op);
  }

  /// Names of the rules found, sorted, each once.
  std::vector<std::string> Found() const {
    std::map<std::string, int> names;
    for (const Report& report : sink.reports()) ++names[RuleName(report.rule).str()];
    std::vector<std::string> all;
    for (const auto& [name, count] : names) all.push_back(name);
    return all;
  }
  std::string Text() const { return sink.ToText(); }

 private:
  uint32_t warps_per_cta_;

 public:
  ReportSink sink;
  Monitor monitor;
  Pc pc = 0;
};

using Rules = std::vector<std::string>;
inline const Rules kNothing;

}  // namespace attnjit::emulator

#endif  // ATTNJIT_TESTS_EMULATOR_SANITIZER_SCENARIO_H_
