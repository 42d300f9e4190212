#include "runtime/builder.h"

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <mutex>

#include "cache/key.h"
#include "generator/emit.h"
#include "generator/plan_choices.h"
#include "generator/plan_json.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/StringExtras.h"
#include "runtime/engine_settings.h"
#include "runtime/kernel_info.h"
#include "runtime/not_built.h"

namespace attnjit {
namespace {

using EntryPtr = MemoryCache::EntryPtr;

void AddWarning(BuildResult& result, const std::string& text) {
  if (result.warning.find(text) != std::string::npos) return;  // Nothing, or said before.
  if (!result.warning.empty()) result.warning += "; ";
  result.warning += text;
}

/// Takes a ToolchainError out of `error`: its lines, or nullopt where it is another error.
std::optional<std::vector<std::string>> TakeToolchainError(llvm::Error& error) {
  std::optional<std::vector<std::string>> tried;
  error = llvm::handleErrors(std::move(error), [&](const ToolchainError& e) { tried = e.tried(); });
  return tried;
}

/// ATTNJIT_TUNED=0: every plan is the planner's own.
bool UsesTuningRecords() {
  const char* value = std::getenv("ATTNJIT_TUNED");
  return value == nullptr || llvm::StringRef(value) != "0";
}

/// Does not wait for a creator: who may not compile may not wait for a compiler either.
llvm::Expected<EntryPtr> FindOrElse(const MemoryCache& memory, const CacheKey& key,
                                    MemoryCache::Creator create) {
  if (EntryPtr found = memory.Find(key)) return found;
  return create();
}

/// The error's text; it stays as it is.
std::string MessageOf(llvm::Error& error) {
  std::string text;
  llvm::Error again = llvm::Error::success();
  llvm::handleAllErrors(std::move(error), [&](std::unique_ptr<llvm::ErrorInfoBase> info) {
    text = info->message();
    again = llvm::Error(std::move(info));
  });
  error = std::move(again);
  return text;
}

Origin OriginOf(Layer layer) {
  switch (layer) {
    case Layer::kDisk:
      return Origin::kDisk;
    case Layer::kReadOnly:
      return Origin::kLayer;
    case Layer::kRemote:
      return Origin::kRemote;
  }
  return Origin::kDisk;
}

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

/// Everything about a kernel that is known before it is compiled.
struct Builder::Source {
  const KernelPlan& plan;
  std::string arch;
  std::string text;
  std::vector<std::string> options;
  std::string canonical_spec;
  CacheKey key;  ///< toolchain is "" where there is no NVRTC.
  std::optional<std::vector<std::string>> no_toolchain;  ///< Where NVRTC was looked for in vain.
};

size_t KernelRequestHash::operator()(const KernelRequest& request) const {
  const Problem& p = request.spec.problem;
  return llvm::hash_combine(
      static_cast<int>(request.arch), static_cast<int>(p.element), static_cast<int>(p.element_o),
      p.head_dim_qk, p.head_dim_v, p.group, static_cast<int>(p.left), static_cast<int>(p.right),
      static_cast<int>(p.diagonal), p.packed, p.lse, static_cast<int>(request.spec.element_kv),
      request.spec.seqlen_q_multiple_of, request.spec.seqlen_kv_multiple_of,
      request.spec.seqlen_q_at_most, request.spec.ctas, request.gpu);
}

Builder::Builder(const EngineOptions& options, EngineParts parts, Monitor& monitor)
    : parts_(std::move(parts)),
      monitor_(monitor),
      jit_(options.jit.value_or(JitPolicy::kAllow)),
      layers_(CacheLayers(options)),
      record_(options.record_path) {
  if (options.disk_cache && options.cache_dir.empty()) {
    no_disk_reason_ =
        "kernels are kept in memory only: there is no home directory; set ATTNJIT_CACHE_DIR";
  } else if (options.disk_cache && options.tuned && UsesTuningRecords()) {
    tuning_.emplace(options.cache_dir);
  }
}

std::string KeyText(const CacheKey& key) { return key.request + "-" + key.toolchain; }

llvm::Expected<CacheKey> Builder::Key(const KernelRequest& request) const {
  llvm::Expected<KernelPlan> plan = PlanKernel(request.spec, request.arch);
  if (!plan) return plan.takeError();
  llvm::Expected<Source> source = Emit(request, *plan);
  if (!source) return source.takeError();
  return std::move(source->key);
}

BuiltPtr Builder::Find(const KernelRequest& request) const {
  std::shared_lock<std::shared_mutex> lock(mutex_);
  const auto found = built_.find(request);
  return found == built_.end() ? nullptr : found->second;
}

void Builder::Replace(const KernelRequest& request, BuiltPtr built) {
  std::lock_guard<std::shared_mutex> lock(mutex_);
  built_[request] = std::move(built);
}

llvm::Expected<BuiltPtr> Builder::BuildPlan(const KernelRequest& request, KernelPlan plan,
                                            JitPolicy jit) {
  const auto start = std::chrono::steady_clock::now();
  llvm::Expected<Source> source = Emit(request, plan);
  if (!source) return source.takeError();
  const auto create = [&]() -> llvm::Expected<EntryPtr> {
    auto built = std::make_shared<Built>();
    AddWarning(built->result, record_.Add(source->canonical_spec));
    llvm::Expected<EntryPtr> entry = Create(*source, jit, *built);
    if (const std::string& warning = built->result.warning; !warning.empty()) {
      monitor_.Emit({EventKind::kWarning, plan.name, KeyText(source->key), "", warning, 0});
    }
    if (!entry) return entry;
    built->result.entry = *entry;
    built->result.plan = plan;
    built->result.seconds = SecondsSince(start);
    Replace(request, std::move(built));  // Before any waiting thread goes on.
    return entry;
  };
  llvm::Expected<EntryPtr> entry = jit == JitPolicy::kNever
                                       ? FindOrElse(memory_, source->key, create)
                                       : memory_.GetOrCreate(source->key, create);
  if (!entry) return entry.takeError();
  if (BuiltPtr found = Find(request)) return found;
  // Another request gave the very same source.
  auto built = std::make_shared<Built>();
  built->result.entry = std::move(*entry);
  built->result.plan = std::move(plan);
  built->result.origin = Origin::kMemory;
  built->result.seconds = SecondsSince(start);
  Replace(request, built);
  return built;
}

std::optional<KernelPlan> Builder::TunedPlan(const KernelRequest& request,
                                             std::string& warning) const {
  if (!tuning_ || request.gpu.empty()) return std::nullopt;
  TuningLookup found =
      tuning_->Get(CanonicalJson(request.spec, request.arch), request.gpu, ATTNJIT_VERSION);
  warning = std::move(found.problem);
  if (!found.record) return std::nullopt;
  const TuningRecord& record = *found.record;
  llvm::Expected<KernelPlan> plan = PlanWithChoices(request.spec, request.arch, record.choices);
  if (!plan) {
    warning = "the tuning record for " + request.gpu +
              " is not used: " + llvm::toString(plan.takeError());
    return std::nullopt;
  }
  plan->reasons.push_back("tuned on " + record.gpu + " with " + record.problem + ": " +
                          record.choices + " instead of " + record.own_choices);
  return std::move(*plan);
}

llvm::Expected<BuiltPtr> Builder::Build(const KernelRequest& request, JitPolicy jit) {
  if (BuiltPtr found = Find(request)) return found;
  std::string warning;
  if (std::optional<KernelPlan> tuned = TunedPlan(request, warning)) {
    return BuildPlan(request, std::move(*tuned), jit);
  }
  if (request.gpu.empty()) {
    llvm::Expected<KernelPlan> plan = PlanKernel(request.spec, request.arch);
    if (!plan) return plan.takeError();
    return BuildPlan(request, std::move(*plan), jit);
  }
  // Not tuned for this GPU: the kernel that every other one gets.
  llvm::Expected<BuiltPtr> built = Build({request.spec, request.arch, ""}, jit);
  if (!built) return built;
  if (!warning.empty()) {
    auto warned = std::make_shared<Built>(**built);
    AddWarning(warned->result, warning);
    *built = std::move(warned);
  }
  Replace(request, *built);
  return built;
}

llvm::Expected<Builder::Source> Builder::Emit(const KernelRequest& request,
                                              const KernelPlan& plan) const {
  Source source = {plan,
                   GetArchInfo(request.arch).name,
                   EmitSource(plan),
                   CompileOptions(plan),
                   CanonicalJson(request.spec, request.arch),
                   {},
                   std::nullopt};
  std::string toolchain;
  llvm::Expected<std::string> digest = parts_.toolchain_digest();
  if (digest) {
    toolchain = std::move(*digest);
  } else {
    llvm::Error error = digest.takeError();
    source.no_toolchain = TakeToolchainError(error);
    if (error) return error;
  }
  source.key = MakeCacheKey(source.text, source.arch, source.options, toolchain);
  return source;
}

llvm::Expected<EntryPtr> Builder::Create(const Source& source, JitPolicy jit, Built& built) {
  BuildResult& result = built.result;
  std::call_once(no_disk_told_, [&] { AddWarning(result, no_disk_reason_); });
  const bool never = jit_ == JitPolicy::kNever || jit == JitPolicy::kNever;
  std::optional<std::vector<std::string>> no_toolchain = source.no_toolchain;
  if (!no_toolchain) {
    if (EntryPtr entry = FindInLayers(source, result)) return entry;
    monitor_.Emit({EventKind::kMiss, source.plan.name, KeyText(source.key), "", "", 0});
    if (!never) {
      llvm::Expected<EntryPtr> created = CreateInTurn(source, result);
      if (created) return created;
      llvm::Error error = created.takeError();
      no_toolchain = TakeToolchainError(error);
      if (error) return error;
    }
  }
  // An engine that never compiles has no toolchain in effect; a caller who asks once not to compile
  // waits for this engine's own.
  if (no_toolchain || jit_ == JitPolicy::kNever) {
    built.offline = true;
    if (EntryPtr entry = FindOffline(source.key, source.canonical_spec, {}, result)) return entry;
  }
  if (never) return llvm::make_error<NotBuiltError>(source.canonical_spec, source.arch);
  return llvm::make_error<ToolchainError>(std::move(*no_toolchain));
}

llvm::Expected<EntryPtr> Builder::CreateInTurn(const Source& source, BuildResult& result) {
  if (llvm::Error error = failed_.Find(source.key)) return error;
  const LayeredCache::Turn turn = layers_.AwaitTurn(source.key);
  AddWarning(result, turn.warning);
  // Another process may have had its turn since the first look.
  if (EntryPtr entry = FindInLayers(source, result)) return entry;
  if (const std::optional<CompileFailure> failure = layers_.GetFailure(source.key)) {
    const CompileError error = FromFailure(*failure);
    failed_.Add(source.key, error);
    return llvm::make_error<CompileError>(error);
  }
  llvm::Expected<EntryPtr> compiled = Compile(source, result);
  if (compiled) return compiled;
  return llvm::handleErrors(compiled.takeError(),
                            [&](std::unique_ptr<CompileError> error) -> llvm::Error {
                              failed_.Add(source.key, *error);
                              if (error->deterministic()) {
                                layers_.PutFailure(source.key, ToFailure(*error));
                              }
                              return llvm::Error(std::move(error));
                            });
}

EntryPtr Builder::FindInLayers(const Source& source, BuildResult& result) const {
  LayeredCache::Found found = layers_.Get(source.key, source.canonical_spec);
  AddWarning(result, found.warning);
  if (found.entry != nullptr) {
    result.origin = OriginOf(found.layer);
    result.path = std::move(found.path);
    monitor_.Emit(
        {EventKind::kHit, source.plan.name, KeyText(source.key), OriginName(result.origin), "", 0});
  }
  return std::move(found.entry);
}

llvm::Expected<EntryPtr> Builder::Compile(const Source& source, BuildResult& result) {
  EngineEvent event = {EventKind::kCompileBegin, source.plan.name, KeyText(source.key), "", "", 0};
  monitor_.Emit(event);
  const auto start = std::chrono::steady_clock::now();
  llvm::Expected<CompileOutput> output =
      parts_.compile(source.text, source.plan.name, source.options);
  event.kind = EventKind::kCompileEnd;
  event.seconds = SecondsSince(start);
  if (!output) {
    llvm::Error error = output.takeError();
    event.text = MessageOf(error);
    monitor_.Emit(event);
    return error;
  }
  monitor_.Emit(event);
  auto entry = std::make_shared<CacheEntry>();
  entry->key = source.key;
  entry->name = source.plan.name;
  entry->canonical_spec = source.canonical_spec;
  entry->plan = PlanJson(source.plan);
  entry->source = source.text;
  entry->compile_options = llvm::join(source.options, "\n");
  entry->ptx = std::move(output->ptx);
  entry->cubin = std::move(output->cubin);
  entry->compile_log = std::move(output->log);
  entry->arch = source.arch;
  entry->attnjit_version = ATTNJIT_VERSION;
  entry->nvrtc_version = std::move(output->nvrtc_version);
  entry->compile_seconds = output->seconds;
  entry->registers = output->figures.registers;
  entry->spill_store_bytes = output->figures.spill_store_bytes;
  entry->spill_load_bytes = output->figures.spill_load_bytes;
  entry->local_bytes = output->figures.stack_bytes;
  entry->smem_dynamic_bytes = source.plan.smem_bytes;
  entry->created_unix = std::time(nullptr);
  result.origin = Origin::kCompiled;
  LayeredCache::Stored stored = layers_.Put(*entry);
  result.path = std::move(stored.path);
  AddWarning(result, stored.warning);
  return entry;
}

EntryPtr Builder::FindOffline(const CacheKey& key, llvm::StringRef canonical,
                              const std::vector<CacheKey>& refused, BuildResult& result) const {
  LayeredCache::Found found = layers_.GetOfAnyToolchain(key.request, canonical, refused);
  AddWarning(result, found.warning);
  if (found.entry == nullptr) return nullptr;
  result.origin = OriginOf(found.layer);
  result.path = found.path;
  const char* why =
      jit_ == JitPolicy::kNever ? "compiling is not allowed here" : "NVRTC is not usable here";
  AddWarning(result, std::string(why) + "; took the entry that NVRTC " +
                         found.entry->nvrtc_version + " compiled, " + found.path);
  return std::move(found.entry);
}

BuiltPtr Builder::NextOffline(const BuildResult& current,
                              const std::vector<CacheKey>& refused) const {
  auto built = std::make_shared<Built>();
  built->offline = true;
  built->result.plan = current.plan;
  built->result.entry =
      FindOffline(current.entry->key, current.entry->canonical_spec, refused, built->result);
  return built->result.entry == nullptr ? nullptr : built;
}

}  // namespace attnjit
