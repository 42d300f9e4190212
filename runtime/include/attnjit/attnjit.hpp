// attnjit for C++20: a header over attnjit.h that owns the handles. No exceptions: what can fail
// gives a Result, which holds a value or an Error.
//
//   attnjit::Result<attnjit::Engine> engine = attnjit::Engine::Create();
//   if (!engine) return Fail(engine.error());
//   auto kernel = engine->Prepare(R"({"head_dim": 128, "dtype": "bf16", "mask": "causal"})", 0);
//   if (!kernel) return Fail(kernel.error());
//   attnjit::ForwardArgs args;
//   args.q = attnjit::Bshd(q, attnjit::DType::kBf16, seqlen, heads, 128);
//   ...
//   if (attnjit::Status status = kernel->Launch(args, stream); !status) return
//   Fail(status.error());
//
// Contracts (threads, lifetimes, layouts, stream capture) are those of attnjit.h.
#ifndef ATTNJIT_ATTNJIT_HPP_
#define ATTNJIT_ATTNJIT_HPP_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "attnjit/attnjit.h"

namespace attnjit {
inline namespace v1 {

namespace detail {
struct Deleter {
  void operator()(attnjit_engine* engine) const { attnjit_engine_destroy(engine); }
  void operator()(attnjit_kernel* kernel) const { attnjit_kernel_destroy(kernel); }
  void operator()(attnjit_error* error) const { attnjit_error_destroy(error); }
  void operator()(attnjit_text* text) const { attnjit_text_destroy(text); }
  void operator()(attnjit_future* future) const { attnjit_future_destroy(future); }
};
template <typename T>
using Handle = std::unique_ptr<T, Deleter>;
}  // namespace detail

enum class ErrorCode : int32_t {
  kFailed = ATTNJIT_FAILED,            ///< The toolchain, driver or system failed.
  kInvalid = ATTNJIT_INVALID,          ///< The spec or an argument is invalid.
  kUnsupported = ATTNJIT_UNSUPPORTED,  ///< A valid spec that this GPU cannot run.
  kNotBuilt = ATTNJIT_NOT_BUILT,       ///< In no cache, and compiling was not allowed.
  kPending = ATTNJIT_PENDING,          ///< Not done yet.
  kCancelled = ATTNJIT_CANCELLED,
  kNotReadyInCapture = ATTNJIT_NOT_READY_IN_CAPTURE,
};

/// What went wrong, in which stage, and what to do. Strings live as long as the error.
class Error {
 public:
  /// `status` is what the call returned; `error` may be null.
  Error(attnjit_status status, attnjit_error* error) : status_(status), error_(error) {}
  ErrorCode code() const { return static_cast<ErrorCode>(status_); }
  std::string_view stage() const { return attnjit_error_stage(error_.get()); }
  std::string_view message() const { return attnjit_error_message(error_.get()); }
  /// A JSON array with an object for each problem (attnjit_error_details_json).
  std::string_view details_json() const { return attnjit_error_details_json(error_.get()); }
  std::string_view log() const { return attnjit_error_log(error_.get()); }

 private:
  attnjit_status status_;
  detail::Handle<attnjit_error> error_;
};

/// A value or an Error. Taking the one that is not there ends the process: look first.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: by design

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return Get<0>(state_); }
  const T& value() const& { return Get<0>(state_); }
  T&& value() && { return std::move(Get<0>(state_)); }
  T& operator*() & { return Get<0>(state_); }
  const T& operator*() const& { return Get<0>(state_); }
  T* operator->() { return &Get<0>(state_); }
  const T* operator->() const { return &Get<0>(state_); }
  const Error& error() const { return Get<1>(state_); }

 private:
  template <size_t kIndex, typename State>
  static auto& Get(State& state) {
    if (state.index() != kIndex) std::abort();
    return *std::get_if<kIndex>(&state);
  }
  std::variant<T, Error> state_;
};

/// Success or an Error.
using Status = Result<std::monostate>;

enum class DType : int32_t {
  kNone = ATTNJIT_DTYPE_NONE,
  kFp16 = ATTNJIT_DTYPE_FP16,
  kBf16 = ATTNJIT_DTYPE_BF16,
  kFp32 = ATTNJIT_DTYPE_FP32,
};

