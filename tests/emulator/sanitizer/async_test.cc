// Asynchronous operations: proxies, waits, rings, exits.
#include <gtest/gtest.h>

#include "tests/emulator/sanitizer/scenario.h"

namespace attnjit::emulator {
namespace {

constexpr uint64_t kFull = 0x400;   // Two mbarriers.
constexpr uint64_t kEmpty = 0x410;  // Two mbarriers.
constexpr uint64_t kTile = 0x1000;
constexpr uint32_t kTileBytes = 0x2000;

/// A ring of two stages: warp 4 loads, the warpgroup of warps 0..3 multiplies. Each flag takes one
/// edge away.
struct Ring {
  bool fence_init = true;
  bool meet = true;
  bool wait_full = true;
  bool wait_empty = true;
  bool wait_wgmma = true;
  bool arrive_before_wait = false;

  void Run(Scenario& run, int tiles = 6) {
    Start(run);
    OpId last = 0;
    for (int tile = 0; tile < tiles; ++tile) {
      const uint64_t stage = static_cast<uint64_t>(tile % 2);
      const uint64_t data = kTile + stage * kTileBytes;
      Produce(run, tile, stage, data);
      if (wait_full) WaitAll(run, kFull + 8 * stage);
      last = run.Wgmma(0, data, kTileBytes);
      if (wait_wgmma && !arrive_before_wait) run.WgmmaWait(0, last);
      for (WarpId warp = 0; warp < 4; ++warp) run.Arrive(warp, kLane0, kEmpty + 8 * stage);
      if (wait_wgmma && arrive_before_wait) run.WgmmaWait(0, last);
    }
    run.WgmmaWait(0, last);
  }

