// mbarrier life, tensor memory, setmaxnreg, named barriers.
#include <gtest/gtest.h>

#include "tests/emulator/sanitizer/scenario.h"

namespace attnjit::emulator {
namespace {

constexpr uint64_t kBar = 0x400;

TEST(Mbarrier, UseWithoutInit) {
  Scenario run;
  run.Arrive(0, kLane0, kBar);
  EXPECT_EQ(run.Found(), Rules{"mbarrier-uninit"}) << run.Text();
}

TEST(Mbarrier, UseByAThreadThatDoesNotKnowTheInit) {
  Scenario run;
  run.InitMbarrier(0, kBar, 1);
  run.Arrive(0, kLane0, kBar);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
  run.Wait(0, 0x2, kBar);
  EXPECT_EQ(run.Found(), Rules{"mbarrier-uninit"}) << run.Text();
}

TEST(Mbarrier, InitTwice) {
  Scenario run;
  run.InitMbarrier(0, kBar, 1);
  run.InitMbarrier(0, kBar, 1);
  EXPECT_EQ(run.Found(), Rules{"mbarrier-reinit"}) << run.Text();
}

TEST(Mbarrier, InitAfterInval) {
  Scenario run;
  run.InitMbarrier(0, kBar, 1);
  run.monitor.MbarrierInval(0, 0, kBar, run.pc++);
  run.InitMbarrier(0, kBar, 1);
  run.monitor.MbarrierInval(0, 0, kBar, run.pc++);
  run.Write(0, kLane0, kBar);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
}

TEST(Mbarrier, CountOutOfRange) {
  Scenario run;
  run.InitMbarrier(0, kBar, 0);
  run.InitMbarrier(0, kBar + 8, 1 << 20);
  EXPECT_EQ(run.Found(), Rules{"mbarrier-count"}) << run.Text();
}

TEST(Mbarrier, OrdinaryAccess) {
  Scenario run;
  run.InitMbarrier(0, kBar, 1);
  run.Read(0, kLane0, kBar + 8);
  EXPECT_EQ(run.Found(), Rules{"uninit-shared"});
  run.Write(0, kLane0, kBar + 4);
  EXPECT_EQ(run.Found(), (Rules{"mbarrier-raw-access", "uninit-shared"})) << run.Text();
}

TEST(Mbarrier, MoreArrivalsThanExpected) {
  Scenario run;
  run.InitMbarrier(0, kBar, 2);
  run.ArriveExpect(0, kLane0, kBar, 64);  // The bytes hold the phase open.
  run.Arrive(0, kLane0, kBar);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
  run.Arrive(0, kLane0, kBar);
  EXPECT_EQ(run.Found(), Rules{"mbarrier-overarrive"}) << run.Text();
}

TEST(Mbarrier, DroppedArrivalsLowerLaterPhases) {
  Scenario run;
  run.InitMbarrier(0, kBar, 2);
  run.Arrive(0, kLane0, kBar);
  run.monitor.MbarrierArrive(0, kLane0, kBar, 1, run.pc++, true);
  run.Arrive(0, kLane0, kBar);  // Completes the second phase alone.
  run.Arrive(0, kLane0, kBar);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
}

TEST(Mbarrier, TransactionCountOutOfRange) {
  Scenario run;
  run.InitMbarrier(0, kBar, 2);
  run.ArriveExpect(0, kLane0, kBar, (1 << 20) - 1);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
  run.monitor.MbarrierExpectTx(0, kLane0, kBar, 1, run.pc++);
  EXPECT_EQ(run.Found(), Rules{"mbarrier-tx-overflow"}) << run.Text();
}

TEST(Mbarrier, AWaiterThatMissesAPhase) {
  Scenario run;
  run.InitMbarrier(0, kBar, 1);
  run.Barrier({0, 1});
  run.monitor.MbarrierBlocked(1, kAll, kBar, 0, run.pc++);
  run.Arrive(0, kLane0, kBar);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
  run.Arrive(0, kLane0, kBar);
  EXPECT_EQ(run.Found(), Rules{"mbarrier-phase"}) << run.Text();
}

TEST(Mbarrier, PhasesInTurn) {
  Scenario run;
  run.InitMbarrier(0, kBar, 1);
  run.Barrier({0, 1});
  for (uint32_t phase = 0; phase < 5; ++phase) {
    run.monitor.MbarrierBlocked(1, kAll, kBar, phase & 1, run.pc);
    run.Arrive(0, kLane0, kBar);
    run.Wait(1, kAll, kBar);
  }
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
}

TEST(Mbarrier, RelaxedArrivalsOrderNothing) {
  Scenario run;
  run.InitMbarrier(0, kBar, 1);
  run.Barrier({0, 1});
  run.Write(0, kLane0, 0x1000);
  run.monitor.MbarrierArrive(0, kLane0, kBar, 1, run.pc++, false, true);
  run.Wait(1, kAll, kBar);
  run.Read(1, kLane0, 0x1000);
  EXPECT_EQ(run.Found(), Rules{"race"}) << run.Text();
}

/// One MMA by warp 4 into columns 0..31, read by warps 0..3; each flag takes one step away.
struct TensorPath {
  bool commit = true;
  bool after = true;
  bool wait_ld = true;
  bool before = true;
  bool second_after = true;

