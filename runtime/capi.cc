// The C interface: checks what C cannot, and hands over to the engine.
#include "llvm/ADT/SmallVector.h"
#include "runtime/capi_internal.h"
#include "runtime/kernel_info.h"
#include "runtime/launch.h"

// Layouts that programs were compiled against, and that attnjit.h states.
static_assert(sizeof(attnjit_engine_options) == 80);
static_assert(sizeof(attnjit_callbacks) == 48);
static_assert(sizeof(attnjit_event) == 56);
static_assert(sizeof(attnjit_get_options) == 24);
static_assert(sizeof(attnjit_async_options) == 16);
static_assert(sizeof(attnjit_statistics) == 80);
static_assert(sizeof(attnjit_dlpack_args) == 112);
static_assert(sizeof(attnjit_tensor) == 40);
static_assert(sizeof(attnjit_forward_args) == 320);

namespace {

using attnjit::ArchOf;
using attnjit::Guard;
using attnjit::MakeHandle;
using attnjit::ReadStruct;
using attnjit::ReportArgument;
using attnjit::ReportError;
using attnjit::TextOf;

/// "fp16", or null for a number that is no attnjit_dtype.
const char* DTypeName(attnjit_dtype dtype) {
  switch (dtype) {
    case ATTNJIT_DTYPE_NONE:
      return "none";
    case ATTNJIT_DTYPE_FP16:
      return "fp16";
    case ATTNJIT_DTYPE_BF16:
      return "bf16";
    case ATTNJIT_DTYPE_FP32:
      return "fp32";
    default:
      return nullptr;
  }
}

attnjit_dtype DTypeOf(attnjit::Element element) {
  return element == attnjit::Element::kBf16 ? ATTNJIT_DTYPE_BF16 : ATTNJIT_DTYPE_FP16;
}

llvm::Error CheckDType(const char* argument, attnjit_dtype given, attnjit_dtype wanted) {
  if (given == wanted) return llvm::Error::success();
  const char* name = DTypeName(given);
  return llvm::make_error<attnjit::LaunchError>(
      argument, name != nullptr ? name : std::to_string(given),
      std::string("must be ") + DTypeName(wanted) + ", which the kernel was built for");
}

llvm::Error CheckDTypes(const attnjit_forward_args& args, const attnjit::KernelSpec& spec) {
  const attnjit::Problem& problem = spec.problem;
  if (llvm::Error e = CheckDType("q.dtype", args.q.dtype, DTypeOf(problem.element))) return e;
  if (llvm::Error e = CheckDType("k.dtype", args.k.dtype, DTypeOf(spec.element_kv))) return e;
  if (llvm::Error e = CheckDType("v.dtype", args.v.dtype, DTypeOf(spec.element_kv))) return e;
  if (llvm::Error e = CheckDType("o.dtype", args.o.dtype, DTypeOf(problem.element_o))) return e;
  if (!problem.lse) return llvm::Error::success();
  return CheckDType("lse.dtype", args.lse.dtype, ATTNJIT_DTYPE_FP32);
}

attnjit::TensorArg ToTensorArg(const attnjit_tensor& tensor) {
  return {tensor.data, {tensor.stride_batch, tensor.stride_seq, tensor.stride_head}};
}

template <typename T>
std::optional<T> If(bool set, T value) {
  return set ? std::optional<T>(value) : std::nullopt;
}

attnjit::ForwardArgs ToForwardArgs(const attnjit_forward_args& c) {
  attnjit::ForwardArgs args;
  args.q = ToTensorArg(c.q);
  args.k = ToTensorArg(c.k);
  args.v = ToTensorArg(c.v);
  args.o = ToTensorArg(c.o);
  args.lse = ToTensorArg(c.lse);
  args.batch = c.batch;
  args.heads_q = c.heads_q;
  args.heads_kv = c.heads_kv;
  args.seqlen_q = c.seqlen_q;
  args.seqlen_kv = c.seqlen_kv;
  args.cu_seqlens_q = c.cu_seqlens_q;
  args.cu_seqlens_kv = c.cu_seqlens_kv;
  args.total_q = c.total_q;
  args.total_kv = c.total_kv;
  args.workspace = c.workspace;
  args.workspace_bytes = static_cast<int64_t>(c.workspace_bytes);
  args.softmax_scale = If((c.overrides & ATTNJIT_OVERRIDE_SOFTMAX_SCALE) != 0, c.softmax_scale);
  args.window_left = If((c.overrides & ATTNJIT_OVERRIDE_WINDOW_LEFT) != 0, c.window_left);
  args.window_right = If((c.overrides & ATTNJIT_OVERRIDE_WINDOW_RIGHT) != 0, c.window_right);
  return args;
}

/// What prepare and build are given, parsed; on failure the status to return.
struct Request {
  attnjit_status status = ATTNJIT_OK;
  attnjit::AttentionSpec spec;
};

Request ReadRequest(attnjit_engine* engine, const char* spec, size_t spec_bytes,
                    attnjit_kernel** kernel, attnjit_error** error) {
  if (kernel != nullptr) *kernel = nullptr;
  if (engine == nullptr || kernel == nullptr || (spec == nullptr && spec_bytes != 0)) {
    return {ReportArgument("engine, spec and kernel must not be null", error), {}};
  }
  llvm::Expected<attnjit::AttentionSpec> parsed =
      engine->specs.Parse(llvm::StringRef(spec, spec_bytes));
  if (!parsed) return {ReportError(parsed.takeError(), error), {}};
  return {ATTNJIT_OK, *parsed};
}

constexpr int kDefaultAsyncThreads = 2;

/// Hands events on to C.
attnjit::EventCallback ToEventCallback(const attnjit_callbacks& callbacks) {
  if (callbacks.event == nullptr && callbacks.log == nullptr) return nullptr;
  return [callbacks](const attnjit::EngineEvent& event) {
    const attnjit_event c = {sizeof(attnjit_event),
                             static_cast<attnjit_event_kind>(event.kind),
                             0,
                             event.kernel.c_str(),
                             event.key.c_str(),
                             event.origin.c_str(),
                             event.text.c_str(),
                             event.seconds};
    if (callbacks.event != nullptr) callbacks.event(callbacks.user, &c);
    if (callbacks.log == nullptr || event.text.empty()) return;
    callbacks.log(
        callbacks.user,
        event.kind == attnjit::EventKind::kWarning ? ATTNJIT_LOG_WARNING : ATTNJIT_LOG_ERROR,
        event.text.c_str());
  };
}

attnjit::EngineOptions ToEngineOptions(const attnjit_engine_options& c,
                                       const attnjit_callbacks& callbacks) {
  attnjit::EngineOptions options;
  options.cache_dir = TextOf(c.cache_dir).str();
  options.nvrtc_path = TextOf(c.nvrtc_path).str();
  options.driver_path = TextOf(c.driver_path).str();
  options.disk_cache = c.no_disk_cache == 0;
  options.on_event = ToEventCallback(callbacks);
  if (c.never_compile != 0) options.jit = attnjit::JitPolicy::kNever;
  if (c.cache_max_bytes != 0) options.cache_max_bytes = c.cache_max_bytes;
  if (c.group_shared_cache != 0) options.group_shared_cache = true;
  if (c.trust_cache_owners != 0) options.trust_cache_owners = true;
  if (c.read_only_cache_dirs != nullptr) {
    llvm::SmallVector<llvm::StringRef> dirs;
    TextOf(c.read_only_cache_dirs).split(dirs, ':', -1, /*KeepEmpty=*/false);
    options.read_only_cache_dirs.emplace(dirs.begin(), dirs.end());
  }
  return options;
}

attnjit_status Get(attnjit_engine* engine, const char* spec, size_t spec_bytes, int32_t device,
                   const attnjit::PrepareOptions& options, attnjit_kernel** kernel,
                   attnjit_error** error) {
  const Request request = ReadRequest(engine, spec, spec_bytes, kernel, error);
  if (request.status != ATTNJIT_OK) return request.status;
  const std::string_view text(spec, spec_bytes);
  std::shared_ptr<const attnjit::Kernel> found = engine->prepared.Find(text, device);
  if (found == nullptr) {
    llvm::Expected<std::shared_ptr<const attnjit::Kernel>> prepared =
        engine->engine->PrepareWith(request.spec, device, options);
    if (!prepared) return ReportError(prepared.takeError(), error);
    found = engine->prepared.Add(text, device, std::move(*prepared));
  }
  *kernel = MakeHandle(*engine, std::move(found), request.spec.layout, device).release();
  return ATTNJIT_OK;
}

}  // namespace

