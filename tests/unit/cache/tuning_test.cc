// Tuning records on disk.
#include "cache/tuning.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/cache/cache_test_support.h"

namespace attnjit {
namespace {

TuningRecord Record(const std::string& spec = "{\"head_dim\":128}",
                    const std::string& gpu = "NVIDIA H200") {
  return {spec,
          gpu,
          "0.1.0",
          "sm90 w2 x1 n128 s2 pp",
          "sm90 w2 x1 n176 s2 pp",
          "prefill 4x4096 32/8",
          0.125,
          0.25,
          1700000000};
}

TEST(TuningRecord, ComesBackAsItWas) {
  EXPECT_EQ(Take(ParseTuningRecord(Take(SerializeTuningRecord(Record())))), Record());
}

TEST(TuningRecord, AnyChangeAnywhereIsDamage) {
  const std::string file = Take(SerializeTuningRecord(Record()));
  const auto damaged = [](const std::string& text) {
    llvm::Expected<TuningRecord> record = ParseTuningRecord(text);
    if (record) return false;
    llvm::consumeError(record.takeError());
    return true;
  };
  for (size_t i = 0; i < file.size(); ++i) {
    std::string changed = file;
    changed[i] ^= 1;
    EXPECT_TRUE(damaged(changed)) << i;
    EXPECT_TRUE(damaged(file.substr(0, i))) << i;
  }
  EXPECT_TRUE(damaged(file + " "));
}

TEST(TuningStore, AnswersForItsSpecAndGpuOnly) {
  TemporaryDirectory dir;
  const TuningStore store(dir / "cache");
  EXPECT_FALSE(store.Get("{\"head_dim\":128}", "NVIDIA H200", "0.1.0").record);
  EXPECT_EQ(FilesBelow(dir.path()).size(), 0u);  // Looking made nothing.
  Take(store.Put(Record()));
  EXPECT_EQ(store.Get("{\"head_dim\":128}", "NVIDIA H200", "0.1.0").record, Record());
  for (const auto& [spec, gpu, version] : {std::tuple{"{\"head_dim\":64}", "NVIDIA H200", "0.1.0"},
                                           {"{\"head_dim\":128}", "NVIDIA H100", "0.1.0"},
                                           {"{\"head_dim\":128}", "NVIDIA H200", "0.2.0"}}) {
    const TuningLookup found = store.Get(spec, gpu, version);
    EXPECT_FALSE(found.record) << spec << gpu << version;
    EXPECT_EQ(found.problem, "");
  }
}

TEST(TuningStore, ANewRecordReplacesTheOldOne) {
  TemporaryDirectory dir;
  const TuningStore store(dir.path());
  Take(store.Put(Record()));
  TuningRecord other = Record();
  other.choices = "sm90 w3 x1 n80 s2";
  Take(store.Put(other));
  EXPECT_EQ(store.Get(other.canonical_spec, other.gpu, "0.1.0").record, other);
  EXPECT_EQ(Take(store.List()).size(), 1u);
}

TEST(TuningStore, ARecordUnderAnothersNameIsNotUsed) {
  TemporaryDirectory dir;
  const TuningStore store(dir.path());
  const std::string mine = Take(store.Put(Record()));
  const std::string other = Take(store.Put(Record("{\"head_dim\":64}")));
  WriteFile(mine, ReadFile(other));
  const TuningLookup found = store.Get("{\"head_dim\":128}", "NVIDIA H200", "0.1.0");
  EXPECT_FALSE(found.record);
  EXPECT_NE(found.problem.find("another"), std::string::npos) << found.problem;
}

TEST(TuningStore, DamageIsReportedAndListed) {
  TemporaryDirectory dir;
  const TuningStore store(dir.path());
  const std::string path = Take(store.Put(Record()));
  WriteFile(path, ReadFile(path) + "x");
  const TuningLookup found = store.Get("{\"head_dim\":128}", "NVIDIA H200", "0.1.0");
  EXPECT_FALSE(found.record);
  EXPECT_NE(found.problem.find(path), std::string::npos) << found.problem;
  EXPECT_NE(Take(store.List()).at(0).problem, "");
}

TEST(TuningStore, FilesThatOthersMayWriteAreNotRead) {
  TemporaryDirectory dir;
  const TuningStore store(dir.path());
  const std::string path = Take(store.Put(Record()));
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  const TuningLookup found = store.Get("{\"head_dim\":128}", "NVIDIA H200", "0.1.0");
  EXPECT_FALSE(found.record);
  EXPECT_NE(found.problem, "");
}

TEST(TuningStore, ClearsRecordsAndNothingElse) {
  TemporaryDirectory dir;
  const TuningStore store(dir.path());
  const std::string path = Take(store.Put(Record()));
  const std::string note = path.substr(0, path.rfind('/')) + "/note.txt";
  WriteFile(note, "mine");
  EXPECT_EQ(Take(store.Clear()), 1);
  EXPECT_EQ(Take(store.List()).size(), 0u);
  EXPECT_EQ(ReadFile(note), "mine");
}

}  // namespace
}  // namespace attnjit
