// The cache's directory: whose it is, where it lies, what is in it, and who holds its locks.
#include <sys/statfs.h>

#include <algorithm>
#include <ctime>

#include "cache/creation_lock.h"
#include "cache/disk.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "tools/attnjit/doctor.h"
#include "tools/attnjit/engine_options.h"

namespace attnjit {
namespace {

// statfs(2) and linux/magic.h.
constexpr uint32_t kTmpfs = 0x01021994;
struct NetworkKind {
  uint32_t magic;
  const char* name;
};
constexpr NetworkKind kNetworkKinds[] = {
    {0x6969, "NFS"},        {0x517b, "SMB"},      {0xfe534d42, "SMB2"}, {0xff534d42, "CIFS"},
    {0x0bd00bd0, "Lustre"}, {0x00c36400, "Ceph"}, {0x01021997, "9P"},   {0x47504653, "GPFS"},
    {0x19830326, "BeeGFS"}, {0x5346414f, "AFS"},
};

// Less than this of a disk, and less than this many bytes, is nearly full.
constexpr double kFullShare = 0.02;
constexpr uint64_t kEnoughBytes = uint64_t{1} << 30;

// A lock held longer than others wait for it.
constexpr int64_t kStaleSeconds = 60;

/// The directory itself, or the nearest one above it that exists.
std::string NearestExisting(llvm::StringRef path) {
  while (!path.empty() && !llvm::sys::fs::exists(path)) {
    path = llvm::sys::path::parent_path(path);
  }
  return path.empty() ? "." : path.str();
}

void ExamineLocks(const DiskCache& cache, Findings& findings) {
  llvm::Expected<std::vector<HeldLock>> held = FindHeldLocks(cache.Directory());
  if (!held) return llvm::consumeError(held.takeError());  // Told of by Stats.
  for (const HeldLock& lock : *held) {
    const int64_t age = std::time(nullptr) - lock.since_unix;
    if (age < kStaleSeconds) continue;
    findings.push_back(
        {"cache", FindingState::kNote,
         llvm::formatv("a process has held a lock of {0} for {1} s: it is stopped, or hangs",
                       lock.path, age),
         llvm::formatv("nobody waits for it longer than {0} s; `fuser {1}` names it, end it",
                       kStaleSeconds, lock.path)});
  }
}

void ExamineEntries(const DiskCache& cache, int driver_version, Findings& findings) {
  llvm::Expected<std::vector<DiskItem>> items = cache.List();
  if (!items) return llvm::consumeError(items.takeError());  // Told of by Stats.
  int64_t damaged = 0, too_new = 0;
  for (const DiskItem& item : *items) {
    int major = 0;
    llvm::StringRef version = item.info.nvrtc_version;
    version.consumeInteger(10, major);
    if (!item.problem.empty()) ++damaged;
    if (driver_version != 0 && major > driver_version / 1000) ++too_new;
  }
  if (damaged != 0) {
    findings.push_back({"cache", FindingState::kNote,
                        llvm::formatv("{0} entries are damaged", damaged),
                        "attnjit cache verify names them; they are rebuilt when next asked for"});
  }
  if (too_new != 0) {
    findings.push_back(
        {"cache", FindingState::kNote,
         llvm::formatv("{0} kernels were compiled by an NVRTC newer than the driver, "
                       "which may not load them",
                       too_new),
         "update the driver, or build them again with an NVRTC of its version"});
  }
}

}  // namespace

std::optional<FileSystemFacts> ExamineFileSystem(const std::string& dir) {
  struct statfs info;
  if (::statfs(dir.c_str(), &info) != 0) return std::nullopt;
  FileSystemFacts facts;
  const auto magic = static_cast<uint32_t>(info.f_type);
  facts.tmpfs = magic == kTmpfs;
  for (const NetworkKind& kind : kNetworkKinds) {
    if (kind.magic == magic) facts.network = kind.name;
  }
  const auto block = static_cast<uint64_t>(info.f_bsize);
  facts.free_bytes = info.f_bavail * block;
  facts.total_bytes = info.f_blocks * block;
  return facts;
}

void JudgeFileSystem(const FileSystemFacts& facts, llvm::StringRef dir, Findings& findings) {
  if (!facts.network.empty()) {
    findings.push_back(
        {"cache", FindingState::kNote,
         llvm::formatv("{0} is on a network file system ({1}): locks may be missing, and every "
                       "process reads over the network",
                       dir, facts.network),
         "name a directory of this machine with ATTNJIT_CACHE_DIR, and share by a remote "
         "(ATTNJIT_CACHE_REMOTE) or bundles"});
  }
  if (facts.tmpfs) {
    findings.push_back({"cache", FindingState::kNote,
                        llvm::formatv("{0} is on a tmpfs: it takes memory, and is empty after the "
                                      "next start",
                                      dir),
                        "name a directory on a disk with ATTNJIT_CACHE_DIR"});
  }
  const double share = static_cast<double>(facts.free_bytes) /
                       static_cast<double>(std::max<uint64_t>(1, facts.total_bytes));
  if (facts.total_bytes != 0 && share < kFullShare && facts.free_bytes < kEnoughBytes) {
    findings.push_back(
        {"cache", FindingState::kNote,
         llvm::formatv("{0} is nearly full: {1} MiB are left", dir, facts.free_bytes >> 20),
         "free space, or attnjit cache prune --max-bytes 500M"});
  }
}

void ExamineCache(const std::string& cache_dir, int driver_version, Findings& findings) {
  llvm::Expected<std::string> dir = ResolveCacheDir(cache_dir);
  if (!dir) {
    findings.push_back({"cache", FindingState::kWrong, llvm::toString(dir.takeError()), ""});
    return;
  }
  llvm::Expected<DiskOptions> options = ResolveDiskOptions();
  if (!options) {
    findings.push_back({"cache", FindingState::kWrong, llvm::toString(options.takeError()),
                        "correct the variable, or unset it"});
    return;
  }
  const DiskCache cache(*dir, *options);
  llvm::Expected<DiskStats> stats = cache.Stats();
  if (!stats) {
    findings.push_back({"cache", FindingState::kWrong, llvm::toString(stats.takeError()),
                        "kernels are compiled again in each process until that is put right"});
    return;
  }
  const std::string existing = NearestExisting(*dir);
  std::string text = llvm::formatv("{0}: {1} entries, {2} bytes", *dir, stats->entries,
                                   stats->bytes + stats->temporary_bytes);
  if (existing != *dir) text = *dir + ": not made yet";
  if (!llvm::sys::fs::can_write(existing)) {
    findings.push_back({"cache", FindingState::kWrong,
                        text + "; " + existing + " cannot be written to",
                        "make it writable, or name another place with ATTNJIT_CACHE_DIR"});
    return;
  }
  findings.push_back({"cache", FindingState::kOk, text, ""});
  if (const std::optional<FileSystemFacts> facts = ExamineFileSystem(existing)) {
    JudgeFileSystem(*facts, *dir, findings);
  }
  ExamineEntries(cache, driver_version, findings);
  ExamineLocks(cache, findings);
}

}  // namespace attnjit