/// A tensor with any strides, in elements (attnjit_tensor says which may be used).
inline attnjit_tensor Tensor(void* data, DType dtype, int64_t stride_batch, int64_t stride_seq,
                             int64_t stride_head) {
  return {data, stride_batch, stride_seq, stride_head, static_cast<attnjit_dtype>(dtype), 0};
}
/// Contiguous [batch, seqlen, heads, head_dim].
inline attnjit_tensor Bshd(void* data, DType dtype, int64_t seqlen, int64_t heads,
                           int64_t head_dim) {
  return Tensor(data, dtype, seqlen * heads * head_dim, heads * head_dim, head_dim);
}
/// Contiguous [batch, heads, seqlen, head_dim].
inline attnjit_tensor Bhsd(void* data, DType dtype, int64_t seqlen, int64_t heads,
                           int64_t head_dim) {
  return Tensor(data, dtype, heads * seqlen * head_dim, head_dim, seqlen * head_dim);
}
/// Contiguous packed [tokens, heads, head_dim].
inline attnjit_tensor Thd(void* data, DType dtype, int64_t heads, int64_t head_dim) {
  return Tensor(data, dtype, 0, heads * head_dim, head_dim);
}
/// Contiguous lse [batch, heads_q, seqlen_q]; packed: [heads_q, total_q] with rows = total_q.
inline attnjit_tensor Lse(float* data, int64_t heads_q, int64_t rows) {
  return Tensor(data, DType::kFp32, heads_q * rows, 1, rows);
}

/// See attnjit_forward_args.
struct ForwardArgs {
  attnjit_tensor q = {};
  attnjit_tensor k = {};
  attnjit_tensor v = {};
  attnjit_tensor o = {};
  attnjit_tensor lse = {};
  int64_t batch = 0;
  int64_t heads_q = 0;
  int64_t heads_kv = 0;
  int64_t seqlen_q = 0;
  int64_t seqlen_kv = 0;
  const int32_t* cu_seqlens_q = nullptr;
  const int32_t* cu_seqlens_kv = nullptr;
  int64_t total_q = 0;
  int64_t total_kv = 0;
  void* workspace = nullptr;  ///< Of Kernel::WorkspaceBytes, zeroed once.
  size_t workspace_bytes = 0;
  std::optional<double> softmax_scale;  ///< Unset: the request's.
  std::optional<int32_t> window_left;   ///< Unset: the request's.
  std::optional<int32_t> window_right;  ///< Unset: the request's.

  attnjit_forward_args ToC() const {
    uint32_t overrides = 0;
    if (softmax_scale) overrides |= ATTNJIT_OVERRIDE_SOFTMAX_SCALE;
    if (window_left) overrides |= ATTNJIT_OVERRIDE_WINDOW_LEFT;
    if (window_right) overrides |= ATTNJIT_OVERRIDE_WINDOW_RIGHT;
    return {sizeof(attnjit_forward_args),
            q,
            k,
            v,
            o,
            lse,
            batch,
            heads_q,
            heads_kv,
            seqlen_q,
            seqlen_kv,
            cu_seqlens_q,
            cu_seqlens_kv,
            total_q,
            total_kv,
            softmax_scale.value_or(0),
            window_left.value_or(0),
            window_right.value_or(0),
            overrides,
            0,
            workspace,
            workspace_bytes};
  }
};

/// A built kernel; launchable if it was prepared for a device.
class Kernel {
 public:
  std::string_view name() const { return attnjit_kernel_name(kernel_.get()); }
  std::string_view key() const { return attnjit_kernel_key(kernel_.get()); }
  std::string_view info_json() const { return attnjit_kernel_info_json(kernel_.get()); }
  std::string_view source() const { return attnjit_kernel_source(kernel_.get()); }
  std::string_view ptx() const { return attnjit_kernel_ptx(kernel_.get()); }
  std::string_view compile_log() const { return attnjit_kernel_compile_log(kernel_.get()); }
  std::string_view cubin() const {
    size_t bytes = 0;
    const void* data = attnjit_kernel_cubin(kernel_.get(), &bytes);
    return {static_cast<const char*>(data), bytes};
  }
  /// See attnjit_workspace_bytes.
  Result<size_t> WorkspaceBytes(const ForwardArgs& args) const {
    const attnjit_forward_args c = args.ToC();
    size_t bytes = 0;
    attnjit_error* error = nullptr;
    const attnjit_status status = attnjit_workspace_bytes(kernel_.get(), &c, &bytes, &error);
    if (status != ATTNJIT_OK) return Error(status, error);
    return bytes;
  }
  /// `stream` is a CUstream or cudaStream_t of the kernel's device; null: the default stream.
  Status Launch(const ForwardArgs& args, void* stream) const {
    const attnjit_forward_args c = args.ToC();
    attnjit_error* error = nullptr;
    const attnjit_status status = attnjit_launch_forward(kernel_.get(), &c, stream, &error);
    if (status != ATTNJIT_OK) return Error(status, error);
    return std::monostate();
  }
  /// See attnjit_launch_forward_dlpack; struct_size is set here.
  Status LaunchDlpack(attnjit_dlpack_args args, void* stream) const {
    args.struct_size = sizeof(args);
    attnjit_error* error = nullptr;
    const attnjit_status status =
        attnjit_launch_forward_dlpack(kernel_.get(), &args, stream, &error);
    if (status != ATTNJIT_OK) return Error(status, error);
    return std::monostate();
  }