namespace attnjit {

std::unique_ptr<attnjit_kernel> MakeHandle(const attnjit_engine& engine,
                                           std::shared_ptr<const Kernel> kernel, Layout layout,
                                           int32_t device) {
  auto handle = std::make_unique<attnjit_kernel>();
  handle->kernel = std::move(kernel);
  handle->layout = layout;
  handle->device = device;
  handle->callbacks = engine.callbacks;
  return handle;
}

attnjit_status LaunchChecked(const attnjit_kernel& kernel, const attnjit_forward_args& args,
                             void* stream, attnjit_error** error) {
  if (llvm::Error e = CheckDTypes(args, kernel.kernel->plan().spec)) {
    return ReportError(std::move(e), error);
  }
  ForwardArgs forward = ToForwardArgs(args);
  const attnjit_callbacks& callbacks = kernel.callbacks;
  void* workspace = nullptr;
  if (forward.workspace == nullptr && callbacks.allocate != nullptr) {
    llvm::Expected<int64_t> bytes = kernel.kernel->WorkspaceBytes(forward);
    if (!bytes) return ReportError(bytes.takeError(), error);
    if (*bytes != 0) {
      workspace =
          callbacks.allocate(callbacks.user, static_cast<size_t>(*bytes), kernel.device, stream);
      forward.workspace = workspace;
      forward.workspace_bytes = workspace == nullptr ? 0 : *bytes;
    }
  }
  llvm::Error launched = kernel.kernel->Launch(forward, stream);
  if (workspace != nullptr && callbacks.release != nullptr) {
    callbacks.release(callbacks.user, workspace, kernel.device, stream);
  }
  if (launched) return ReportError(std::move(launched), error);
  return ATTNJIT_OK;
}

}  // namespace attnjit

