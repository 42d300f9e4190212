// CTAs and the cluster that runs them together, on one thread.
#ifndef ATTNJIT_RUNTIME_EMULATOR_MACHINE_CLUSTER_H_
#define ATTNJIT_RUNTIME_EMULATOR_MACHINE_CLUSTER_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/emulator/async/queue.h"
#include "runtime/emulator/machine/device_model.h"
#include "runtime/emulator/machine/global_memory.h"
#include "runtime/emulator/machine/warp.h"
#include "runtime/emulator/sanitizer/counters.h"
#include "runtime/emulator/sanitizer/monitor.h"
#include "runtime/emulator/sanitizer/report.h"

namespace attnjit::emulator {

using Dim3 = std::array<uint32_t, 3>;

/// One kernel launch. Everything is borrowed for its duration.
struct Launch {
  const Program* program = nullptr;
  const DeviceModel* device = nullptr;
  GlobalMemory* memory = nullptr;
  Dim3 grid = {1, 1, 1};
  Dim3 block = {1, 1, 1};
  Dim3 cluster = {1, 1, 1};
  bool explicit_cluster = false;  ///< The kernel or the launch names a cluster, if only of 1 CTA.
  uint32_t dynamic_shared_bytes = 0;
  std::vector<uint8_t> params;  ///< The packed parameter block, Program::param_bytes long.
};

uint64_t CountClusters(const Launch& launch);

struct RunOptions {
  AsyncPolicy policy;
  bool sanitize = true;
  bool track_global = true;    ///< With the sanitizer: also races on global memory.
  bool tcgen05_fences = true;  ///< With the sanitizer: MonitorOptions::tcgen05_fences.
  /// False: tcgen05.ld and st are over when the warp goes on, without tcgen05.wait::ld and ::st
  /// (which the PTX ISA asks for, 9.7.16.6.4.4).
  bool tcgen05_waits = true;
  int threads = 0;                ///< Clusters at a time; 0: one for each core.
  uint64_t max_instructions = 0;  ///< Of one warp, as a guard against endless loops; 0: 2^40.
};

class Executor;

class Cta {
 public:
  Cta(Cluster& cluster, uint32_t rank, Dim3 index);
  Cta(const Cta&) = delete;
  Cta& operator=(const Cta&) = delete;

  Cluster& cluster() const { return *cluster_; }
  uint32_t rank() const { return rank_; }  ///< In the cluster.
  Dim3 index() const { return index_; }    ///< %ctaid
  uint32_t linear_index() const;           ///< In the grid, x fastest.
  std::vector<std::unique_ptr<Warp>>& warps() { return warps_; }
  bool exited() const { return live_warps_ == 0; }
  uint32_t live_warps() const { return live_warps_; }
  uint32_t live_threads() const;

  /// Shared memory: window offsets [kSharedReserved, shared_end()).
  uint8_t* shared(uint32_t offset) { return shared_ + offset; }
  uint32_t shared_end() const { return shared_end_; }
  uint32_t window() const { return rank_ << kSharedRankShift; }  ///< Its shared::cluster base.

  /// setmaxnreg (PTX ISA 9.7.20.5): the pool of registers that the launch gave the CTA and that no
  /// warp holds. Take: false, and nothing taken, where fewer are free: the warp waits (kBlocked).
  bool TakeRegisters(uint32_t count);
  void ReleaseRegisters(uint32_t count);  ///< Wakes.
  uint32_t free_registers() const { return free_registers_; }

  template <class T>
  T& State(StateSlot slot) {
    std::shared_ptr<void>& state = states_[static_cast<size_t>(slot)];
    if (state == nullptr) state = std::make_shared<T>();
    return *static_cast<T*>(state.get());
  }
  bool HasState(StateSlot slot) const { return states_[static_cast<size_t>(slot)] != nullptr; }
  /// Run when the CTA's last warp has exited (a tensor memory leak check, ..).
  void AtExit(std::function<void(Cta&)> check) { at_exit_.push_back(std::move(check)); }

 private:
  friend class Cluster;
  friend class Warp;
  friend class Executor;
  void WarpExited(const Inst& inst);

