// Async-groups of one warp: what each lane waits for.
#include "runtime/emulator/async/copy_groups.h"

#include <vector>

#include "gtest/gtest.h"

namespace attnjit::emulator {
namespace {

TEST(CopyGroups, WaitsForAllButTheNewestGroups) {
  CopyGroups groups;
  for (uint64_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(groups.Issue(1), i);
    groups.Commit(1);
  }
  EXPECT_EQ(groups.Target(0, 0), 3u);
  EXPECT_EQ(groups.Target(0, 1), 2u);
  EXPECT_EQ(groups.Target(0, 3), 0u);
  groups.EndWrites(2);
  EXPECT_TRUE(groups.Done(groups.Target(0, 1), false));
  EXPECT_FALSE(groups.Done(groups.Target(0, 0), false));
}

TEST(CopyGroups, UncommittedOperationsAreNotWaitedFor) {
  CopyGroups groups;
  groups.Issue(1);
  EXPECT_EQ(groups.Target(0, 0), 0u);
  groups.Commit(1);
  groups.Issue(1);
  EXPECT_EQ(groups.Target(0, 0), 1u);
}

TEST(CopyGroups, EmptyGroupsCountAsGroups) {
  CopyGroups groups;
  groups.Issue(1);
  groups.Commit(1);
  groups.Commit(1);
  EXPECT_EQ(groups.Target(0, 1), 1u);
}

TEST(CopyGroups, LanesHaveGroupsOfTheirOwn) {
  CopyGroups groups;
  groups.Issue(0b01);
  groups.Issue(0b10);
  groups.Commit(0b11);
  EXPECT_EQ(groups.Target(0, 0), 1u);
  EXPECT_EQ(groups.Target(1, 0), 2u);
  EXPECT_EQ(groups.Target(2, 0), 0u);
}

TEST(CopyGroups, ReadsMayBeDoneBeforeWrites) {
  CopyGroups groups;
  groups.Issue(1);
  groups.Commit(1);
  groups.EndReads(1);
  EXPECT_TRUE(groups.Done(1, true));
  EXPECT_FALSE(groups.Done(1, false));
}

TEST(CopyGroups, EachHalfIsAcquiredOnce) {
  CopyGroups groups;
  groups.Name(groups.Issue(1), 1, 11, 12);
  groups.Name(groups.Issue(1), 1, 21, 22);
  std::array<uint64_t, 32> targets = {2};
  std::vector<OpId> acquired;
  const auto note = [&](uint32_t, OpId op) { acquired.push_back(op); };
  groups.Acquire(1, targets, true, note);
  EXPECT_EQ(acquired, (std::vector<OpId>{11, 21}));
  acquired.clear();
  targets[0] = 1;
  groups.Acquire(1, targets, false, note);
  EXPECT_EQ(acquired, (std::vector<OpId>{12}));
  acquired.clear();
  targets[0] = 2;
  groups.Acquire(1, targets, false, note);
  groups.Acquire(1, targets, false, note);
  EXPECT_EQ(acquired, (std::vector<OpId>{22}));
}

}  // namespace
}  // namespace attnjit::emulator