extern "C" {

uint32_t attnjit_abi_version(void) { return ATTNJIT_ABI_VERSION; }
const char* attnjit_version(void) { return ATTNJIT_VERSION; }

attnjit_status attnjit_engine_create(const attnjit_engine_options* options, attnjit_engine** engine,
                                     attnjit_error** error) {
  return Guard(error, [&]() -> attnjit_status {
    if (engine == nullptr) return ReportArgument("engine must not be null", error);
    *engine = nullptr;
    attnjit_engine_options c = {};
    if (options != nullptr) {
      if (const char* wrong = ReadStruct(options, c)) return ReportArgument(wrong, error);
    }
    auto result = std::make_unique<attnjit_engine>();
    if (c.callbacks != nullptr) {
      if (const char* wrong = ReadStruct(c.callbacks, result->callbacks)) {
        return ReportArgument(wrong, error);
      }
    }
    llvm::Expected<std::unique_ptr<attnjit::Engine>> made =
        attnjit::Engine::Create(ToEngineOptions(c, result->callbacks));
    if (!made) return ReportError(made.takeError(), error);
    result->engine = std::move(*made);
    result->queue = std::make_unique<attnjit::AsyncQueue>(
        c.async_threads > 0 ? c.async_threads : kDefaultAsyncThreads);
    *engine = result.release();
    return ATTNJIT_OK;
  });
}

void attnjit_engine_destroy(attnjit_engine* engine) { delete engine; }

attnjit_status attnjit_prepare(attnjit_engine* engine, const char* spec, size_t spec_bytes,
                               int32_t device, attnjit_kernel** kernel, attnjit_error** error) {
  return Guard(error, [&] { return Get(engine, spec, spec_bytes, device, {}, kernel, error); });
}

attnjit_status attnjit_get(attnjit_engine* engine, const char* spec, size_t spec_bytes,
                           int32_t device, const attnjit_get_options* options,
                           attnjit_kernel** kernel, attnjit_error** error) {
  return Guard(error, [&]() -> attnjit_status {
    attnjit_get_options c = {};
    if (options != nullptr) {
      if (const char* wrong = ReadStruct(options, c)) return ReportArgument(wrong, error);
    }
    const attnjit::PrepareOptions prepare = {
        c.allow_compile != 0 ? attnjit::JitPolicy::kAllow : attnjit::JitPolicy::kNever, c.stream};
    return Get(engine, spec, spec_bytes, device, prepare, kernel, error);
  });
}

attnjit_status attnjit_engine_statistics(const attnjit_engine* engine,
                                         attnjit_statistics* statistics, attnjit_error** error) {
  return Guard(error, [&]() -> attnjit_status {
    if (engine == nullptr || statistics == nullptr ||
        statistics->struct_size < sizeof(attnjit_statistics)) {
      return ReportArgument("engine and statistics must not be null, and struct_size must be set",
                            error);
    }
    const attnjit::EngineStatistics counts = engine->engine->Statistics();
    *statistics = {statistics->struct_size,
                   engine->prepared.hits(),
                   counts.disk_hits,
                   counts.layer_hits,
                   counts.remote_hits,
                   counts.misses,
                   counts.compilations,
                   counts.failed_compilations,
                   counts.compile_nanoseconds,
                   counts.loads};
    return ATTNJIT_OK;
  });
}

attnjit_status attnjit_build(attnjit_engine* engine, const char* spec, size_t spec_bytes,
                             const char* arch, attnjit_kernel** kernel, attnjit_error** error) {
  return Guard(error, [&]() -> attnjit_status {
    const Request request = ReadRequest(engine, spec, spec_bytes, kernel, error);
    if (request.status != ATTNJIT_OK) return request.status;
    const std::optional<attnjit::Arch> target = ArchOf(arch, request.spec);
    if (!target) return ReportArgument(attnjit::kNoArch, error);
    llvm::Expected<attnjit::BuildResult> built = engine->engine->Build(request.spec, *target);
    if (!built) return ReportError(built.takeError(), error);
    auto result = std::make_unique<attnjit_kernel>();
    result->built = std::make_unique<attnjit::BuildResult>(std::move(*built));
    *kernel = result.release();
    return ATTNJIT_OK;
  });
}

void attnjit_kernel_destroy(attnjit_kernel* kernel) { delete kernel; }

const char* attnjit_kernel_name(const attnjit_kernel* kernel) {
  return kernel != nullptr ? kernel->result().entry->name.c_str() : "";
}

const char* attnjit_kernel_key(const attnjit_kernel* kernel) {
  if (kernel == nullptr) return "";
  Guard(nullptr, [&]() -> attnjit_status {
    std::call_once(kernel->key_once, [&] {
      const attnjit::CacheKey& key = kernel->result().entry->key;
      kernel->key = key.request + "-" + key.toolchain;
    });
    return ATTNJIT_OK;
  });
  return kernel->key.c_str();
}

const char* attnjit_kernel_info_json(const attnjit_kernel* kernel) {
  if (kernel == nullptr) return "";
  Guard(nullptr, [&]() -> attnjit_status {
    std::call_once(kernel->info_once,
                   [&] { kernel->info = attnjit::KernelInfoJson(kernel->result()); });
    return ATTNJIT_OK;
  });
  return kernel->info.c_str();
}

const char* attnjit_kernel_source(const attnjit_kernel* kernel) {
  return kernel != nullptr ? kernel->result().entry->source.c_str() : "";
}

const char* attnjit_kernel_ptx(const attnjit_kernel* kernel) {
  return kernel != nullptr ? kernel->result().entry->ptx.c_str() : "";
}

const char* attnjit_kernel_compile_log(const attnjit_kernel* kernel) {
  return kernel != nullptr ? kernel->result().entry->compile_log.c_str() : "";
}

const void* attnjit_kernel_cubin(const attnjit_kernel* kernel, size_t* bytes) {
  if (bytes != nullptr) *bytes = kernel != nullptr ? kernel->result().entry->cubin.size() : 0;
  return kernel != nullptr ? kernel->result().entry->cubin.data() : nullptr;
}

attnjit_status attnjit_workspace_bytes(const attnjit_kernel* kernel,
                                       const attnjit_forward_args* args, size_t* bytes,
                                       attnjit_error** error) {
  return Guard(error, [&]() -> attnjit_status {
    if (kernel == nullptr || args == nullptr || bytes == nullptr) {
      return ReportArgument("kernel, args and bytes must not be null", error);
    }
    *bytes = 0;
    if (kernel->kernel == nullptr) {
      return ReportArgument(
          "the kernel comes from attnjit_build and is on no device: attnjit_prepare it", error);
    }
    attnjit_forward_args c;
    if (const char* wrong = ReadStruct(args, c)) return ReportArgument(wrong, error);
    llvm::Expected<int64_t> needed = kernel->kernel->WorkspaceBytes(ToForwardArgs(c));
    if (!needed) return ReportError(needed.takeError(), error);
    *bytes = static_cast<size_t>(*needed);
    return ATTNJIT_OK;
  });
}

attnjit_status attnjit_launch_forward(const attnjit_kernel* kernel,
                                      const attnjit_forward_args* args, void* stream,
                                      attnjit_error** error) {
  return Guard(error, [&]() -> attnjit_status {
    if (kernel == nullptr || args == nullptr) {
      return ReportArgument("kernel and args must not be null", error);
    }
    if (kernel->kernel == nullptr) {
      return ReportArgument(
          "the kernel comes from attnjit_build and is on no device: attnjit_prepare it", error);
    }
    attnjit_forward_args c;
    if (const char* wrong = ReadStruct(args, c)) return ReportArgument(wrong, error);
    return attnjit::LaunchChecked(*kernel, c, stream, error);
  });
}

attnjit_status attnjit_error_status(const attnjit_error* error) {
  return error != nullptr ? error->status : ATTNJIT_OK;
}
const char* attnjit_error_stage(const attnjit_error* error) {
  return error != nullptr ? error->stage.c_str() : "";
}
const char* attnjit_error_message(const attnjit_error* error) {
  return error != nullptr ? error->message.c_str() : "";
}
const char* attnjit_error_details_json(const attnjit_error* error) {
  return error != nullptr ? error->details.c_str() : "";
}
const char* attnjit_error_log(const attnjit_error* error) {
  return error != nullptr ? error->log.c_str() : "";
}
void attnjit_error_destroy(attnjit_error* error) { delete error; }

}  // extern "C"
