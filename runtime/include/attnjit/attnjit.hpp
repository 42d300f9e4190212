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
};
template <typename T>
using Handle = std::unique_ptr<T, Deleter>;
}  // namespace detail

enum class ErrorCode : int32_t {
  kFailed = ATTNJIT_FAILED,            ///< The toolchain, driver or system failed.
  kInvalid = ATTNJIT_INVALID,          ///< The spec or an argument is invalid.
  kUnsupported = ATTNJIT_UNSUPPORTED,  ///< A valid spec that this GPU cannot run.
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

 private:
  friend class Engine;
  explicit Kernel(attnjit_kernel* kernel) : kernel_(kernel) {}
  detail::Handle<attnjit_kernel> kernel_;
};

struct EngineOptions {
  std::string cache_dir;    ///< "": the default.
  std::string nvrtc_path;   ///< "": the default.
  std::string driver_path;  ///< "": the default.
  bool disk_cache = true;
};

class Engine {
 public:
  static Result<Engine> Create(const EngineOptions& options = {}) {
    const auto text = [](const std::string& s) { return s.empty() ? nullptr : s.c_str(); };
    const attnjit_engine_options c = {sizeof(attnjit_engine_options), text(options.cache_dir),
                                      text(options.nvrtc_path),       text(options.driver_path),
                                      options.disk_cache ? 0 : 1,     0};
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
