// The facade: from a parsed request to a built, loaded, launchable kernel.
#ifndef ATTNJIT_RUNTIME_ENGINE_H_
#define ATTNJIT_RUNTIME_ENGINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/entry.h"
#include "cache/remote/http_store.h"
#include "generator/planner.h"
#include "generator/spec.h"
#include "llvm/Support/Error.h"
#include "runtime/forward_args.h"
#include "runtime/monitor.h"

namespace attnjit {

/// Whether what no cache has may be compiled.
enum class JitPolicy { kAllow, kNever };

/// Fields that are not set are taken from the environment (runtime/engine_settings.h).
struct EngineOptions {
  std::string cache_dir;   ///< "": DefaultCacheDir() of cache/disk_directory.h.
  bool disk_cache = true;  ///< False: kernels are kept in memory only; no layer is looked at.
  bool tuned = true;       ///< Prepare takes plans from the cache's tuning records for its GPU.
  std::optional<std::vector<std::string>> read_only_cache_dirs;  ///< In the order to look.
  std::optional<bool> group_shared_cache;   ///< Modes 2770 and 0660; files of the group's members.
  std::optional<bool> trust_cache_owners;   ///< Use the directories whoever owns them.
  std::optional<uint64_t> cache_max_bytes;  ///< Not set anywhere: no cap.
  std::optional<RemoteOptions> remote;      ///< Not set anywhere, or without a URL: none.
  std::optional<int64_t> creation_wait_ms;  ///< For another process that builds; else a minute.
  std::optional<JitPolicy> jit;             ///< Not set anywhere: kAllow.
  std::string record_path;                  ///< "": nothing is recorded (runtime/record.h).
  EventCallback on_event;                   ///< Or null.
  std::string nvrtc_path;   ///< "": $ATTNJIT_NVRTC, else the search of runtime/compiler.h.
  std::string driver_path;  ///< "": libcuda.so.1.
};

enum class Origin {
  kCompiled,
  kMemory,
  kDisk,   ///< The cache's directory.
  kLayer,  ///< A directory that is only read.
  kRemote,
};

/// What Build made or found.
struct BuildResult {
  std::shared_ptr<const CacheEntry> entry;
  KernelPlan plan;
  Origin origin = Origin::kCompiled;
  std::string path;     ///< The entry's file, or "" if it could not be written.
  std::string warning;  ///< E.g. a damaged entry that was rebuilt, a read-only cache; or "".
  double seconds = 0;   ///< This call.
};

/// A kernel loaded on one device. Thread safe; keeps what it needs, so it may outlive its Engine.
class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual const KernelPlan& plan() const = 0;
  virtual const CacheEntry& entry() const = 0;
  /// How it was come by: origin, path and warning of the first Prepare that made it.
  virtual const BuildResult& build() const = 0;
  /// Bytes of ForwardArgs::workspace for these sizes; pointers and strides are not looked at. 0:
  /// none is needed. Errors: LaunchError.
  virtual llvm::Expected<int64_t> WorkspaceBytes(const ForwardArgs& args) const = 0;
  /// Launches on `stream` (a CUstream, null: the default stream) of the device it was prepared for.
  /// No allocation on the device, no synchronisation; safe in stream capture. Errors: LaunchError
  /// (arguments; nothing was launched) or DriverError.
  virtual llvm::Error Launch(const ForwardArgs& args, void* stream) const = 0;
};

/// How a kernel may be come by.
struct PrepareOptions {
  JitPolicy jit = JitPolicy::kAllow;  ///< kNever: out of the cache or not at all, without waiting.
  /// Where the kernel is to be launched next, or null. If it is being captured, what is not loaded
  /// stays so: nothing that a capture forbids is done.
  void* stream = nullptr;
};

/// The kernel is not loaded, and the stream is being captured.
class NotReadyInCaptureError : public llvm::ErrorInfo<NotReadyInCaptureError> {
 public:
  static char ID;
  void log(llvm::raw_ostream& os) const override;
  std::error_code convertToErrorCode() const override;
};

/// Thread safe. Any number may live in a process.
class Engine {
 public:
  static llvm::Expected<std::unique_ptr<Engine>> Create(const EngineOptions& options);
  virtual ~Engine() = default;

  /// Spec to cached cubin, without a GPU or a driver. Errors: PlanError, CompileError,
  /// ToolchainError, NotBuiltError where compiling is not allowed.
  virtual llvm::Expected<BuildResult> Build(const AttentionSpec& spec, Arch arch) = 0;

  /// Build for the device's arch (spec.arch must be unset or runnable there) and load. A repeated
  /// request costs at most 1 us. The request's scale and window become the launch defaults.
  llvm::Expected<std::shared_ptr<const Kernel>> Prepare(const AttentionSpec& spec, int device) {
    return PrepareWith(spec, device, {});
  }
  /// Further errors: NotBuiltError, NotReadyInCaptureError.
  virtual llvm::Expected<std::shared_ptr<const Kernel>> PrepareWith(
      const AttentionSpec& spec, int device, const PrepareOptions& options) = 0;

  /// The key of a spec's kernel; its toolchain part is "" where there is no NVRTC. Compiles
  /// nothing. Errors: PlanError.
  virtual llvm::Expected<CacheKey> Key(const AttentionSpec& spec, Arch arch) = 0;

  virtual EngineStatistics Statistics() const = 0;
};

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_ENGINE_H_
