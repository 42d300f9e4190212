#include "runtime/engine.h"

#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "generator/error.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "runtime/builder.h"
#include "runtime/engine_parts.h"
#include "runtime/engine_settings.h"
#include "runtime/launch.h"
#include "runtime/module.h"

namespace attnjit {

char NotReadyInCaptureError::ID = 0;

void NotReadyInCaptureError::log(llvm::raw_ostream& os) const {
  os << "the kernel is not loaded, and loading it is not allowed while the stream is being "
        "captured; prepare it before the capture";
}

std::error_code NotReadyInCaptureError::convertToErrorCode() const {
  return std::make_error_code(std::errc::operation_would_block);
}

namespace {

/// One kernel on one device: everything that launching needs, kept alive. Immutable.
struct LoadedKernel {
  BuiltPtr built;
  std::shared_ptr<const Device> device;
  std::shared_ptr<Module> module;
  LaunchTarget target;
};

/// A LoadedKernel with one request's run-time values.
class RequestedKernel final : public Kernel {
 public:
  RequestedKernel(std::shared_ptr<const LoadedKernel> loaded, const LaunchDefaults& defaults)
      : loaded_(std::move(loaded)), defaults_(defaults) {}
  const KernelPlan& plan() const override { return loaded_->built->result.plan; }
  const CacheEntry& entry() const override { return *loaded_->built->result.entry; }
  const BuildResult& build() const override { return loaded_->built->result; }
  llvm::Expected<int64_t> WorkspaceBytes(const ForwardArgs& args) const override {
    return ForwardWorkspaceBytes(plan(), defaults_, args);
  }
  llvm::Error Launch(const ForwardArgs& args, void* stream) const override {
    return LaunchForward(loaded_->target, defaults_, args, static_cast<cu::Stream>(stream));
  }

 private:
  const std::shared_ptr<const LoadedKernel> loaded_;
  const LaunchDefaults defaults_;
};

/// What a loaded kernel is known by: the request's arch where it names one, and the device.
struct LoadKey {
  KernelRequest request;
  bool arch_given = false;
  int device = 0;
  bool operator==(const LoadKey&) const = default;
};

struct LoadKeyHash {
  size_t operator()(const LoadKey& key) const {
    return llvm::hash_combine(KernelRequestHash()(key.request), key.arch_given, key.device);
  }
};

LoadKey MakeLoadKey(const AttentionSpec& spec, int device) {
  return {{ResolveKernelSpec(spec), spec.arch.value_or(Arch::kSm80), ""},
          spec.arch.has_value(),
          device};
}

/// On by default: it costs a query of the driver for each pointer, about 0.1 us.
bool ChecksPointers() {
  const char* value = std::getenv("ATTNJIT_CHECK_POINTERS");
  return value == nullptr || llvm::StringRef(value) != "0";
}

class EngineImpl final : public Engine {
 public:
  EngineImpl(const EngineOptions& options, EngineParts parts)
      : open_driver_(parts.open_driver),
        check_pointers_(ChecksPointers()),
        monitor_(options.on_event),
        builder_(options, std::move(parts), monitor_) {}

  llvm::Expected<BuildResult> Build(const AttentionSpec& spec, Arch arch) override;
  llvm::Expected<std::shared_ptr<const Kernel>> PrepareWith(const AttentionSpec& spec, int device,
                                                            const PrepareOptions& options) override;
  llvm::Expected<CacheKey> Key(const AttentionSpec& spec, Arch arch) override {
    return builder_.Key({ResolveKernelSpec(spec), arch});
  }
  EngineStatistics Statistics() const override { return monitor_.statistics(); }

 private:
  using LoadedPtr = std::shared_ptr<const LoadedKernel>;
  LoadedPtr FindLoaded(const LoadKey& key) const;
  llvm::Expected<LoadedPtr> Load(const AttentionSpec& spec, int ordinal, const LoadKey& key,
                                 JitPolicy jit);
  llvm::Error CheckNotCapturing(void* stream);
  llvm::Expected<LoadedPtr> LoadOn(const std::shared_ptr<const Device>& device,
                                   const KernelRequest& request, BuiltPtr built);
  llvm::Expected<std::shared_ptr<const LoadedKernel>> LoadBuilt(
      const std::shared_ptr<const Device>& device, const BuiltPtr& built);
  llvm::Error OpenDriverLocked();
  llvm::Expected<std::shared_ptr<const Device>> OpenDevice(int ordinal);