  void Run(Scenario& run) const {
    run.InitMbarrier(0, kBar, 1);
    run.InitMbarrier(0, kBar + 8, 4);
    run.monitor.TensorAlloc(4, 0, 32, 1, run.pc++);
    run.Barrier({0, 1, 2, 3, 4});
    for (int tile = 0; tile < 3; ++tile) {
      if (tile > 0) {
        run.Wait(4, kLane0, kBar + 8);
        if (second_after) run.monitor.Tcgen05FenceAfter(4, kLane0);
      }
      Multiply(run);
      for (WarpId warp = 0; warp < 4; ++warp) Load(run, warp);
    }
    run.Wait(4, kAll, kBar + 8);
    run.monitor.Tcgen05FenceAfter(4, kAll);
    run.monitor.TensorDealloc(4, 0, 32, 1, run.pc++);
    run.monitor.ClusterExit();
  }

 private:
  static void Mma(Scenario& run) {
    const OpId op = run.monitor.BeginAsync({{4, kLane0}}, AsyncKind::kTcgen05Mma, run.pc++);
    run.monitor.OnAsyncTensor(op, 0, 0, 128, 0, 32, AccessMode::kWrite);
    run.monitor.EndAsync(op);
  }
  void Multiply(Scenario& run) const {
    Mma(run);
    Mma(run);
    const OpId op = run.monitor.BeginAsync({{4, kLane0}}, AsyncKind::kTcgen05Mma, run.pc++);
    run.monitor.EndAsync(op);
    if (commit) {
      const OpId arrival = run.monitor.BeginAsync({{4, kLane0}}, AsyncKind::kTcgen05Mma, run.pc++);
      run.monitor.MbarrierArriveAsync(arrival, kBar, 1);
      run.monitor.EndAsync(arrival);
    } else {
      run.Arrive(4, kLane0, kBar);
    }
  }
  void Load(Scenario& run, WarpId warp) const {
    run.Wait(warp, kAll, kBar);
    if (after) run.monitor.Tcgen05FenceAfter(warp, kAll);
    const OpId op = run.monitor.BeginAsync({{warp, kAll}}, AsyncKind::kTcgen05Ld, run.pc++);
    run.monitor.OnAsyncTensor(op, 0, 32 * warp, 32, 0, 32, AccessMode::kRead);
    run.monitor.EndAsync(op);
    if (wait_ld) run.monitor.AcquireAsync(warp, kAll, op);
    if (before) run.monitor.Tcgen05FenceBefore(warp, kAll);
    run.monitor.WarpSync(warp, kAll);
    run.Arrive(warp, kLane0, kBar + 8);
  }
};

TEST(Tensor, WellSynchronised) {
  Scenario run;
  TensorPath().Run(run);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
}

TEST(Tensor, EachMissingStepIsFound) {
  for (const TensorPath& path :
       {TensorPath{.commit = false}, TensorPath{.after = false}, TensorPath{.wait_ld = false},
        TensorPath{.before = false}, TensorPath{.second_after = false}}) {
    Scenario run;
    path.Run(run);
    EXPECT_EQ(run.Found(), Rules{"tcgen05-order"}) << run.Text();
  }
}

/// A load that warp 4 waits for and its MMA reads; then `next` uses the bytes.
template <class Next>
void LoadThenMultiply(Scenario& run, Next next) {
  run.InitMbarrier(0, kBar, 1);
  run.InitMbarrier(0, kBar + 8, 1);
  run.Barrier({0, 1, 4});
  run.ArriveExpect(0, kLane0, kBar, 256);
  run.Load(0, 0x1000, 256, kBar);
  run.Wait(4, kLane0, kBar);
  const OpId mma = run.monitor.BeginAsync({{4, kLane0}}, AsyncKind::kTcgen05Mma, run.pc++);
  run.monitor.OnAsyncAccess(mma, MemorySpace::kShared, 0x1000, 256, AccessMode::kRead);
  run.monitor.EndAsync(mma);
  const OpId commit = run.monitor.BeginAsync({{4, kLane0}}, AsyncKind::kTcgen05Mma, run.pc++);
  run.monitor.MbarrierArriveAsync(commit, kBar + 8, 1);
  run.monitor.EndAsync(commit);
  next();
}

TEST(Tensor, CommitPassesOnWhatTheMmaWasOrderedAfter) {
  Scenario load;
  LoadThenMultiply(load, [&] {
    load.Wait(0, kLane0, kBar + 8);
    load.ArriveExpect(0, kLane0, kBar, 256);
    load.Load(0, 0x1000, 256, kBar);
  });
  EXPECT_EQ(load.Found(), kNothing) << load.Text();
  Scenario store;
  LoadThenMultiply(store, [&] {
    store.Wait(1, kAll, kBar + 8);
    store.Write(1, kLane0, 0x1000);
  });
  EXPECT_EQ(store.Found(), kNothing) << store.Text();
}

TEST(Tensor, BytesUnderAnMmaThatIsNotWaitedForAreARace) {
  Scenario load;
  LoadThenMultiply(load, [&] {
    load.ArriveExpect(0, kLane0, kBar, 256);
    load.Load(0, 0x1000, 256, kBar);
  });
  EXPECT_EQ(load.Found(), Rules{"race-cross-proxy"}) << load.Text();
  Scenario store;
  LoadThenMultiply(store, [&] { store.Write(1, kLane0, 0x1000); });
  EXPECT_EQ(store.Found(), Rules{"race-cross-proxy"}) << store.Text();
}

TEST(Tensor, FencesMayBeTakenAsGiven) {
  MonitorOptions options = Scenario::Options();
  options.tcgen05_fences = false;
  Scenario fenceless(options);
  TensorPath{.after = false, .before = false, .second_after = false}.Run(fenceless);
  EXPECT_EQ(fenceless.Found(), kNothing) << fenceless.Text();
  Scenario waitless(options);
  TensorPath{.wait_ld = false}.Run(waitless);
  EXPECT_EQ(waitless.Found(), Rules{"tcgen05-order"}) << waitless.Text();
}

OpId LoadTensor(Scenario& run, uint32_t column, uint32_t columns, AccessMode mode) {
  const AsyncKind kind = mode == AccessMode::kRead ? AsyncKind::kTcgen05Ld : AsyncKind::kTcgen05St;
  const OpId op = run.monitor.BeginAsync({{0, kAll}}, kind, run.pc++);
  run.monitor.OnAsyncTensor(op, 0, 0, 32, column, columns, mode);
  run.monitor.EndAsync(op);
  return op;
}

TEST(Tensor, StoreThenLoadNeedsTheStoreWait) {
  for (bool wait : {true, false}) {
    Scenario run;
    run.monitor.TensorAlloc(0, 64, 64, 1, run.pc++);
    const OpId op = LoadTensor(run, 64, 8, AccessMode::kWrite);
    if (wait) run.monitor.AcquireAsync(0, kAll, op);
    LoadTensor(run, 64, 8, AccessMode::kRead);
    EXPECT_EQ(run.Found(), wait ? kNothing : Rules{"tcgen05-order"}) << run.Text();
  }
}

TEST(Tensor, UninitialisedAndUnallocated) {
  Scenario run;
  run.monitor.TensorAlloc(0, 0, 32, 1, run.pc++);
  LoadTensor(run, 0, 8, AccessMode::kRead);
  EXPECT_EQ(run.Found(), Rules{"uninit-tensor"}) << run.Text();
  LoadTensor(run, 28, 8, AccessMode::kWrite);
  EXPECT_EQ(run.Found(), (Rules{"tmem-misuse", "uninit-tensor"})) << run.Text();
}

TEST(Tensor, AllocationRules) {
  const auto found = [](auto&& act) {
    Scenario run;
    act(run.monitor);
    return run.Found();
  };
  EXPECT_EQ(found([](Monitor& m) { m.TensorAlloc(0, 0, 48, 1, 0); }), Rules{"tmem-misuse"});
  EXPECT_EQ(found([](Monitor& m) {
              m.TensorAlloc(0, 0, 32, 1, 0);
              m.TensorAlloc(0, 32, 64, 1, 0);
            }),
            Rules{"tmem-misuse"});
  EXPECT_EQ(found([](Monitor& m) {
              m.TensorRelinquish(0, 0);
              m.TensorAlloc(0, 0, 32, 1, 0);
            }),
            Rules{"tmem-misuse"});
  EXPECT_EQ(found([](Monitor& m) {
              m.TensorAlloc(0, 0, 32, 1, 0);
              m.TensorDealloc(0, 0, 32, 2, 0);
            }),
            Rules{"tmem-misuse"});
  EXPECT_EQ(found([](Monitor& m) {
              m.TensorAlloc(0, 0, 32, 1, 0);
              m.TensorDealloc(0, 32, 32, 1, 0);
            }),
            Rules{"tmem-misuse"});
  EXPECT_EQ(found([](Monitor& m) {
              m.TensorAlloc(0, 0, 32, 1, 0);
              m.CtaExit(0);
            }),
            Rules{"tmem-leak"});
  EXPECT_EQ(found([](Monitor& m) {
              m.TensorAlloc(0, 0, 64, 1, 0);
              m.TensorAlloc(0, 64, 64, 1, 0);
              m.TensorRelinquish(0, 0);
              m.TensorDealloc(0, 64, 64, 1, 0);
              m.TensorDealloc(0, 0, 64, 1, 0);
              m.CtaExit(0);
            }),
            kNothing);
}

TEST(Tensor, FreedWhileALoadIsInFlight) {
  Scenario run;
  run.monitor.TensorAlloc(0, 0, 32, 1, run.pc++);
  const OpId store = LoadTensor(run, 0, 8, AccessMode::kWrite);
  run.monitor.AcquireAsync(0, kAll, store);
  LoadTensor(run, 0, 8, AccessMode::kRead);
  run.monitor.TensorDealloc(0, 0, 32, 1, run.pc++);
  EXPECT_EQ(run.Found(), Rules{"tcgen05-order"}) << run.Text();
}

TEST(SetMaxRegisters, ByAllWarpsOfTheGroup) {
  Scenario run;
  for (WarpId warp = 0; warp < 8; ++warp) {
    run.monitor.SetMaxRegisters(warp, warp < 4 ? 40 : 232, warp >= 4, 168, run.pc);
  }
  run.monitor.CtaExit(0);
  EXPECT_EQ(run.Found(), kNothing) << run.Text();
}

TEST(SetMaxRegisters, Misuse) {
  const auto found = [](auto&& act) {
    Scenario run(1, 128);
    act(run.monitor);
    run.monitor.CtaExit(0);
    return run.Found();
  };
  EXPECT_EQ(found([](Monitor& m) {
              for (WarpId warp = 0; warp < 4; ++warp) m.SetMaxRegisters(warp, 20, false, 168, 0);
            }),
            Rules{"setmaxnreg"});
  EXPECT_EQ(found([](Monitor& m) {
              for (WarpId warp = 0; warp < 4; ++warp) m.SetMaxRegisters(warp, 40, true, 168, 0);
            }),
            Rules{"setmaxnreg"});
  EXPECT_EQ(found([](Monitor& m) {
              for (WarpId warp = 0; warp < 3; ++warp) m.SetMaxRegisters(warp, 40, false, 168, 0);
            }),
            Rules{"setmaxnreg"});
  EXPECT_EQ(found([](Monitor& m) {
              for (WarpId warp = 0; warp < 4; ++warp) {
                m.SetMaxRegisters(warp, warp < 2 ? 40 : 48, false, 168, 0);
              }
            }),
            Rules{"setmaxnreg"});
}

TEST(NamedBarrier, Counts) {
  const SyncObject barrier = SyncObject::NamedBarrier(0, 2);
  const auto found = [&](std::initializer_list<uint32_t> counts) {
    Scenario run;
    WarpId warp = 0;
    for (uint32_t count : counts) run.monitor.ArriveBarrier(warp++, kAll, barrier, count, run.pc++);
    return run.Found();
  };
  EXPECT_EQ(found({64, 64}), kNothing);
  EXPECT_EQ(found({64, 96}), Rules{"barrier-count"});
  EXPECT_EQ(found({48}), Rules{"barrier-count"});
  EXPECT_EQ(found({512}), Rules{"barrier-count"});  // The CTA has 256.
  EXPECT_EQ(found({64, 64, 64}), Rules{"barrier-count"});
}

TEST(Deadlock, IsAReport) {
  Scenario run;
  run.monitor.ReportDeadlock("CTA 0 warp 1: bar.sync 3");
  EXPECT_EQ(run.Found(), Rules{"deadlock"});
  EXPECT_NE(run.Text().find("bar.sync 3"), std::string::npos);
}

}  // namespace
}  // namespace attnjit::emulator
