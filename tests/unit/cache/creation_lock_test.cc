// One creator between processes, whatever becomes of it.
#include "cache/creation_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "cache/disk.h"
#include "cache/layers.h"
#include "tests/unit/cache/cache_test_support.h"

namespace attnjit {
namespace {

using std::chrono::milliseconds;

// A process that takes a lock, says so, and holds it until it is told to go on or is killed.
class Holder {
 public:
  Holder(const DiskDirectory& directory, const CacheKey& key) {
    EXPECT_EQ(::pipe(ready_), 0);
    EXPECT_EQ(::pipe(go_), 0);
    child_ = ::fork();
    if (child_ != 0) {
      char byte = 0;
      EXPECT_EQ(::read(ready_[0], &byte, 1), 1);
      return;
    }
    auto lock = CreationLock::Try(directory, key);
    const bool held = lock && lock->has_value();
    char byte = 1;
    if (!held || ::write(ready_[1], &byte, 1) != 1) ::_exit(1);
    ::close(go_[1]);
    ::_exit(::read(go_[0], &byte, 1) == 0 ? 0 : 1);
  }
  ~Holder() {
    for (int fd : {ready_[0], ready_[1], go_[0], go_[1]}) ::close(fd);
    int status = 0;
    ::waitpid(child_, &status, 0);
  }
  void Kill() {
    ::kill(child_, SIGKILL);
    siginfo_t info;
    ::waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOWAIT);
  }

 private:
  int ready_[2], go_[2];
  pid_t child_;
};

class CreationLockTest : public testing::Test {
 protected:
  bool Available(const CacheKey& key) {
    return Take(CreationLock::Try(directory, key)).has_value();
  }

  TemporaryDirectory dir;
  DiskDirectory directory{dir / "cache", {}};
  CacheEntry entry = MakeEntry();
};

TEST_F(CreationLockTest, ExcludesOthersForAsLongAsItIsHeld) {
  {
    const auto lock = Take(CreationLock::Try(directory, entry.key));
    ASSERT_TRUE(lock.has_value());
    EXPECT_FALSE(Available(entry.key)) << "in this process,";
    EXPECT_NE(InChild([&] { return Available(entry.key); }), 0) << "and in another.";
    EXPECT_TRUE(Available(MakeEntry(1).key)) << "Other kernels are free,";
    EXPECT_TRUE(Available(WithToolchain(entry, "other").key)) << "and other toolchains.";
  }
  EXPECT_TRUE(Available(entry.key));
}

TEST_F(CreationLockTest, AKilledHolderStopsNobody) {
  Holder holder(directory, entry.key);
  EXPECT_FALSE(Available(entry.key));
  EXPECT_EQ(Take(FindHeldLocks(directory)).size(), 1u);
  holder.Kill();
  EXPECT_TRUE(Available(entry.key));
  EXPECT_TRUE(Take(FindHeldLocks(directory)).empty());
}

TEST_F(CreationLockTest, TheWaitForAHolderThatNeverEndsIsBounded) {
  Holder holder(directory, entry.key);
  EXPECT_FALSE(Take(CreationLock::Acquire(directory, entry.key, milliseconds(20))).has_value());
  LayersOptions options;
  options.dir = dir / "cache";
  options.creation_wait = milliseconds(20);
  const LayeredCache::Turn turn = LayeredCache(options).AwaitTurn(entry.key);
  EXPECT_FALSE(turn.lock.has_value());
  EXPECT_NE(turn.warning.find("it is built here, too"), std::string::npos) << turn.warning;
}

TEST_F(CreationLockTest, AForkedChildDoesNotKeepTheLockOfItsParent) {
  int pipe_fds[2];
  ASSERT_EQ(::pipe(pipe_fds), 0);
  pid_t child = -1;
  {
    const auto lock = Take(CreationLock::Try(directory, entry.key));
    child = ::fork();
    if (child == 0) {
      ::close(pipe_fds[1]);
      char byte;
      ::_exit(::read(pipe_fds[0], &byte, 1) == 0 ? 0 : 1);
    }
  }
  EXPECT_TRUE(Available(entry.key));
  ::close(pipe_fds[1]);
  ::close(pipe_fds[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
}

TEST_F(CreationLockTest, LockFilesStayAndAreFew) {
  const DiskCache cache(dir / "cache");
  for (int seed = 0; seed < 400; ++seed) EXPECT_TRUE(Available(MakeEntry(seed).key));
  const size_t files = FilesBelow(cache.Path()).size();
  EXPECT_LE(files, 1u + 2 * 256);
  Take(cache.Clear());
  Take(cache.Prune({}, std::time(nullptr)));
  EXPECT_EQ(FilesBelow(cache.Path()).size(), files);
}

}  // namespace
}  // namespace attnjit
