// When operations run, and in which order.
#include "runtime/emulator/async/queue.h"

#include <algorithm>

#include "tests/emulator/run_ptx.h"

namespace attnjit::emulator {
namespace {

/// A cluster that runs nothing.
class Idle {
 public:
  explicit Idle(const AsyncPolicy& policy) {
    options_.policy = policy;
    program_ = run_.Decode(run_.Text("", "ret;"));
    run_.launch.program = program_.get();
    cluster_ = std::make_unique<Cluster>(run_.launch, options_, 0, &run_.sink);
  }
  Cluster& cluster() { return *cluster_; }

 private:
  PtxRun run_;
  RunOptions options_;
  std::shared_ptr<const Program> program_;
  std::unique_ptr<Cluster> cluster_;
};

class Note : public AsyncOp {
 public:
  Note(std::vector<int>& log, int name, uint64_t key = 0, AsyncSignal what = 0)
      : log_(log), name_(name) {
    fifo = key;
    signal = what;
  }
  void Run(Cluster&) override { log_.push_back(name_); }
  std::string Describe() const override { return "note " + std::to_string(name_); }

 private:
  std::vector<int>& log_;
  int name_;
};

const AsyncPolicy kEager = {AsyncPolicy::Kind::kEager, 0};
const AsyncPolicy kLate = {AsyncPolicy::Kind::kLate, 0};

std::vector<int> Drain(const AsyncPolicy& policy, const std::vector<uint64_t>& keys) {
  Idle idle(policy);
  AsyncQueue queue(policy);
  std::vector<int> log;
  for (size_t i = 0; i < keys.size(); ++i) {
    queue.Issue(idle.cluster(), std::make_unique<Note>(log, static_cast<int>(i), keys[i]));
  }
  while (queue.RunOne(idle.cluster())) {
  }
  return log;
}

TEST(AsyncQueue, EagerRunsAtIssue) {
  Idle idle(kEager);
  AsyncQueue queue(kEager);
  std::vector<int> log;
  queue.Issue(idle.cluster(), std::make_unique<Note>(log, 1));
  EXPECT_EQ(log, std::vector<int>{1});
  EXPECT_TRUE(queue.empty());
}

TEST(AsyncQueue, LateRunsNothingUntilAskedThenTheOldest) {
  Idle idle(kLate);
  AsyncQueue queue(kLate);
  std::vector<int> log;
  for (int i = 0; i < 3; ++i) queue.Issue(idle.cluster(), std::make_unique<Note>(log, i));
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(queue.Tick(idle.cluster()));
  EXPECT_TRUE(log.empty());
  EXPECT_TRUE(queue.RunOne(idle.cluster()));
  EXPECT_EQ(log, std::vector<int>{0});
  EXPECT_EQ(queue.Describe(), (std::vector<std::string>{"note 1", "note 2"}));
}

TEST(AsyncQueue, LatePrefersWhatAWarpWantsAfterWhatMustComeBeforeIt) {
  Idle idle(kLate);
  AsyncQueue queue(kLate);
  std::vector<int> log;
  const AsyncSignal wanted = MbarrierSignal(0x400);
  queue.Issue(idle.cluster(), std::make_unique<Note>(log, 0));
  queue.Issue(idle.cluster(), std::make_unique<Note>(log, 1, 9));
  queue.Issue(idle.cluster(), std::make_unique<Note>(log, 2, 9, wanted));
  queue.Want(wanted);
  EXPECT_TRUE(queue.RunOne(idle.cluster()));
  queue.Want(wanted);
  EXPECT_TRUE(queue.RunOne(idle.cluster()));
  EXPECT_EQ(log, (std::vector<int>{1, 2}));
}

TEST(AsyncQueue, SeedsRepeatAndDiffer) {
  const std::vector<uint64_t> keys(20, 0);
  const auto seeded = [&](uint64_t seed) {
    return Drain({AsyncPolicy::Kind::kSeeded, seed}, keys);
  };
  EXPECT_EQ(seeded(1), seeded(1));
  EXPECT_NE(seeded(1), seeded(2));
}

TEST(AsyncQueue, OperationsOfOneKeyKeepTheirOrderUnderEverySeed) {
  std::vector<uint64_t> keys;
  for (uint64_t i = 0; i < 60; ++i) keys.push_back(i % 4);
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::vector<int> log = Drain({AsyncPolicy::Kind::kSeeded, seed}, keys);
    EXPECT_EQ(log.size(), keys.size());
    for (uint64_t key = 1; key < 4; ++key) {
      std::vector<int> of_key;
      for (const int name : log) {
        if (keys[static_cast<size_t>(name)] == key) of_key.push_back(name);
      }
      EXPECT_TRUE(std::is_sorted(of_key.begin(), of_key.end()));
    }
  }
}

TEST(AsyncPolicy, NamesRoundTripAndWrongOnesAreErrors) {
  for (const char* name : {"eager", "late", "seed=0", "seed=18446744073709551615"}) {
    auto policy = ParseAsyncPolicy(name);
    ASSERT_TRUE(static_cast<bool>(policy));
    EXPECT_EQ(ToString(*policy), name);
  }
  for (const char* name : {"", "Eager", "seed", "seed=", "seed=-1", "seed=1x"}) {
    auto policy = ParseAsyncPolicy(name);
    EXPECT_FALSE(static_cast<bool>(policy)) << name;
    if (!policy) llvm::consumeError(policy.takeError());
  }
}

}  // namespace
}  // namespace attnjit::emulator