 private:
  void Start(Scenario& run) {
    for (uint64_t stage = 0; stage < 2; ++stage) {
      run.monitor.MbarrierInit(0, 0, kFull + 8 * stage, 1, run.pc++);
      run.monitor.MbarrierInit(0, 0, kEmpty + 8 * stage, 4, run.pc++);
    }
    if (fence_init) run.monitor.FenceMbarrierInit(0, kLane0);
    if (meet) run.Barrier({0, 1, 2, 3, 4, 5, 6, 7});
  }
  void Produce(Scenario& run, int tile, uint64_t stage, uint64_t data) {
    if (wait_empty && tile >= 2) run.Wait(4, kLane0, kEmpty + 8 * stage);
    run.ArriveExpect(4, kLane0, kFull + 8 * stage, kTileBytes);
    run.Load(4, data, kTileBytes, kFull + 8 * stage);
  }
  static void WaitAll(Scenario& run, uint64_t mbarrier) {
    for (WarpId warp = 0; warp < 4; ++warp) run.Wait(warp, kAll, mbarrier);
  }
};

TEST(Ring, WellSynchronised) {
  Scenario run;
  Ring().Run(run);
  run.monitor.ClusterExit();
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
}

TEST(Ring, WithoutTheFullWait) {
  Scenario run;
  Ring{.wait_full = false}.Run(run);
  EXPECT_EQ(run.Found(), Rules{"race-cross-proxy"}) << run.Text();
}

TEST(Ring, WithoutTheEmptyWait) {
  Scenario run;
  Ring{.wait_empty = false}.Run(run);
  EXPECT_EQ(run.Found(), Rules{"race-cross-proxy"}) << run.Text();
}

TEST(Ring, WithoutTheWgmmaWait) {
  Scenario run;
  Ring{.wait_wgmma = false}.Run(run);
  EXPECT_EQ(run.Found(), Rules{"race-cross-proxy"}) << run.Text();
}

TEST(Ring, ArrivingBeforeTheWgmmaWait) {
  Scenario run;
  Ring{.arrive_before_wait = true}.Run(run);
  EXPECT_EQ(run.Found(), Rules{"race-cross-proxy"}) << run.Text();
}

TEST(Ring, WithoutTheInitFence) {
  Scenario run;
  Ring{.fence_init = false}.Run(run);
  EXPECT_EQ(run.Found(), Rules{"missing-proxy-fence"}) << run.Text();
}

TEST(Ring, WithoutABarrierAfterTheInit) {
  Scenario run;
  Ring{.meet = false}.Run(run);
  EXPECT_EQ(run.Found(), Rules{"mbarrier-uninit"}) << run.Text();
}

TEST(AsyncRead, OfWhatThreadsWroteNeedsAFenceThenABarrier) {
  Scenario run;
  run.Write(0, kAll, kTile);
  run.monitor.FenceProxyAsync(0, kAll, FenceSpace::kShared);
  run.Barrier({0, 1});
  run.Store(1, kLane0, kTile, 128);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
}

TEST(AsyncRead, WithoutTheFence) {
  Scenario run;
  run.Write(0, kAll, kTile);
  run.Barrier({0, 1});
  run.Store(1, kLane0, kTile, 128);
  EXPECT_EQ(run.Found(), Rules{"missing-proxy-fence"}) << run.Text();
}

TEST(AsyncRead, WithAFenceOfTheGlobalSpaceOnly) {
  Scenario run;
  run.Write(0, kAll, kTile);
  run.monitor.FenceProxyAsync(0, kAll, FenceSpace::kGlobal);
  run.Barrier({0, 1});
  run.Store(1, kLane0, kTile, 128);
  EXPECT_EQ(run.Found(), Rules{"missing-proxy-fence"}) << run.Text();
}

TEST(AsyncRead, AFenceByTheReaderCountsOnlyOnRequest) {
  for (bool on_path : {false, true}) {
    MonitorOptions options = Scenario::Options();
    options.proxy_fence_on_path = on_path;
    Scenario run(options);
    run.Write(0, kAll, kTile);
    run.Barrier({0, 1});
    run.monitor.FenceProxyAsync(1, kAll, FenceSpace::kShared);
    run.Store(1, kLane0, kTile, 128);
    EXPECT_EQ(run.Found(), on_path ? kNothing : Rules{"missing-proxy-fence"}) << run.Text();
  }
}

TEST(AsyncRead, AFenceBeforeTheWriteDoesNotCount) {
  Scenario run;
  run.monitor.FenceProxyAsync(0, kAll, FenceSpace::kAll);
  run.Write(0, kAll, kTile);
  run.Barrier({0, 1});
  run.Store(1, kLane0, kTile, 128);
  EXPECT_EQ(run.Found(), Rules{"missing-proxy-fence"}) << run.Text();
}

TEST(AsyncRead, AFenceAfterTheBarrierByTheWriterDoesNotCount) {
  Scenario run;
  run.Write(0, kAll, kTile);
  run.Barrier({0, 1});
  run.monitor.FenceProxyAsync(0, kAll, FenceSpace::kAll);
  run.Store(1, kLane0, kTile, 128);
  EXPECT_EQ(run.Found(), Rules{"missing-proxy-fence"}) << run.Text();
}

TEST(AsyncRead, WithoutTheBarrier) {
  Scenario run;
  run.Write(0, kAll, kTile);
  run.monitor.FenceProxyAsync(0, kAll, FenceSpace::kAll);
  run.Store(1, kLane0, kTile, 128);
  EXPECT_EQ(run.Found(), Rules{"race-cross-proxy"}) << run.Text();
}

TEST(AsyncRead, AnElectedLaneNeedsTheWarpSyncAfterTheFence) {
  for (bool sync : {true, false}) {
    Scenario run;
    run.Write(0, kAll, kTile);
    run.monitor.FenceProxyAsync(0, kAll, FenceSpace::kAll);
    if (sync) run.monitor.WarpSync(0, kAll);
    run.Store(0, kLane0, kTile, 128);
    EXPECT_EQ(run.Found(), sync ? kNothing : Rules{"race-cross-proxy"}) << run.Text();
  }
}

TEST(AsyncRead, AFenceAfterTheWarpSyncIsOthersNotTheElectedLanes) {
  Scenario run;
  run.Write(0, kAll, kTile);
  run.monitor.WarpSync(0, kAll);
  run.monitor.FenceProxyAsync(0, kAll, FenceSpace::kAll);
  run.Store(0, kLane0, kTile, 128);
  EXPECT_EQ(run.Found(), Rules{"missing-proxy-fence"}) << run.Text();
}

TEST(AsyncRead, OneThreadAloneNeedsOnlyTheFence) {
  Scenario run;
  run.Access(0, 0x4, AccessMode::kWrite, kTile, 16, 0);
  run.monitor.FenceProxyAsync(0, 0x4, FenceSpace::kShared);
  run.Store(0, 0x4, kTile, 16);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
}

TEST(AsyncRead, ReuseOfItsSourceNeedsTheGroupWait) {
  for (bool wait : {true, false}) {
    Scenario run;
    run.Write(0, kLane0, kTile, 16);
    run.monitor.FenceProxyAsync(0, kLane0, FenceSpace::kShared);
    const OpId op = run.Store(0, kLane0, kTile, 16);
    if (wait) run.monitor.AcquireAsync(0, kLane0, op);
    run.monitor.WarpSync(0, kAll);
    run.Write(0, 0x3, kTile - 16, 16);
    EXPECT_EQ(run.Found(), wait ? kNothing : Rules{"race-cross-proxy"}) << run.Text();
    run.monitor.ClusterExit();
    EXPECT_EQ(run.Found(), wait ? kNothing : (Rules{"race-cross-proxy"})) << run.Text();
  }
}

TEST(AsyncRead, OfBytesThatNothingWrote) {
  Scenario run;
  run.Store(0, kLane0, kTile, 16);
  EXPECT_EQ(run.Found(), Rules{"uninit-shared"}) << run.Text();
}

TEST(AsyncWrite, OverWhatThreadsReadNeedsNoFence) {
  Scenario run;
  run.InitMbarrier(0, kFull, 1);
  run.Barrier({0, 1, 2, 3, 4, 5, 6, 7});
  run.ArriveExpect(4, kLane0, kFull, 128);
  run.Load(4, kTile, 128, kFull);
  run.Wait(0, kAll, kFull);
  run.Read(0, kAll, kTile);
  run.Barrier({0, 4});
  run.ArriveExpect(4, kLane0, kFull, 128);
  run.Load(4, kTile, 128, kFull);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
}

TEST(AsyncWrite, OverWhatThreadsWroteNeedsTheFence) {
  for (bool fence : {true, false}) {
    Scenario run;
    run.InitMbarrier(0, kFull, 1);
    run.Write(0, kAll, kTile);
    if (fence) run.monitor.FenceProxyAsync(0, kAll, FenceSpace::kShared);
    run.Barrier({0, 4});
    run.ArriveExpect(4, kLane0, kFull, 128);
    run.Load(4, kTile, 128, kFull);
    EXPECT_EQ(run.Found(), fence ? kNothing : Rules{"missing-proxy-fence"}) << run.Text();
  }
}

TEST(AsyncWrite, IsSeenAfterTheWaitByWhoWaitedOnly) {
  Scenario run;
  run.InitMbarrier(0, kFull, 1);
  run.Barrier({0, 1, 4});
  run.ArriveExpect(4, kLane0, kFull, 128);
  run.Load(4, kTile, 128, kFull);
  run.Wait(0, kAll, kFull);
  run.Read(0, kAll, kTile);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
  run.Read(1, kAll, kTile);
  EXPECT_EQ(run.Found(), Rules{"race-cross-proxy"}) << run.Text();
}

TEST(AsyncWrite, CompleteTxReleasesNothingOfItsIssuer) {
  Scenario run;
  run.InitMbarrier(0, kFull, 1);
  run.Barrier({0, 4});
  run.ArriveExpect(4, kLane0, kFull, 128);
  run.Write(4, kLane0, kTile + 0x1000);
  run.Load(4, kTile, 128, kFull);
  run.Wait(0, kAll, kFull);
  run.Read(0, kLane0, kTile + 0x1000);
  EXPECT_EQ(run.Found(), Rules{"race"}) << run.Text();
}

OpId CopyAsync(Scenario& run, WarpId warp, uint64_t to) {
  std::array<uint64_t, 32> addresses;
  for (uint64_t lane = 0; lane < 32; ++lane) addresses[lane] = to + 16 * lane;
  const OpId op = run.monitor.BeginAsync({{warp, kAll}}, AsyncKind::kCpAsync, run.pc++);
  run.monitor.OnAsyncLanes(op, kAll, MemorySpace::kShared, addresses.data(), 16,
                           AccessMode::kWrite);
  run.monitor.EndAsync(op);
  return op;
}

TEST(CpAsync, WaitThenBarrier) {
  Scenario run;
  for (int tile = 0; tile < 3; ++tile) {
    const OpId op = CopyAsync(run, 0, kTile);
    run.monitor.AcquireAsync(0, kAll, op);
    run.Barrier({0, 1});
    run.Read(1, kAll, kTile, 16);
    run.Barrier({0, 1});
  }
  run.monitor.ClusterExit();
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
}

TEST(CpAsync, WithoutTheWait) {
  Scenario run;
  CopyAsync(run, 0, kTile);
  run.Barrier({0, 1});
  run.Read(1, kAll, kTile, 16);
  EXPECT_EQ(run.Found(), Rules{"race-cross-proxy"}) << run.Text();
}

TEST(CpAsync, WithTheWaitAfterTheBarrier) {
  Scenario run;
  const OpId op = CopyAsync(run, 0, kTile);
  run.Barrier({0, 1});
  run.monitor.AcquireAsync(0, kAll, op);
  run.Read(1, kAll, kTile, 16);
  EXPECT_EQ(run.Found(), Rules{"race-cross-proxy"}) << run.Text();
}

TEST(CpAsync, AWaitIsForTheLanesOwnCopies) {
  Scenario run;
  const OpId op = CopyAsync(run, 0, kTile);
  run.monitor.AcquireAsync(0, kAll, op);
  run.Read(0, kAll, kTile, 16);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
  run.Access(0, kLane0, AccessMode::kRead, kTile + 16, 16);
  EXPECT_EQ(run.Found(), Rules{"race-cross-proxy"}) << run.Text();
}

TEST(CpAsync, TheLatestGroupStaysOpen) {
  Scenario run;
  const OpId first = CopyAsync(run, 0, kTile);
  CopyAsync(run, 0, kTile + 512);
  run.monitor.AcquireAsync(0, kAll, first);
  run.Barrier({0, 1});
  run.Read(1, kAll, kTile, 16);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
  run.Read(1, kAll, kTile + 512, 16);
  EXPECT_EQ(run.Found(), Rules{"race-cross-proxy"}) << run.Text();
}

TEST(CpAsync, OverwritingWhatOthersStillRead) {
  Scenario run;
  run.Write(1, kAll, kTile, 16);
  CopyAsync(run, 0, kTile);
  EXPECT_EQ(run.Found(), Rules{"race-cross-proxy"}) << run.Text();
}

TEST(CpAsync, FeedingWgmmaNeedsTheFence) {
  for (bool fence : {true, false}) {
    Scenario run;
    const OpId op = CopyAsync(run, 4, kTile);
    run.monitor.AcquireAsync(4, kAll, op);
    if (fence) run.monitor.FenceProxyAsync(4, kAll, FenceSpace::kShared);
    run.Barrier({0, 1, 2, 3, 4});
    run.Wgmma(0, kTile, 512);
    EXPECT_EQ(run.Found(), fence ? kNothing : Rules{"missing-proxy-fence"}) << run.Text();
  }
}

TEST(CpAsync, ArrivalOnAnMbarrier) {
  Scenario run;
  run.InitMbarrier(0, kFull, 32);
  run.Barrier({0, 1});
  CopyAsync(run, 0, kTile);
  const OpId arrival = run.monitor.BeginAsync({{0, kAll}}, AsyncKind::kCpAsync, run.pc++);
  run.monitor.MbarrierArriveAsync(arrival, kFull, 32);
  run.monitor.EndAsync(arrival);
  run.Wait(1, kAll, kFull);
  run.Read(1, kAll, kTile, 16);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
}

TEST(Wgmma, EveryWarpOfTheGroupMustHaveWaited) {
  Scenario run;
  run.InitMbarrier(0, kFull, 1);
  run.Barrier({0, 1, 2, 3, 4});
  run.ArriveExpect(4, kLane0, kFull, 256);
  run.Load(4, kTile, 256, kFull);
  for (WarpId warp = 0; warp < 3; ++warp) run.Wait(warp, kAll, kFull);
  run.Wgmma(0, kTile, 256);
  EXPECT_EQ(run.Found(), Rules{"race-cross-proxy"}) << run.Text();
}

TEST(Exit, WithACopyInFlight) {
  Scenario run;
  run.InitMbarrier(0, kFull, 1);
  run.Barrier({0, 4});
  run.ArriveExpect(4, kLane0, kFull, 256);
  run.Load(4, kTile, 128, kFull);
  run.monitor.CtaExit(0);
  EXPECT_EQ(run.Found(), (Rules{"mbarrier-pending", "unwaited-async"})) << run.Text();
}

TEST(Exit, WhileAPeerMayStillRead) {
  for (bool meet : {true, false}) {
    Scenario run(2, 32);
    const WarpId peer = run.Warp(1, 0);
    run.Write(0, kAll, kTile);
    run.ClusterBarrier({0, peer});
    run.Read(peer, kAll, kTile);
    if (meet) run.ClusterBarrier({0, peer});
    run.monitor.CtaExit(0);
    EXPECT_EQ(run.Found(), meet ? kNothing : Rules{"dsmem-exited"}) << run.Text();
  }
}

TEST(Exit, BeforeAPeerReads) {
  Scenario run(2, 32);
  const WarpId peer = run.Warp(1, 0);
  run.Write(0, kAll, kTile);
  run.ClusterBarrier({0, peer});
  run.monitor.CtaExit(0);
  run.Read(peer, kAll, kTile);
  EXPECT_EQ(run.Found(), Rules{"dsmem-exited"}) << run.Text();
}

TEST(Exit, WhileAPeerMayStillArrive) {
  Scenario run(2, 32);
  const WarpId peer = run.Warp(1, 0);
  run.InitMbarrier(0, kFull, 2);
  run.ClusterBarrier({0, peer});
  run.Arrive(peer, kLane0, kFull);
  run.monitor.CtaExit(0);
  EXPECT_EQ(run.Found(), Rules{"dsmem-exited"}) << run.Text();
}

TEST(Distributed, RemoteArrivalsReleaseAndMulticastLands) {
  Scenario run(2, 32);
  const WarpId peer = run.Warp(1, 0);
  const uint64_t other = uint64_t{1} << 24;
  run.InitMbarrier(0, kFull, 1);
  run.InitMbarrier(0, kEmpty, 2);
  run.InitMbarrier(peer, other + kFull, 1);
  run.ClusterBarrier({0, peer});
  for (int tile = 0; tile < 4; ++tile) {
    if (tile > 0) run.Wait(0, kLane0, kEmpty);
    run.ArriveExpect(0, kLane0, kFull, 128);
    run.ArriveExpect(peer, kLane0, other + kFull, 128);
    const OpId op = run.monitor.BeginAsync({{0, kLane0}}, AsyncKind::kBulk, run.pc++);
    for (uint64_t rank : {uint64_t{0}, other}) {
      run.monitor.OnAsyncAccess(op, MemorySpace::kShared, rank + kTile, 128, AccessMode::kWrite);
      run.monitor.MbarrierCompleteTx(op, rank + kFull, 128);
    }
    run.monitor.EndAsync(op);
    for (WarpId warp : {WarpId{0}, peer}) {
      const uint64_t rank = warp == 0 ? 0 : other;
      run.Wait(warp, kAll, rank + kFull);
      run.Read(warp, kAll, rank + kTile);
      run.monitor.WarpSync(warp, kAll);
      run.Arrive(warp, kLane0, kEmpty);
    }
  }
  run.Wait(0, kLane0, kEmpty);
  run.ClusterBarrier({0, peer});
  run.monitor.ClusterExit();
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
}

}  // namespace
}  // namespace attnjit::emulator