  const std::function<llvm::Expected<std::shared_ptr<const DriverTable>>()> open_driver_;
  const bool check_pointers_;
  Monitor monitor_;
  Builder builder_;

  mutable std::shared_mutex loaded_mutex_;
  std::unordered_map<LoadKey, LoadedPtr, LoadKeyHash> loaded_;

  // Held while the driver loads: one thread at a time opens devices and loads modules.
  std::mutex driver_mutex_;
  std::shared_ptr<const DriverTable> driver_;
  std::map<int, std::shared_ptr<const Device>> devices_;
  // One module for all devices that run it. Weak: the loaded kernels own it.
  std::map<const Built*, std::weak_ptr<Module>> modules_;
};

/// The arch to generate for on `device`.
llvm::Expected<Arch> ArchOn(const Device& device, const std::optional<Arch>& asked) {
  const std::optional<Arch> best = device.arch();
  const std::string where =
      llvm::formatv("device {0} ({1}, compute capability {2}.{3})", device.ordinal(), device.name(),
                    device.major(), device.minor());
  if (!asked && !best) {
    return llvm::make_error<PlanError>(
        std::vector<std::string>{"attnjit generates no kernels for " + where});
  }
  if (!asked) return *best;
  if (RunsOn(*asked, device.major(), device.minor())) return *asked;
  std::string text = std::string("arch ") + GetArchInfo(*asked).name + " does not run on " + where;
  if (best) text += std::string("; leave it out, or ask for ") + GetArchInfo(*best).name;
  return llvm::make_error<PlanError>(std::vector<std::string>{std::move(text)});
}

llvm::Expected<BuildResult> EngineImpl::Build(const AttentionSpec& spec, Arch arch) {
  const auto start = std::chrono::steady_clock::now();
  const KernelRequest request = {ResolveKernelSpec(spec), arch};
  const BuiltPtr found = builder_.Find(request);
  BuildResult result;
  if (found != nullptr) {
    result = found->result;
    result.origin = Origin::kMemory;
    result.warning.clear();  // Told when it was built.
  } else {
    llvm::Expected<BuiltPtr> built = builder_.Build(request);
    if (!built) return built.takeError();
    result = (*built)->result;
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

llvm::Expected<std::shared_ptr<const Kernel>> EngineImpl::PrepareWith(
    const AttentionSpec& spec, int device, const PrepareOptions& options) {
  const LoadKey key = MakeLoadKey(spec, device);
  LoadedPtr loaded = FindLoaded(key);
  if (loaded == nullptr) {
    if (llvm::Error error = CheckNotCapturing(options.stream)) return error;
    llvm::Expected<LoadedPtr> made = Load(spec, device, key, options.jit);
    if (!made) return made.takeError();
    loaded = std::move(*made);
  }
  return std::make_shared<RequestedKernel>(std::move(loaded), LaunchDefaultsOf(spec));
}

EngineImpl::LoadedPtr EngineImpl::FindLoaded(const LoadKey& key) const {
  std::shared_lock<std::shared_mutex> lock(loaded_mutex_);
  const auto found = loaded_.find(key);
  return found == loaded_.end() ? nullptr : found->second;
}

llvm::Expected<EngineImpl::LoadedPtr> EngineImpl::Load(const AttentionSpec& spec, int ordinal,
                                                       const LoadKey& key, JitPolicy jit) {
  llvm::Expected<std::shared_ptr<const Device>> device = OpenDevice(ordinal);
  if (!device) return device.takeError();
  llvm::Expected<Arch> arch = ArchOn(**device, spec.arch);
  if (!arch) return arch.takeError();
  const KernelRequest request = {key.request.spec, *arch, (*device)->name()};
  llvm::Expected<BuiltPtr> built = builder_.Build(request, jit);
  if (!built) return built.takeError();
  std::lock_guard<std::mutex> lock(driver_mutex_);
  if (LoadedPtr loaded = FindLoaded(key)) return loaded;  // Another thread was first.
  llvm::Expected<LoadedPtr> loaded = LoadOn(*device, request, std::move(*built));
  if (!loaded) return loaded.takeError();
  std::lock_guard<std::shared_mutex> loaded_lock(loaded_mutex_);
  loaded_.emplace(key, *loaded);
  return loaded;
}

/// Without NVRTC: goes on to older entries until the driver takes one.
llvm::Expected<EngineImpl::LoadedPtr> EngineImpl::LoadOn(
    const std::shared_ptr<const Device>& device, const KernelRequest& request, BuiltPtr built) {
  llvm::Expected<LoadedPtr> loaded = LoadBuilt(device, built);
  std::vector<CacheKey> refused;
  while (!loaded && built->offline) {
    refused.push_back(built->result.entry->key);
    BuiltPtr next = builder_.NextOffline(built->result, refused);
    if (next == nullptr) break;
    llvm::consumeError(loaded.takeError());
    built = std::move(next);
    loaded = LoadBuilt(device, built);
    if (loaded) builder_.Replace(request, built);
  }
  return loaded;
}

llvm::Expected<EngineImpl::LoadedPtr> EngineImpl::LoadBuilt(
    const std::shared_ptr<const Device>& device, const BuiltPtr& built) {
  const BuildResult& result = built->result;
  std::shared_ptr<Module> module = modules_[built.get()].lock();
  if (module == nullptr) {
    const CacheEntry& entry = *result.entry;
    llvm::Expected<std::shared_ptr<Module>> made = Module::Load(
        driver_, driver_->image_format == ImageFormat::kPtx ? entry.ptx : entry.cubin, entry.name);
    if (!made) return made.takeError();
    module = std::move(*made);
    monitor_.Emit({EventKind::kLoad, entry.name, KeyText(entry.key), "", "", 0});
    modules_[built.get()] = module;
  }
  llvm::Expected<DeviceFunction> function =
      module->FunctionOn(device, result.plan.threads, result.plan.smem_bytes);
  if (!function) return function.takeError();
  auto loaded = std::make_shared<LoadedKernel>();
  loaded->built = built;
  loaded->device = device;
  loaded->module = std::move(module);
  loaded->target = {&built->result.plan, device.get(), *function, check_pointers_};
  return loaded;
}

llvm::Error EngineImpl::OpenDriverLocked() {
  if (driver_ != nullptr) return llvm::Error::success();
  llvm::Expected<std::shared_ptr<const DriverTable>> driver = open_driver_();
  if (!driver) return driver.takeError();
  driver_ = std::move(*driver);
  return llvm::Error::success();
}

/// Asking does not disturb a capture; loading a module or opening a context would.
llvm::Error EngineImpl::CheckNotCapturing(void* stream) {
  if (stream == nullptr) return llvm::Error::success();
  std::lock_guard<std::mutex> lock(driver_mutex_);
  if (llvm::Error error = OpenDriverLocked()) return error;
  cu::StreamCaptureStatus status = cu::kCaptureNone;
  if (llvm::Error error =
          CheckDriver(*driver_, "cuStreamIsCapturing",
                      driver_->stream_is_capturing(static_cast<cu::Stream>(stream), &status))) {
    return error;
  }
  if (status == cu::kCaptureNone) return llvm::Error::success();
  return llvm::make_error<NotReadyInCaptureError>();
}

llvm::Expected<std::shared_ptr<const Device>> EngineImpl::OpenDevice(int ordinal) {
  std::lock_guard<std::mutex> lock(driver_mutex_);
  if (llvm::Error error = OpenDriverLocked()) return error;
  const auto found = devices_.find(ordinal);
  if (found != devices_.end()) return found->second;
  llvm::Expected<std::shared_ptr<const Device>> device = Device::Open(driver_, ordinal);
  if (device) devices_[ordinal] = *device;
  return device;
}

}  // namespace

EngineParts DefaultParts(const EngineOptions& options) {
  auto compiler = std::make_shared<Compiler>(CompilerOptions{options.nvrtc_path, ""});
  return {
      [path = options.driver_path] { return OpenDriver(path); },
      [compiler] { return compiler->ToolchainDigest(); },
      [compiler](llvm::StringRef source, llvm::StringRef entry,
                 llvm::ArrayRef<std::string> compile_options) {
        return compiler->Compile(source, entry, compile_options);
      },
  };
}

llvm::Expected<std::unique_ptr<Engine>> CreateEngine(const EngineOptions& options,
                                                     EngineParts parts) {
  llvm::Expected<EngineOptions> complete =
      WithEnvironment(options, [](const char* name) { return std::getenv(name); });
  if (!complete) return complete.takeError();
  return std::make_unique<EngineImpl>(*complete, std::move(parts));
}

llvm::Expected<std::unique_ptr<Engine>> Engine::Create(const EngineOptions& options) {
  return CreateEngine(options, DefaultParts(options));
}

}  // namespace attnjit
