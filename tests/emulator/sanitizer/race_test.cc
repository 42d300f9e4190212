// Races between threads, and their well-synchronised twins.
#include <gtest/gtest.h>

#include "tests/emulator/sanitizer/scenario.h"

namespace attnjit::emulator {
namespace {

constexpr uint64_t kTile = 0x400;

TEST(Race, TwoWarpsWithoutABarrier) {
  Scenario run;
  run.Write(0, kAll, kTile);
  run.Read(1, kAll, kTile);
  EXPECT_EQ(run.Found(), Rules{"race"}) << run.Text();
}

TEST(Race, ABarrierOrdersTwoWarps) {
  Scenario run;
  run.Write(0, kAll, kTile);
  run.Barrier({0, 1});
  run.Read(1, kAll, kTile);
  run.Barrier({0, 1});
  run.Write(0, kAll, kTile);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
}

TEST(Race, WriteAfterReadNeedsABarrierToo) {
  Scenario run;
  run.Write(0, kAll, kTile);
  run.Barrier({0, 1});
  run.Read(1, kAll, kTile);
  run.Write(0, kAll, kTile);
  EXPECT_EQ(run.Found(), Rules{"race"}) << run.Text();
}

TEST(Race, ABarrierOfOtherWarpsDoesNotHelp) {
  Scenario run;
  run.Write(0, kAll, kTile);
  run.Barrier({1, 2});
  run.Read(1, kAll, kTile);
  EXPECT_EQ(run.Found(), Rules{"race"}) << run.Text();
}

TEST(Race, OrderPassesThroughAThirdWarp) {
  Scenario run;
  run.Write(0, kAll, kTile);
  run.Barrier({0, 2}, 1);
  run.Barrier({2, 1}, 2);
  run.Read(1, kAll, kTile);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
}

TEST(Race, ArriveWithoutWaitOrdersOneWay) {
  Scenario run;
  const SyncObject barrier = SyncObject::NamedBarrier(0, 3);
  run.Write(0, kAll, kTile);
  run.monitor.ArriveBarrier(0, kAll, barrier, 64, run.pc++);  // bar.arrive
  run.monitor.ArriveBarrier(1, kAll, barrier, 64, run.pc++);  // bar.sync
  run.monitor.CompleteBarrier(barrier);
  run.monitor.Acquire(1, kAll, barrier);
  run.Read(1, kAll, kTile);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
  run.Write(0, kAll, kTile);
  EXPECT_EQ(run.Found(), Rules{"race"}) << run.Text();
}

TEST(Race, WhatFollowsTheArrivalIsNotReleased) {
  Scenario run;
  const SyncObject barrier = SyncObject::NamedBarrier(0, 3);
  run.monitor.ArriveBarrier(0, kAll, barrier, 64, run.pc++);
  run.Write(0, kAll, kTile);
  run.monitor.ArriveBarrier(1, kAll, barrier, 64, run.pc++);
  run.monitor.CompleteBarrier(barrier);
  run.monitor.Acquire(1, kAll, barrier);
  run.Read(1, kAll, kTile);
  EXPECT_EQ(run.Found(), Rules{"race"}) << run.Text();
}

TEST(Race, LanesOfAWarpNeedAWarpSync) {
  Scenario run;
  run.Write(0, kAll, kTile);
  run.Access(0, kLane0, AccessMode::kRead, kTile + 4);
  EXPECT_EQ(run.Found(), Rules{"race"}) << run.Text();
}

TEST(Race, AWarpSyncOrdersLanes) {
  Scenario run;
  run.Write(0, kAll, kTile);
  run.monitor.WarpSync(0, kAll);
  run.Access(0, kAll, AccessMode::kRead, kTile + 124, 4, -4ull);
  run.monitor.WarpSync(0, kAll);
  run.Write(0, kAll, kTile);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
}

TEST(Race, AWarpSyncOfSomeLanesOrdersThose) {
  Scenario run;
  run.Write(0, kAll, kTile);
  run.monitor.WarpSync(0, 0x3);
  run.Access(0, 0x1, AccessMode::kRead, kTile + 4);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
  run.Access(0, 0x1, AccessMode::kRead, kTile + 8);
  EXPECT_EQ(run.Found(), Rules{"race"}) << run.Text();
}

TEST(Race, ALaneRereadsWhatItWrote) {
  Scenario run;
  run.Write(0, kAll, kTile);
  run.Read(0, kAll, kTile);
  run.Write(0, kAll, kTile);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
}

TEST(Race, NeighbouringHalvesOfAWordAreApart) {
  Scenario run;
  run.Access(0, 0x1, AccessMode::kWrite, kTile, 2);
  run.Access(1, 0x1, AccessMode::kWrite, kTile + 2, 2);
  run.Access(0, 0x1, AccessMode::kRead, kTile, 2);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
  run.Access(0, 0x1, AccessMode::kRead, kTile, 4);
  EXPECT_EQ(run.Found(), Rules{"race"}) << run.Text();
}

void StoreAll(Scenario& run, std::initializer_list<uint32_t> values) {
  const std::vector<uint32_t> data(values);
  std::array<uint64_t, 32> addresses;
  addresses.fill(kTile);
  WarpAccess access;
  access.lanes = (1u << data.size()) - 1;
  access.mode = AccessMode::kWrite;
  access.bytes = 4;
  access.pc = 7;
  access.addresses = addresses.data();
  access.values = reinterpret_cast<const uint8_t*>(data.data());
  access.value_stride = 4;
  run.monitor.OnAccess(access);
}

TEST(Race, LanesOfOneStoreMayWriteEqualValues) {
  Scenario run;
  StoreAll(run, {5, 5, 5});
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
  StoreAll(run, {5, 5, 5});  // Lane 0's second store is not ordered after lane 1's first.
  EXPECT_EQ(run.Found(), Rules{"race"}) << run.Text();
}

TEST(Race, LanesOfOneStoreMayNotWriteDifferentValues) {
  Scenario run;
  StoreAll(run, {5, 6});
  EXPECT_EQ(run.Found(), Rules{"race"}) << run.Text();
}

TEST(Race, AtomicsDoNotRaceWithEachOther) {
  Scenario run;
  run.Write(0, kLane0, kTile);
  run.Barrier({0, 1, 2});
  run.Access(1, kAll, AccessMode::kAtomicWrite, kTile, 4, 0);
  run.Access(2, kAll, AccessMode::kAtomicWrite, kTile, 4, 0);
  run.Access(0, kAll, AccessMode::kAtomicRead, kTile, 4, 0);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
  run.Read(0, kLane0, kTile);
  EXPECT_EQ(run.Found(), Rules{"race"}) << run.Text();
}

TEST(Race, AReleasedFlagOrders) {
  Scenario run;
  const SyncObject flag = {SyncObject::kShared, kTile + 0x100};
  run.Access(0, 0x10, AccessMode::kWrite, kTile);
  run.monitor.Release(0, 0x10, flag);
  run.monitor.Acquire(1, 0x8, flag);
  run.Access(1, 0x8, AccessMode::kRead, kTile + 4 * (4 - 3));
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
  run.Access(1, 0x4, AccessMode::kRead, kTile + 4 * (4 - 2));  // Another lane acquired nothing.
  EXPECT_EQ(run.Found(), Rules{"race"}) << run.Text();
}

TEST(Race, OneReaderOfManyCounts) {
  Scenario run;
  run.Write(0, kAll, kTile);
  run.Barrier({0, 1, 2});
  run.Access(1, kAll, AccessMode::kRead, kTile, 4, 0);
  run.Access(2, kAll, AccessMode::kRead, kTile, 4, 0);
  run.Barrier({0, 2}, 1);
  run.Write(0, kLane0, kTile);
  ASSERT_EQ(run.Found(), Rules{"race"}) << run.Text();
  EXPECT_EQ(run.sink.reports()[0].other.warp, 1);
}

TEST(Race, GlobalMemoryOnRequest) {
  for (bool track : {false, true}) {
    MonitorOptions options = Scenario::Options();
    options.track_global = track;
    Scenario run(options);
    run.Access(0, kAll, AccessMode::kWrite, 0x7f0000000000, 4, 4, MemorySpace::kGlobal);
    run.Access(1, kAll, AccessMode::kRead, 0x7f0000000000, 4, 4, MemorySpace::kGlobal);
    EXPECT_EQ(run.Found(), track ? Rules{"race"} : kNothing) << run.Text();
  }
}

TEST(Race, ClusterBarrierOrdersDistributedSharedMemory) {
  Scenario run(2, 64);
  const uint64_t remote = (uint64_t{1} << 24) + kTile;
  const WarpId peer = run.Warp(1, 0);
  run.Write(0, kAll, remote);
  run.ClusterBarrier({0, run.Warp(0, 1), peer, run.Warp(1, 1)});
  run.Read(peer, kAll, remote);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
  run.Write(0, kAll, remote);
  EXPECT_EQ(run.Found(), Rules{"race"}) << run.Text();
}

TEST(Race, AReportNamesBothAccesses) {
  Scenario run;
  run.sink.SetKernel("fwd", {{10, 3, "LOOP", "st.shared.u32 [%r1], %r2;"},
                             {20, 4, "LOOP", "ld.shared.u32 %r3, [%r4];"}});
  run.Write(0, 0x2, kTile);
  run.Read(3, 0x2, kTile);
  const std::vector<Report> reports = run.sink.reports();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].kernel, "fwd");
  EXPECT_EQ(reports[0].actor.place.ptx_line, 20u);
  EXPECT_EQ(reports[0].actor.place.cuda_line, 4u);
  EXPECT_EQ(reports[0].actor.warp, 3);
  EXPECT_EQ(reports[0].actor.lane, 1);
  EXPECT_EQ(reports[0].address, kTile + 4);
  EXPECT_EQ(reports[0].other.place.ptx_line, 10u);
  EXPECT_EQ(reports[0].other.kind, "write");
}

TEST(Uninitialised, SharedAndLocalMemory) {
  Scenario run;
  run.Write(0, 0x3, kTile);
  run.Read(0, 0x3, kTile);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
  run.Read(0, 0x4, kTile);
  EXPECT_EQ(run.Found(), Rules{"uninit-shared"}) << run.Text();
  run.Access(0, 0x1, AccessMode::kWrite, 16, 4, 0, MemorySpace::kLocal);
  run.Access(0, 0x1, AccessMode::kRead, 16, 4, 0, MemorySpace::kLocal);
  EXPECT_EQ(run.Found(), Rules{"uninit-shared"}) << run.Text();
  run.Access(0, 0x2, AccessMode::kRead, 16, 4, 0, MemorySpace::kLocal);
  EXPECT_EQ(run.Found(), (Rules{"uninit-local", "uninit-shared"})) << run.Text();
}

}  // namespace
}  // namespace attnjit::emulator
