#include "cache/counters.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

#include "cache/record_lock.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

namespace attnjit {

namespace {

constexpr char kName[] = "counters";
constexpr llvm::StringLiteral kMagic = "attnjit-counters 1";
// One write of a fixed length: a reader without the lock sees the old line or the new.
constexpr size_t kLineBytes = kMagic.size() + 4 * 21 + 1;
constexpr int kLockTries = 8;
constexpr std::chrono::microseconds kPause{500};

constexpr std::array<uint64_t CacheCounters::*, 4> kFields = {
    &CacheCounters::hits, &CacheCounters::misses, &CacheCounters::compile_ms,
    &CacheCounters::saved_compile_ms};

std::string Line(const CacheCounters& counters) {
  std::string line;
  llvm::raw_string_ostream os(line);
  os << kMagic;
  for (auto field : kFields) os << llvm::format(" %020llu", (unsigned long long)(counters.*field));
  os << '\n';
  return os.str();
}

CacheCounters Parse(llvm::StringRef line) {
  CacheCounters counters;
  if (line.size() != kLineBytes || !line.consume_front(kMagic)) return {};
  llvm::SmallVector<llvm::StringRef, 4> words;
  line.trim().split(words, ' ');
  if (words.size() != kFields.size()) return {};
  for (size_t i = 0; i < kFields.size(); ++i) {
    if (words[i].getAsInteger(10, counters.*kFields[i])) return {};
  }
  return counters;
}

std::string ReadLine(int fd) {
  std::string line(kLineBytes, '\0');
  const ssize_t n = ::pread(fd, line.data(), line.size(), 0);
  line.resize(n < 0 ? 0 : static_cast<size_t>(n));
  return line;
}

bool Lock(int fd) {
  for (int i = 0; i < kLockTries; ++i) {
    const int error = TryLockRecord(fd, 0, 1);
    if (error == 0) return true;
    if (error != EAGAIN) return false;
    std::this_thread::sleep_for(kPause);
  }
  return false;
}

}  // namespace

void AddCounters(const DiskDirectory& directory, const CacheCounters& more) {
  llvm::Expected<UniqueFd> version = directory.OpenVersion(OnMissing::kFail);
  if (!version || !*version) return llvm::consumeError(version.takeError());
  llvm::Expected<UniqueFd> file = OpenRecordFile(
      version->get(), kName, directory.VersionPath() + "/" + kName, directory.Rules());
  if (!file) return llvm::consumeError(file.takeError());
  if (!Lock(file->get())) return;
  CacheCounters counters = Parse(ReadLine(file->get()));
  for (auto field : kFields) counters.*field += more.*field;
  const std::string line = Line(counters);
  // A short write (a full disk) leaves a line that does not parse: the counts begin anew.
  if (::pwrite(file->get(), line.data(), line.size(), 0) < 0) errno = 0;
  UnlockRecord(file->get(), 0, 1);
}

llvm::Expected<CacheCounters> ReadCounters(const DiskDirectory& directory) {
  llvm::Expected<UniqueFd> version = directory.OpenVersion(OnMissing::kFail);
  if (!version) return version.takeError();
  if (!*version) return CacheCounters();
  auto file = ReadPrivateFile(version->get(), kName, directory.VersionPath() + "/" + kName,
                              kLineBytes, kLineBytes, directory.Rules());
  if (!file) return file.takeError();
  return *file ? Parse((*file)->bytes) : CacheCounters();
}

}  // namespace attnjit