 private:
  friend class Engine;
  friend class Future;
  explicit Kernel(attnjit_kernel* kernel) : kernel_(kernel) {}
  detail::Handle<attnjit_kernel> kernel_;
};

/// A kernel that is being prepared by a thread of the engine's.
class Future {
 public:
  /// The kernel, once it is there; waits as long as it takes.
  Result<Kernel> Wait() { return WaitFor(-1); }
  /// An error of code kPending where it is not done within `nanoseconds` (0: looks).
  Result<Kernel> WaitFor(int64_t nanoseconds) {
    attnjit_kernel* kernel = nullptr;
    attnjit_error* error = nullptr;
    const attnjit_status status = attnjit_future_wait(future_.get(), nanoseconds, &kernel, &error);
    if (status != ATTNJIT_OK) return Error(status, error);
    return Kernel(kernel);
  }
  bool IsDone() const {
    return attnjit_future_wait(future_.get(), 0, nullptr, nullptr) != ATTNJIT_PENDING;
  }
  void Cancel() { attnjit_future_cancel(future_.get()); }

 private:
  friend class Engine;
  explicit Future(attnjit_future* future) : future_(future) {}
  detail::Handle<attnjit_future> future_;
};

/// See attnjit_engine_options.
struct EngineOptions {
  std::string cache_dir;             ///< "": the default.
  std::string nvrtc_path;            ///< "": the default.
  std::string driver_path;           ///< "": the default.
  std::string read_only_cache_dirs;  ///< Separated by ':'.
  bool disk_cache = true;
  bool never_compile = false;
  bool group_shared_cache = false;
  bool trust_cache_owners = false;
  uint64_t cache_max_bytes = 0;  ///< 0: the default.
  int32_t async_threads = 0;     ///< 0: the default.
  /// Copied; what `user` points to must outlive the engine and its kernels. struct_size is set
  /// here.
  std::optional<attnjit_callbacks> callbacks;
};

/// See attnjit_get_options.
struct GetOptions {
  void* stream = nullptr;
  bool allow_compile = false;
};

namespace detail {
/// Calls a function of the C interface that gives a text.
template <typename Call>
Result<std::string> Text(Call call) {
  attnjit_text* text = nullptr;
  attnjit_error* error = nullptr;
  const attnjit_status status = call(&text, &error);
  const Handle<attnjit_text> owned(text);
  if (status != ATTNJIT_OK) return Error(status, error);
  return std::string(attnjit_text_data(text), attnjit_text_size(text));
}
inline const char* OrNull(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }
}  // namespace detail

/// There is a kernel for it on `arch` ("": the spec's own); else an error that says what is
/// missing.
inline Status Supported(std::string_view spec, const std::string& arch = "") {
  attnjit_error* error = nullptr;
  const attnjit_status status =
      attnjit_supported(spec.data(), spec.size(), detail::OrNull(arch), &error);
  if (status != ATTNJIT_OK) return Error(status, error);
  return std::monostate();
}
/// See attnjit_canonical_spec.
inline Result<std::string> CanonicalSpec(std::string_view spec) {
  return detail::Text([&](attnjit_text** text, attnjit_error** error) {
    return attnjit_canonical_spec(spec.data(), spec.size(), text, error);
  });
}
/// The CUDA source of a spec's kernel.
inline Result<std::string> Source(std::string_view spec, const std::string& arch = "") {
  return detail::Text([&](attnjit_text** text, attnjit_error** error) {
    return attnjit_source(spec.data(), spec.size(), detail::OrNull(arch), text, error);
  });
}
/// Its plan, with reasons, as JSON.
inline Result<std::string> ExplainJson(std::string_view spec, const std::string& arch = "") {
  return detail::Text([&](attnjit_text** text, attnjit_error** error) {
    return attnjit_explain_json(spec.data(), spec.size(), detail::OrNull(arch), text, error);
  });
}

