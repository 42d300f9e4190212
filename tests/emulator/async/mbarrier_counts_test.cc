// One mbarrier's counts: phases, limits, and what its memory holds.
#include "runtime/emulator/async/mbarrier_counts.h"

#include <random>
#include <set>

#include "gtest/gtest.h"

namespace attnjit::emulator {
namespace {

TEST(MbarrierCounts, PhaseEndsWithTheLastArrivalAndStartsOver) {
  MbarrierCounts counts(3);
  EXPECT_EQ(counts.Arrive(2), MbarrierFault::kNone);
  EXPECT_EQ(counts.phase(), 0u);
  EXPECT_EQ(counts.Arrive(1), MbarrierFault::kNone);
  EXPECT_EQ(counts.phase(), 1u);
  EXPECT_EQ(counts.pending(), 3u);
}

TEST(MbarrierCounts, PhaseWaitsForTransactions) {
  MbarrierCounts counts(1);
  EXPECT_EQ(counts.ExpectTx(100), MbarrierFault::kNone);
  EXPECT_EQ(counts.Arrive(1), MbarrierFault::kNone);
  EXPECT_EQ(counts.phase(), 0u);
  EXPECT_EQ(counts.CompleteTx(60), MbarrierFault::kNone);
  EXPECT_EQ(counts.phase(), 0u);
  EXPECT_EQ(counts.CompleteTx(40), MbarrierFault::kNone);
  EXPECT_EQ(counts.phase(), 1u);
  EXPECT_EQ(counts.tx(), 0);
}

TEST(MbarrierCounts, CompletionsMayComeBeforeTheyAreExpected) {
  MbarrierCounts counts(1);
  EXPECT_EQ(counts.CompleteTx(64), MbarrierFault::kNone);
  EXPECT_EQ(counts.tx(), -64);
  EXPECT_EQ(counts.phase(), 0u);
  EXPECT_EQ(counts.ExpectTx(64), MbarrierFault::kNone);
  EXPECT_EQ(counts.Arrive(1), MbarrierFault::kNone);
  EXPECT_EQ(counts.phase(), 1u);
}

TEST(MbarrierCounts, ArrivalsBeyondThePhaseAreFaultsThatChangeNothing) {
  MbarrierCounts counts(2);
  EXPECT_EQ(counts.Arrive(3), MbarrierFault::kOverarrive);
  EXPECT_EQ(counts.pending(), 2u);
  EXPECT_EQ(counts.ExpectTx(16), MbarrierFault::kNone);
  EXPECT_EQ(counts.Arrive(2), MbarrierFault::kNone);
  EXPECT_EQ(counts.Arrive(1), MbarrierFault::kOverarrive);
  EXPECT_EQ(counts.phase(), 0u);
}

TEST(MbarrierCounts, CountsHaveLimits) {
  MbarrierCounts counts(kMbarrierCountLimit);
  EXPECT_EQ(counts.Arrive(0), MbarrierFault::kCount);
  EXPECT_EQ(counts.Arrive(kMbarrierCountLimit + 1), MbarrierFault::kCount);
  EXPECT_EQ(counts.AddPending(), MbarrierFault::kCount);
  EXPECT_EQ(counts.ExpectTx(kMbarrierCountLimit), MbarrierFault::kNone);
  EXPECT_EQ(counts.ExpectTx(1), MbarrierFault::kTxOverflow);
  EXPECT_EQ(counts.CompleteTx(2 * kMbarrierCountLimit), MbarrierFault::kNone);
  EXPECT_EQ(counts.CompleteTx(1), MbarrierFault::kTxOverflow);
}

TEST(MbarrierCounts, DroppedThreadsAreMissingFromLaterPhases) {
  MbarrierCounts counts(3);
  EXPECT_EQ(counts.ArriveDrop(1), MbarrierFault::kNone);
  EXPECT_EQ(counts.Arrive(2), MbarrierFault::kNone);
  EXPECT_EQ(counts.phase(), 1u);
  EXPECT_EQ(counts.pending(), 2u);
}

TEST(MbarrierCounts, AddedArrivalCountsForThisPhaseOnly) {
  MbarrierCounts counts(1);
  EXPECT_EQ(counts.AddPending(), MbarrierFault::kNone);
  EXPECT_EQ(counts.Arrive(2), MbarrierFault::kNone);
  EXPECT_EQ(counts.phase(), 1u);
  EXPECT_EQ(counts.pending(), 1u);
}

TEST(MbarrierCounts, TokensTellPhaseAndPendingCount) {
  MbarrierCounts counts(5);
  EXPECT_EQ(counts.Arrive(2), MbarrierFault::kNone);
  EXPECT_TRUE(IsToken(counts.Token()));
  EXPECT_EQ(TokenPending(counts.Token()), 3u);
  EXPECT_EQ(TokenPhase(counts.Token()), 0u);
  EXPECT_EQ(counts.Arrive(3), MbarrierFault::kNone);
  EXPECT_EQ(TokenPhase(counts.Token()), 1u);
  EXPECT_FALSE(IsToken(0));
  EXPECT_FALSE(IsToken(1));
}

TEST(MbarrierCounts, WordsDifferBetweenStatesAndAddressesAndFromSmallNumbers) {
  std::set<uint64_t> words;
  size_t states = 0;
  for (uint32_t address : {0x400u, 0x408u, 0x1000400u}) {
    MbarrierCounts counts(4);
    for (int step = 0; step < 200; ++step) {
      EXPECT_TRUE(words.insert(counts.Word(address)).second);
      EXPECT_GT(counts.Word(address), uint64_t{1} << 40);
      ++states;
      EXPECT_EQ(counts.ExpectTx(16), MbarrierFault::kNone);
      EXPECT_TRUE(words.insert(counts.Word(address)).second);
      EXPECT_EQ(counts.CompleteTx(16), MbarrierFault::kNone);
      EXPECT_EQ(counts.Arrive(1), MbarrierFault::kNone);
    }
  }
  EXPECT_EQ(words.size(), 2 * states);
}

/// The rules of PTX ISA 9.7.13.15.6, by a model without any limits.
TEST(MbarrierCounts, RandomHistoriesFollowTheModel) {
  std::mt19937 random(7);
  for (int history = 0; history < 200; ++history) {
    const uint32_t expected = 1 + random() % 6;
    MbarrierCounts counts(expected);
    int64_t pending = expected;
    int64_t tx = 0;
    uint64_t phase = 0;
    for (int step = 0; step < 100; ++step) {
      const uint32_t amount = 1 + random() % 3;
      const int action = static_cast<int>(random() % 3);
      if (action == 0 && amount > pending) continue;
      if (action == 0) {
        pending -= amount;
        EXPECT_EQ(counts.Arrive(amount), MbarrierFault::kNone);
      } else if (action == 1) {
        tx += amount;
        EXPECT_EQ(counts.ExpectTx(amount), MbarrierFault::kNone);
      } else {
        tx -= amount;
        EXPECT_EQ(counts.CompleteTx(amount), MbarrierFault::kNone);
      }
      if (action != 1 && pending == 0 && tx == 0) {
        ++phase;
        pending = expected;
      }
      EXPECT_EQ(counts.phase(), phase);
      EXPECT_EQ(counts.pending(), pending);
      EXPECT_EQ(counts.tx(), tx);
    }
  }
}

}  // namespace
}  // namespace attnjit::emulator
