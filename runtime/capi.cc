// The C interface: checks what C cannot, and hands over to the engine.
#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "attnjit/attnjit.h"
#include "runtime/capi_error.h"
#include "runtime/engine.h"
#include "runtime/kernel_info.h"
#include "runtime/launch.h"
#include "runtime/spec_cache.h"

// Layouts that programs were compiled against, and that attnjit.h states.
static_assert(sizeof(attnjit_engine_options) == 40);
static_assert(sizeof(attnjit_tensor) == 40);
static_assert(sizeof(attnjit_forward_args) == 320);

struct attnjit_engine {
  std::unique_ptr<attnjit::Engine> engine;
  attnjit::SpecCache specs;
};

struct attnjit_kernel {
  std::shared_ptr<const attnjit::Kernel> kernel;      ///< Null: built, not prepared for a device.
  std::unique_ptr<const attnjit::BuildResult> built;  ///< Where kernel is null.

  const attnjit::BuildResult& result() const { return kernel ? kernel->build() : *built; }

  // Made when first asked for: preparing again has to be fast.
  mutable std::once_flag key_once, info_once;
  mutable std::string key, info;
};

namespace {

using attnjit::ReportArgument;
using attnjit::ReportError;
using attnjit::ReportException;

/// Runs `body`, whose exceptions become errors; *error is null on success.
template <typename Body>
attnjit_status Guard(attnjit_error** error, Body body) noexcept {
  if (error != nullptr) *error = nullptr;
  try {
    return body();
  } catch (...) {
    return ReportException(error);
  }
}

constexpr char kBadStructSize[] =
    "struct_size must be sizeof of the struct, as attnjit.h has it; it is smaller than version 1's";
constexpr char kNewerStruct[] =
    "a field after the ones this library knows is set: the program was compiled for a newer "
    "attnjit; install that version";

// Sizes of the structs in the first version of the interface.
constexpr size_t FirstSize(const attnjit_engine_options*) { return 40; }
constexpr size_t FirstSize(const attnjit_forward_args*) { return 304; }

/// A caller's struct as this library knows it. One of an older version is shorter and has zeros
/// behind its end; one of a newer is longer, and its further fields must be zero. Returns what is
/// wrong, or null.
template <typename T>
const char* ReadStruct(const T* from, T& to) {
  const size_t size = from->struct_size;
  if (size < FirstSize(from)) return kBadStructSize;
  const char* bytes = reinterpret_cast<const char*>(from);
  const char* known_end = bytes + std::min(size, sizeof(T));
  if (!std::all_of(known_end, bytes + size, [](char c) { return c == 0; })) return kNewerStruct;
  to = {};
  std::memcpy(static_cast<void*>(&to), bytes, known_end - bytes);
  return nullptr;
}

std::string TextOrEmpty(const char* text) { return text != nullptr ? text : ""; }

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

}  // namespace

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
    attnjit::EngineOptions engine_options;
    engine_options.cache_dir = TextOrEmpty(c.cache_dir);
    engine_options.nvrtc_path = TextOrEmpty(c.nvrtc_path);
    engine_options.driver_path = TextOrEmpty(c.driver_path);
    engine_options.disk_cache = c.no_disk_cache == 0;
    llvm::Expected<std::unique_ptr<attnjit::Engine>> made = attnjit::Engine::Create(engine_options);
    if (!made) return ReportError(made.takeError(), error);
    auto result = std::make_unique<attnjit_engine>();
    result->engine = std::move(*made);
    *engine = result.release();
    return ATTNJIT_OK;
  });
}

void attnjit_engine_destroy(attnjit_engine* engine) { delete engine; }

attnjit_status attnjit_prepare(attnjit_engine* engine, const char* spec, size_t spec_bytes,
                               int32_t device, attnjit_kernel** kernel, attnjit_error** error) {
  return Guard(error, [&]() -> attnjit_status {
    const Request request = ReadRequest(engine, spec, spec_bytes, kernel, error);
    if (request.status != ATTNJIT_OK) return request.status;
    llvm::Expected<std::shared_ptr<const attnjit::Kernel>> prepared =
        engine->engine->Prepare(request.spec, device);
    if (!prepared) return ReportError(prepared.takeError(), error);
    auto result = std::make_unique<attnjit_kernel>();
    result->kernel = std::move(*prepared);
    *kernel = result.release();
    return ATTNJIT_OK;
  });
}

attnjit_status attnjit_build(attnjit_engine* engine, const char* spec, size_t spec_bytes,
                             const char* arch, attnjit_kernel** kernel, attnjit_error** error) {
  return Guard(error, [&]() -> attnjit_status {
    const Request request = ReadRequest(engine, spec, spec_bytes, kernel, error);
    if (request.status != ATTNJIT_OK) return request.status;
    const std::optional<attnjit::Arch> target =
        arch != nullptr ? attnjit::ParseArch(arch) : request.spec.arch;
    if (!target) {
      return ReportArgument(arch != nullptr
                                ? "arch must be a GPU that attnjit generates for, as in \"sm_90a\""
                                : "arch must be given, here or in the spec",
                            error);
    }
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
    if (llvm::Error e = CheckDTypes(c, kernel->kernel->plan().spec)) {
      return ReportError(std::move(e), error);
    }
    if (llvm::Error e = kernel->kernel->Launch(ToForwardArgs(c), stream)) {
      return ReportError(std::move(e), error);
    }
    return ATTNJIT_OK;
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