class Engine {
 public:
  static Result<Engine> Create(const EngineOptions& options = {}) {
    attnjit_callbacks callbacks = options.callbacks.value_or(attnjit_callbacks{});
    callbacks.struct_size = sizeof(callbacks);
    attnjit_engine_options c = {};
    c.struct_size = sizeof(c);
    c.cache_dir = detail::OrNull(options.cache_dir);
    c.nvrtc_path = detail::OrNull(options.nvrtc_path);
    c.driver_path = detail::OrNull(options.driver_path);
    c.no_disk_cache = options.disk_cache ? 0 : 1;
    c.never_compile = options.never_compile ? 1 : 0;
    c.callbacks = options.callbacks ? &callbacks : nullptr;
    c.read_only_cache_dirs = detail::OrNull(options.read_only_cache_dirs);
    c.cache_max_bytes = options.cache_max_bytes;
    c.group_shared_cache = options.group_shared_cache ? 1 : 0;
    c.trust_cache_owners = options.trust_cache_owners ? 1 : 0;
    c.async_threads = options.async_threads;
    attnjit_engine* engine = nullptr;
    attnjit_error* error = nullptr;
    const attnjit_status status = attnjit_engine_create(&c, &engine, &error);
    if (status != ATTNJIT_OK) return Error(status, error);
    return Engine(engine);
  }

  /// The kernel of a JSON spec, ready on a device.
  Result<Kernel> Prepare(std::string_view spec, int device) {
    attnjit_kernel* kernel = nullptr;
    attnjit_error* error = nullptr;
    const attnjit_status status =
        attnjit_prepare(engine_.get(), spec.data(), spec.size(), device, &kernel, &error);
    if (status != ATTNJIT_OK) return Error(status, error);
    return Kernel(kernel);
  }

  /// For the path of a request: compiles nothing unless allowed, and loads nothing while the stream
  /// is being captured (attnjit_get).
  Result<Kernel> Get(std::string_view spec, int device, const GetOptions& options = {}) {
    const attnjit_get_options c = {sizeof(attnjit_get_options), options.stream,
                                   options.allow_compile ? 1 : 0, 0};
    attnjit_kernel* kernel = nullptr;
    attnjit_error* error = nullptr;
    const attnjit_status status =
        attnjit_get(engine_.get(), spec.data(), spec.size(), device, &c, &kernel, &error);
    if (status != ATTNJIT_OK) return Error(status, error);
    return Kernel(kernel);
  }

  /// Prepared by a thread of the engine's; of those that wait the highest priority is first.
  Result<Future> PrepareAsync(std::string_view spec, int device, int priority = 0) {
    const attnjit_async_options c = {sizeof(attnjit_async_options), priority, 0};
    attnjit_future* future = nullptr;
    attnjit_error* error = nullptr;
    const attnjit_status status =
        attnjit_prepare_async(engine_.get(), spec.data(), spec.size(), device, &c, &future, &error);
    if (status != ATTNJIT_OK) return Error(status, error);
    return Future(future);
  }

  /// See attnjit_key.
  Result<std::string> Key(std::string_view spec, const std::string& arch = "") {
    return detail::Text([&](attnjit_text** text, attnjit_error** error) {
      return attnjit_key(engine_.get(), spec.data(), spec.size(), detail::OrNull(arch), text,
                         error);
    });
  }

  attnjit_statistics Statistics() const {
    attnjit_statistics statistics = {};
    statistics.struct_size = sizeof(statistics);
    attnjit_engine_statistics(engine_.get(), &statistics, nullptr);
    return statistics;
  }

  /// Builds into the cache without GPU or driver. `arch` as in "sm_90a"; "": the spec's own.
  Result<Kernel> Build(std::string_view spec, const std::string& arch = "") {
    attnjit_kernel* kernel = nullptr;
    attnjit_error* error = nullptr;
    const attnjit_status status =
        attnjit_build(engine_.get(), spec.data(), spec.size(),
                      arch.empty() ? nullptr : arch.c_str(), &kernel, &error);
    if (status != ATTNJIT_OK) return Error(status, error);
    return Kernel(kernel);
  }

 private:
  explicit Engine(attnjit_engine* engine) : engine_(engine) {}
  detail::Handle<attnjit_engine> engine_;
};

}  // namespace v1
}  // namespace attnjit

#endif  // ATTNJIT_ATTNJIT_HPP_
