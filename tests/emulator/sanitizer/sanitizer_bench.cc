// Nanoseconds of the monitor's most frequent calls, each in a steady state.
#include <cstdio>
#include <ctime>

#include "tests/emulator/sanitizer/scenario.h"

namespace attnjit::emulator {
namespace {

constexpr uint64_t kTile = 0x1000;
constexpr uint64_t kFull = 0x400;

template <class Body>
void Measure(const char* name, int times, Body body) {
  for (int i = 0; i < times / 10; ++i) body();
  const std::clock_t start = std::clock();  // Of the processor: others may share it.
  for (int i = 0; i < times; ++i) body();
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::printf("%-44s %9.0f ns\n", name, seconds / times * 1e9);
}

void Accesses() {
  for (uint32_t bytes : {4u, 16u}) {
    Scenario run;
    run.Write(0, kAll, kTile, bytes);
    run.Barrier({0, 1});
    Measure(bytes == 4 ? "read 32 x 4 bytes" : "read 32 x 16 bytes", 100000,
            [&] { run.Read(1, kAll, kTile, bytes); });
    Scenario write;
    Measure(bytes == 4 ? "write 32 x 4 bytes" : "write 32 x 16 bytes", 100000,
            [&] { write.Write(0, kAll, kTile, bytes); });
  }
  Scenario run;
  run.Write(0, kLane0, kTile);
  run.Barrier({0, 1});
  Measure("broadcast read of 4 bytes", 100000,
          [&] { run.Access(1, kAll, AccessMode::kRead, kTile, 4, 0); });
  Scenario two;
  Measure("write, barrier, read, barrier (8 warps)", 20000, [&] {
    two.Write(0, kAll, kTile, 16);
    two.Barrier({0, 1, 2, 3, 4, 5, 6, 7});
    two.Read(1, kAll, kTile, 16);
    two.Barrier({0, 1, 2, 3, 4, 5, 6, 7});
  });
}

/// One stage of a ring: a load of `bytes`, waits, wgmma over all of it, arrivals.
void Stage(const char* name, uint32_t bytes) {
  Scenario run;
  run.InitMbarrier(0, kFull, 1);
  run.InitMbarrier(0, kFull + 8, 4);
  run.Barrier({0, 1, 2, 3, 4, 5, 6, 7});
  bool first = true;
  Measure(name, 10000, [&] {
    if (!first) run.Wait(4, kLane0, kFull + 8);
    first = false;
    run.ArriveExpect(4, kLane0, kFull, bytes);
    run.Load(4, kTile, bytes, kFull);
    for (WarpId warp = 0; warp < 4; ++warp) run.Wait(warp, kAll, kFull);
    run.WgmmaWait(0, run.Wgmma(0, kTile, bytes));
    for (WarpId warp = 0; warp < 4; ++warp) run.Arrive(warp, kLane0, kFull + 8);
  });
  if (!run.sink.empty()) std::printf("unexpected findings:\n%s", run.Text().c_str());
}

/// A wgmma that reads a quarter of each 128-byte row, as one k step of a swizzled tile does.
void QuarterRows() {
  Scenario run;
  run.monitor.SetInitialised(MemorySpace::kShared, kTile, 0x4000);
  Measure("wgmma over 32 bytes of each of 128 rows", 5000, [&] {
    const OpId op =
        run.monitor.BeginAsync({{0, kAll}, {1, kAll}, {2, kAll}, {3, kAll}}, AsyncKind::kWgmma, 1);
    for (uint64_t row = 0; row < 128; ++row) {
      run.monitor.OnAsyncAccess(op, MemorySpace::kShared, kTile + row * 128 + row % 4 * 32, 32,
                                AccessMode::kRead);
    }
    run.monitor.EndAsync(op);
    run.WgmmaWait(0, op);
  });
}

void TensorTile() {
  Scenario run;
  run.monitor.TensorAlloc(0, 0, 128, 1, 0);
  Measure("tcgen05.mma of 128 x 128 accumulators", 5000, [&] {
    const OpId op = run.monitor.BeginAsync({{0, kLane0}}, AsyncKind::kTcgen05Mma, 1);
    run.monitor.OnAsyncTensor(op, 0, 0, 128, 0, 128, AccessMode::kWrite);
    run.monitor.EndAsync(op);
  });
}

}  // namespace
}  // namespace attnjit::emulator

int main() {
  using namespace attnjit::emulator;
  Accesses();
  Stage("ring stage of 16 KiB", 16 << 10);
  QuarterRows();
  TensorTile();
}
