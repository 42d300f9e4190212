// KernelSpec -> cubin: plan, emit, key, memory, disk, compile. Needs no driver.
#ifndef ATTNJIT_RUNTIME_BUILDER_H_
#define ATTNJIT_RUNTIME_BUILDER_H_

#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "cache/layers.h"
#include "cache/memory.h"
#include "cache/tuning.h"
#include "llvm/Support/Error.h"
#include "runtime/engine_parts.h"
#include "runtime/failed_builds.h"
#include "runtime/record.h"

namespace attnjit {

/// What one kernel is known by inside a process.
struct KernelRequest {
  KernelSpec spec;
  Arch arch = Arch::kSm80;
  /// The GPU whose tuning record decides the plan, as the driver names it; "": the planner decides.
  std::string gpu = {};
  bool operator==(const KernelRequest&) const = default;
};

struct KernelRequestHash {
  size_t operator()(const KernelRequest& request) const;
};

struct Built {
  BuildResult result;
  /// No NVRTC: an entry of the right source that another toolchain compiled. Its driver may refuse
  /// it, and then Builder::NextOffline knows the next one.
  bool offline = false;
};
/// "<request>-<toolchain>"
std::string KeyText(const CacheKey& key);

using BuiltPtr = std::shared_ptr<const Built>;

/// Thread safe. One kernel is compiled once however many threads, and processes that share the
/// cache's directory, ask for it at a time.
class Builder {
 public:
  /// `options` are complete (WithEnvironment).
  /// `monitor` outlives it.
  Builder(const EngineOptions& options, EngineParts parts, Monitor& monitor);

  /// `jit` may forbid what the engine allows. Errors: PlanError, CompileError, ToolchainError,
  /// NotBuiltError. Trouble with the cache is a warning.
  llvm::Expected<BuiltPtr> Build(const KernelRequest& request, JitPolicy jit = JitPolicy::kAllow);

  /// Plans and emits, no more. Errors: PlanError.
  llvm::Expected<CacheKey> Key(const KernelRequest& request) const;

  /// The kernel if this process has it; null if not. Does no work.
  BuiltPtr Find(const KernelRequest& request) const;

  /// The newest disk entry of this source that is not in `refused` (keys), for want of NVRTC.
  /// Null: there is none.
  BuiltPtr NextOffline(const BuildResult& current, const std::vector<CacheKey>& refused) const;

  /// From now on the one for this request.
  void Replace(const KernelRequest& request, BuiltPtr built);

 private:
  struct Source;
  /// The plan that was measured to be the fastest on the request's GPU; nullopt: none was, or it is
  /// not usable, and then `warning` says why.
  std::optional<KernelPlan> TunedPlan(const KernelRequest& request, std::string& warning) const;
  llvm::Expected<BuiltPtr> BuildPlan(const KernelRequest& request, KernelPlan plan, JitPolicy jit);
  llvm::Expected<Source> Emit(const KernelRequest& request, const KernelPlan& plan) const;
  llvm::Expected<MemoryCache::EntryPtr> Create(const Source& source, JitPolicy jit, Built& built);
  llvm::Expected<MemoryCache::EntryPtr> CreateInTurn(const Source& source, BuildResult& result);
  llvm::Expected<MemoryCache::EntryPtr> Compile(const Source& source, BuildResult& result);
  MemoryCache::EntryPtr FindInLayers(const Source& source, BuildResult& result) const;
  MemoryCache::EntryPtr FindOffline(const CacheKey& key, llvm::StringRef canonical,
                                    const std::vector<CacheKey>& refused,
                                    BuildResult& result) const;

  const EngineParts parts_;
  Monitor& monitor_;
  const JitPolicy jit_;
  const LayeredCache layers_;
  std::optional<TuningStore> tuning_;
  std::string no_disk_reason_;  ///< A warning, where the caller wanted a disk cache.
  std::once_flag no_disk_told_;
  RequestRecord record_;
  FailedBuilds failed_;
  MemoryCache memory_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<KernelRequest, BuiltPtr, KernelRequestHash> built_;
};

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_BUILDER_H_
