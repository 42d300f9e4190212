// Random programs: the monitor finds a race at exactly the step where the oracle does.
#include <gtest/gtest.h>

#include <random>

#include "tests/emulator/sanitizer/order_oracle.h"
#include "tests/emulator/sanitizer/scenario.h"

namespace attnjit::emulator {
namespace {

constexpr uint32_t kWarps = 3;
constexpr uint64_t kBase = 0x400;
constexpr uint64_t kSpan = 0x400;  // Eight blocks of shadow memory.

using Verdict = OrderOracle::Verdict;

class RandomProgram {
 public:
  explicit RandomProgram(uint32_t seed)
      : random_(seed), run_(Scenario::Options(1, kWarps * 32)), oracle_(kWarps * 32) {
    run_.monitor.SetInitialised(MemorySpace::kShared, kBase, kSpan);
  }

  /// Runs ordered steps, and an unordered one at the end where `break_it`.
  void Run(int steps, bool break_it) {
    for (int step = 0; step < steps; ++step) {
      Step();
      ASSERT_EQ(run_.Found(), kNothing) << "step " << step << "\n" << run_.Text();
    }
    for (int attempt = 0; break_it && attempt < 1000; ++attempt) {
      const Verdict verdict = Access(/*want_ordered=*/false);
      if (verdict == Verdict::kOrdered) continue;
      const Rules found = run_.Found();
      EXPECT_FALSE(found.empty()) << "missed";
      if (verdict == Verdict::kUnfenced) {
        EXPECT_EQ(found, Rules{"missing-proxy-fence"}) << run_.Text();
      }
      return;
    }
  }

 private:
  uint32_t Pick(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
  LaneMask PickLanes() {
    switch (Pick(4)) {
      case 0:
        return 1u << Pick(32);
      case 1:
        return static_cast<LaneMask>(random_()) | 1u;
      default:
        return kAll;
    }
  }
  static std::vector<size_t> Threads(WarpId warp, LaneMask lanes) {
    std::vector<size_t> threads;
    for (size_t lane = 0; lane < 32; ++lane) {
      if (lanes >> lane & 1) threads.push_back(warp * 32 + lane);
    }
    return threads;
  }

  void Step() {
    const WarpId warp = Pick(kWarps);
    const LaneMask lanes = PickLanes();
    const int object = static_cast<int>(Pick(3));
    const SyncObject sync = {SyncObject::kCustom, static_cast<uint64_t>(object)};
    switch (Pick(8)) {
      case 0:
        run_.monitor.WarpSync(warp, lanes);
        return oracle_.Meet(Threads(warp, lanes));
      case 1:
        run_.monitor.Release(warp, lanes, sync);
        return oracle_.Release(Threads(warp, lanes), object);
      case 2:
        run_.monitor.Acquire(warp, lanes, sync);
        return oracle_.Acquire(Threads(warp, lanes), object);
      case 3:
        run_.monitor.FenceProxyAsync(warp, lanes, FenceSpace::kShared);
        for (size_t thread : Threads(warp, lanes)) oracle_.Fence(thread);
        return;
      case 4:
        return Barrier();
      case 5:
        return Finish(warp);
      default:
        Access(/*want_ordered=*/true);
    }
  }

  void Barrier() {
    std::vector<size_t> threads;
    const WarpId first = Pick(kWarps);
    const WarpId second = (first + 1) % kWarps;
    for (WarpId warp : {first, second}) {
      const std::vector<size_t> more = Threads(warp, kAll);
      threads.insert(threads.end(), more.begin(), more.end());
    }
    run_.Barrier({first, second});
    oracle_.Meet(threads);
  }

  /// Somebody waits for an operation, or is told of it through an object.
  void Finish(WarpId warp) {
    if (operations_.empty()) return;
    const auto& [op, party] = operations_[Pick(static_cast<uint32_t>(operations_.size()))];
    const uint32_t lane = Pick(32);
    if (Pick(2) == 0) {
      run_.monitor.AcquireAsync(warp, 1u << lane, op);
      return oracle_.Wait(warp * 32 + lane, party);
    }
    const int object = static_cast<int>(Pick(3));
    run_.monitor.ReleaseAsync(op, {SyncObject::kCustom, static_cast<uint64_t>(object)});
    oracle_.ReleaseOperation(party, object);
  }

  Verdict Access(bool want_ordered) {
    return Pick(3) == 0 ? Operation(want_ordered) : Threads(want_ordered);
  }

  Verdict Threads(bool want_ordered) {
    const WarpId warp = Pick(kWarps);
    const LaneMask lanes = PickLanes();
    const bool write = Pick(2) == 0;
    const uint32_t bytes = 1u << Pick(5);
    const uint64_t stride = write || Pick(2) == 0 ? bytes : 0;
    const uint64_t slots = (kSpan - stride * 31) / bytes;
    const uint64_t base = kBase + Pick(static_cast<uint32_t>(slots)) * bytes;
    Verdict verdict = Verdict::kOrdered;
    for (size_t thread : Threads(warp, lanes)) {
      const OrderOracle::Range range = {base + thread % 32 * stride, bytes};
      verdict = std::max(verdict, oracle_.Judge(thread, range, write));
    }
    if (want_ordered != (verdict == Verdict::kOrdered)) return Verdict::kOrdered;
    for (size_t thread : Threads(warp, lanes)) {
      oracle_.Record(thread, {base + thread % 32 * stride, bytes}, write);
    }
    run_.Access(warp, lanes, write ? AccessMode::kWrite : AccessMode::kRead, base, bytes, stride);
    return verdict;
  }

  Verdict Operation(bool want_ordered) {
    const uint32_t lane = Pick(32);
    const WarpId warp = Pick(kWarps);
    const bool write = Pick(2) == 0;
    const uint64_t bytes = 16 * (1 + Pick(24));
    const uint64_t address = kBase + 16 * Pick(static_cast<uint32_t>((kSpan - bytes) / 16 + 1));
    const size_t party = oracle_.Issue(warp * 32 + lane);
    // The issuer's own accesses are its past, not its party.
    const Verdict verdict = oracle_.Judge(party, {address, bytes}, write);
    if (want_ordered != (verdict == Verdict::kOrdered)) return Verdict::kOrdered;
    oracle_.Record(party, {address, bytes}, write);
    const OpId op = run_.monitor.BeginAsync({{warp, 1u << lane}}, AsyncKind::kBulk, run_.pc++);
    run_.monitor.OnAsyncAccess(op, MemorySpace::kShared, address, bytes,
                               write ? AccessMode::kWrite : AccessMode::kRead);
    run_.monitor.EndAsync(op);
    operations_.push_back({op, party});
    return verdict;
  }

  std::mt19937 random_;
  Scenario run_;
  OrderOracle oracle_;
  std::vector<std::pair<OpId, size_t>> operations_;
};

TEST(RandomPrograms, OrderedOnesGiveNoReport) {
  for (uint32_t seed = 0; seed < 100 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    RandomProgram(seed).Run(300, false);
  }
}

TEST(RandomPrograms, OneUnorderedAccessGivesOne) {
  for (uint32_t seed = 0; seed < 400 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    RandomProgram(1000 + seed).Run(static_cast<int>(seed % 80), true);
  }
}

}  // namespace
}  // namespace attnjit::emulator