  Cluster* cluster_;
  uint32_t rank_;
  Dim3 index_;
  std::unique_ptr<uint8_t[]> shared_storage_;
  uint8_t* shared_ = nullptr;  ///< Window offset 0, 1024-byte aligned in shared_storage_.
  uint32_t shared_end_ = 0;
  uint32_t live_warps_ = 0;
  uint32_t free_registers_ = 0;
  std::vector<std::unique_ptr<Warp>> warps_;
  std::array<std::shared_ptr<void>, static_cast<size_t>(StateSlot::kCount)> states_;
  std::vector<std::function<void(Cta&)>> at_exit_;
};

/// Runs to its end, a trap, or a deadlock. One thread at a time.
class Cluster {
 public:
  /// `classes`: what MakeClassTable gives for the program, to share; null: made here. `wave`: the
  /// clusters index + wave, index + 2 wave, .. start after this one's end, unless it cancels them;
  /// 0: there are none.
  Cluster(const Launch& launch, const RunOptions& options, uint64_t index, ReportSink* sink,
          std::shared_ptr<const std::vector<InstructionClass>> classes = nullptr,
          uint64_t wave = 0);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  enum class Outcome : uint8_t {
    kDone,     ///< All its threads have exited.
    kFailed,   ///< Trapped, deadlocked or stopped; the sink says why.
    kStalled,  ///< Its warps poll memory that another cluster may write: call again later.
  };
  Outcome Run(const std::function<bool()>& stop);
  /// A cluster that stays stalled: files the deadlock.
  void ReportStall();

  const Launch& launch() const { return *launch_; }
  const DeviceModel& device() const { return *launch_->device; }
  GlobalMemory& memory() const { return *launch_->memory; }
  const RunOptions& options() const { return *options_; }
  AsyncQueue& queue() { return queue_; }
  Monitor* monitor() { return monitor_.get(); }
  Counters& counters() { return counters_; }
  ReportSink& sink() { return *sink_; }
  std::vector<std::unique_ptr<Cta>>& ctas() { return ctas_; }
  Cta& cta(uint32_t rank) { return *ctas_[rank]; }
  Dim3 index() const;  ///< %clusterid
  uint64_t linear_index() const { return index_; }

  /// The next cluster to start after this one's end.
  std::optional<uint64_t> NextLaunch() const;
  /// clusterlaunchcontrol.try_cancel: takes NextLaunch over. The %ctaid of its first CTA; nullopt
  /// where there is none, or where the policy has the request fail.
  std::optional<Dim3> CancelNextLaunch();
  uint64_t time() const { return time_; }  ///< Instructions that its warps have executed.

  /// Something changed that a blocked warp may wait for: blocked warps are tried again.
  void Wake() {
    ++changes_;
    ++effects_;
  }
  uint64_t changes() const { return changes_; }
  /// Memory was written, or an operation issued: what the program does is not just polling.
  void NoteEffect() { ++effects_; }
  uint64_t effects() const { return effects_; }

  /// True while a potentially blocking instruction (mbarrier.try_wait) must give up and return
  /// false instead of blocking: nothing can run and nothing is pending, so its time limit is over.
  bool expire_waits() const { return expire_waits_; }

  /// Host bytes of a shared::cluster address range: null (and reported for `inst` of `warp`, if
  /// given) where it leaves the CTA's memory, the rank does not exist, or the CTA has exited.
  uint8_t* SharedRange(uint32_t address, uint32_t bytes, Warp* warp, const Inst* inst, int lane);

  /// Host bytes at a generic address of global, constant or kernel parameter memory (a tensor map):
  /// null, and nothing reported, where there are none.
  const uint8_t* ConstRange(uint64_t generic_address, uint64_t bytes);

  template <class T>
  T& State(StateSlot slot) {
    std::shared_ptr<void>& state = states_[static_cast<size_t>(slot)];
    if (state == nullptr) state = std::make_shared<T>();
    return *static_cast<T*>(state.get());
  }
  bool HasState(StateSlot slot) const { return states_[static_cast<size_t>(slot)] != nullptr; }

  /// Ends the run: a fault of an asynchronous operation, which has no warp to return a Step.
  void SetTrapped() { trapped_ = true; }
  bool trapped() const { return trapped_; }

 private:
  friend class Cta;
  friend class Warp;
  friend class Executor;

  /// The allocation that served the last global access: most go to few allocations.
  struct BlockCache {
    uint64_t begin = 1;
    uint64_t end = 0;
    uint8_t* host = nullptr;
  };
  /// The allocation around [address, address + bytes), or null.
  const BlockCache* FindBlock(uint64_t address, uint64_t bytes);
  Dim3 IndexOf(uint64_t linear) const;

  const Launch* launch_;
  const RunOptions* options_;
  uint64_t index_;
  uint64_t wave_;
  uint64_t last_taken_;  ///< This cluster, or the last that it has cancelled.
  ReportSink* sink_;
  AsyncQueue queue_;
  Counters counters_;
  std::unique_ptr<Monitor> monitor_;
  std::array<std::shared_ptr<void>, static_cast<size_t>(StateSlot::kCount)> states_;
  std::vector<std::unique_ptr<Cta>> ctas_;
  std::unique_ptr<Executor> executor_;
  std::array<BlockCache, 8> blocks_;
  uint32_t next_block_ = 0;
  uint64_t changes_ = 0;
  uint64_t effects_ = 0;
  uint64_t time_ = 0;
  bool expire_waits_ = false;
  bool trapped_ = false;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_MACHINE_CLUSTER_H_
