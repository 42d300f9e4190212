#include "cache/layers.h"

#include <cmath>
#include <ctime>

#include "cache/error.h"
#include "llvm/ADT/STLExtras.h"

namespace attnjit {

namespace {

// Pruning goes below the cap by this share of it, so that not every new entry prunes.
constexpr double kCapSlack = 0.1;

void Append(std::string& warning, const std::string& text) {
  if (text.empty()) return;
  if (!warning.empty()) warning += "; ";
  warning += text;
}

uint64_t Milliseconds(double seconds) {
  return static_cast<uint64_t>(std::llround(std::max(0.0, seconds) * 1e3));
}

}  // namespace

LayeredCache::LayeredCache(const LayersOptions& options)
    : remote_(options.remote),
      max_bytes_(options.max_bytes),
      creation_wait_(options.creation_wait) {
  if (!options.dir.empty()) disk_.emplace(options.dir, options.disk);
  DiskOptions read_only;
  read_only.read_only = true;
  read_only.access = options.disk.access;
  read_only.access.root_owned = true;
  for (const std::string& dir : options.read_only_dirs) read_only_.emplace_back(dir, read_only);
}

std::string LayeredCache::TellOnce(const std::string& cause, const std::string& text) const {
  std::lock_guard<std::mutex> lock(mutex_);
  return told_.insert(cause).second ? text : "";
}

// What the system refuses is one cause for all keys; damage is each file's own.
std::string LayeredCache::TellOnce(const Lookup& lookup, const std::string& place) const {
  if (lookup.problem.empty()) return "";
  if (lookup.system_error == 0) return TellOnce(lookup.problem, lookup.problem);
  return TellOnce(place + " errno " + std::to_string(lookup.system_error), lookup.problem);
}

std::string LayeredCache::TellOnce(llvm::Error error, const std::string& place) const {
  Lookup lookup;
  llvm::handleAllErrors(std::move(error), [&](const CacheError& e) {
    lookup.problem = e.message();
    lookup.system_error = e.system_error();
  });
  return TellOnce(lookup, place);
}

void LayeredCache::Count(const CacheCounters& more) const {
  if (disk_) AddCounters(disk_->Directory(), more);
}

LayeredCache::Found LayeredCache::Get(const CacheKey& key, llvm::StringRef canonical_spec) const {
  Found found;
  const auto look = [&](const DiskCache& cache, Layer layer) {
    Lookup lookup = cache.Get(key, canonical_spec);
    Append(found.warning, TellOnce(lookup, cache.Path()));
    if (lookup.entry == nullptr) return false;
    found.entry = std::move(lookup.entry);
    found.layer = layer;
    found.path = cache.EntryPath(key);
    return true;
  };
  bool hit = disk_ && look(*disk_, Layer::kDisk);
  for (size_t i = 0; !hit && i < read_only_.size(); ++i) {
    hit = look(read_only_[i], Layer::kReadOnly);
  }
  hit = hit || GetFromRemote(key, canonical_spec, found);
  if (hit) {
    Count({.hits = 1, .saved_compile_ms = Milliseconds(found.entry->compile_seconds)});
  }
  return found;
}

bool LayeredCache::GetFromRemote(const CacheKey& key, llvm::StringRef canonical_spec,
                                 Found& found) const {
  if (remote_ == nullptr) return false;
  Lookup lookup = remote_->Get(key, canonical_spec);
  if (!lookup.problem.empty()) {
    Append(found.warning, TellOnce("remote " + lookup.problem, lookup.problem));
  }
  if (lookup.entry == nullptr) return false;
  found.entry = std::move(lookup.entry);
  found.layer = Layer::kRemote;
  Stored kept = Keep(*found.entry);
  found.path = kept.path.empty() ? remote_->ObjectUrl(key) : kept.path;
  Append(found.warning, kept.warning);
  return true;
}

LayeredCache::Found LayeredCache::GetOfAnyToolchain(llvm::StringRef request,
                                                    llvm::StringRef canonical_spec,
                                                    llvm::ArrayRef<CacheKey> refused) const {
  Found found;
  const auto look = [&](const DiskCache& cache, Layer layer) {
    llvm::Expected<std::vector<DiskItem>> items = cache.FindByRequest(request);
    if (!items) {
      Append(found.warning, TellOnce(items.takeError(), cache.Path()));
      return false;
    }
    for (const DiskItem& item : *items) {
      if (llvm::is_contained(refused, item.key)) continue;
      Lookup lookup = cache.Get(item.key, canonical_spec);
      Append(found.warning, TellOnce(lookup, cache.Path()));
      if (lookup.entry == nullptr) continue;
      found.entry = std::move(lookup.entry);
      found.layer = layer;
      found.path = item.path;
      return true;
    }
    return false;
  };
  if (disk_ && look(*disk_, Layer::kDisk)) return found;
  for (const DiskCache& cache : read_only_) {
    if (look(cache, Layer::kReadOnly)) return found;
  }
  return found;
}

LayeredCache::Turn LayeredCache::AwaitTurn(const CacheKey& key) const {
  Turn turn;
  if (!disk_) return turn;
  auto lock = CreationLock::Acquire(disk_->Directory(), key, creation_wait_);
  if (!lock) {
    turn.warning = TellOnce(lock.takeError(), disk_->Path());
  } else if (*lock) {
    turn.lock.emplace(std::move(**lock));
  } else {
    turn.warning = "another process has been building this kernel for " +
                   std::to_string(creation_wait_.count()) + " ms; it is built here, too";
  }
  return turn;
}

LayeredCache::Stored LayeredCache::Put(const CacheEntry& entry) const {
  Stored stored = Keep(entry);
  if (remote_ != nullptr && remote_->options().write) {
    llvm::Expected<std::string> url = remote_->Put(entry);
    if (!url) {
      const std::string problem = llvm::toString(url.takeError());
      Append(stored.warning, TellOnce("remote " + problem, problem));
    } else if (stored.path.empty()) {
      stored.path = std::move(*url);
    }
  }
  Count({.misses = 1, .compile_ms = Milliseconds(entry.compile_seconds)});
  return stored;
}

LayeredCache::Stored LayeredCache::Keep(const CacheEntry& entry) const {
  Stored stored;
  if (!disk_) return stored;
  if (llvm::Expected<std::string> bytes = SerializeEntry(entry)) {
    if (llvm::Expected<std::string> path = disk_->PutBytes(entry.key, *bytes)) {
      stored.path = std::move(*path);
      stored.warning = KeepBelowCap(bytes->size());
    } else {
      stored.warning = TellOnce(path.takeError(), disk_->Path());
    }
  } else {
    stored.warning = TellOnce(bytes.takeError(), disk_->Path());
  }
  if (stored.path.empty() && !stored.warning.empty()) {
    stored.warning = "the kernel was not cached: " + stored.warning;
  }
  return stored;
}

// The directory's size is looked at once, and again whenever the cap seems to be passed: other
// processes write and prune, too.
std::string LayeredCache::KeepBelowCap(uint64_t added_bytes) const {
  if (!max_bytes_) return "";
  std::lock_guard<std::mutex> lock(mutex_);
  if (disk_bytes_) {
    *disk_bytes_ += added_bytes;
    if (*disk_bytes_ <= *max_bytes_) return "";
  }
  PruneLimits limits;
  llvm::Expected<PruneResult> looked = disk_->Prune(limits, std::time(nullptr));
  if (looked && looked->kept.bytes > *max_bytes_) {
    limits.max_bytes = static_cast<uint64_t>((1 - kCapSlack) * static_cast<double>(*max_bytes_));
    looked = disk_->Prune(limits, std::time(nullptr));
  }
  if (!looked) return llvm::toString(looked.takeError());
  disk_bytes_ = looked->kept.bytes;
  return "";
}

std::optional<CompileFailure> LayeredCache::GetFailure(const CacheKey& key) const {
  return disk_ ? disk_->GetFailure(key, std::time(nullptr)) : std::nullopt;
}

void LayeredCache::PutFailure(const CacheKey& key, const CompileFailure& failure) const {
  // What cannot be remembered is tried again.
  if (disk_) llvm::consumeError(disk_->PutFailure(key, failure));
}

}  // namespace attnjit
