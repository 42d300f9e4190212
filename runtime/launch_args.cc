// From ForwardArgs to ForwardParams, or the first thing wrong with them.
#include <cmath>
#include <limits>
#include <numbers>

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "runtime/launch.h"
#include "runtime/tensor_map.h"
#include "runtime/workspace.h"

namespace attnjit {
namespace {

constexpr int64_t kInt32Max = std::numeric_limits<int32_t>::max();
// Turns of a schedule, which has a few more than tiles, and one round beyond the last fit an i32.
constexpr int64_t kMostTiles = int64_t{1} << 30;
constexpr int64_t kElementBytes = 2;
constexpr int64_t kAlignment = 16;  // TMA, cp.async and 16-byte loads.
constexpr int64_t kStrideMultiple = kTensorMapStrideMultiple / kElementBytes;
constexpr int64_t kStrideLimit = kTensorMapStrideLimit / kElementBytes;

template <typename T>
llvm::Error Wrong(const std::string& argument, const T& value, std::string allowed) {
  std::string text;
  llvm::raw_string_ostream(text) << value;
  return llvm::make_error<LaunchError>(argument, std::move(text), std::move(allowed));
}

llvm::Error CheckCount(const char* name, int64_t value) {
  if (value >= 0 && value <= kInt32Max) return llvm::Error::success();
  return Wrong(name, value, "must be from 0 to 2147483647");
}

llvm::Error CheckCounts(const ForwardArgs& args, bool packed) {
  const std::pair<const char*, int64_t> counts[] = {
      {"batch", args.batch},       {"heads_q", args.heads_q},     {"heads_kv", args.heads_kv},
      {"seqlen_q", args.seqlen_q}, {"seqlen_kv", args.seqlen_kv}, {"total_q", args.total_q},
      {"total_kv", args.total_kv},
  };
  for (const auto& [name, value] : counts) {
    if (llvm::Error error = CheckCount(name, value)) return error;
  }
  if (!packed && (args.total_q != 0 || args.total_kv != 0)) {
    return Wrong(args.total_q != 0 ? "total_q" : "total_kv",
                 args.total_q != 0 ? args.total_q : args.total_kv,
                 "must be 0: only the thd layout packs its sequences");
  }
  return llvm::Error::success();
}

llvm::Error CheckMultiple(const char* name, int64_t seqlen, int64_t multiple) {
  if (seqlen % multiple == 0) return llvm::Error::success();
  return Wrong(
      name, seqlen,
      llvm::formatv("must be a multiple of {0}: the request's hints promise it", multiple));
}

/// What the compiled kernel takes for granted about the problem's sizes.
llvm::Error CheckSizes(const KernelPlan& plan, const LaunchDefaults& defaults,
                       const ForwardArgs& args) {
  const Problem& problem = plan.spec.problem;
  if (args.heads_q != args.heads_kv * problem.group) {
    return Wrong("heads_q", args.heads_q,
                 llvm::formatv("must be {0} x heads_kv = {1}: the ratio is compiled in",
                               problem.group, args.heads_kv * problem.group));
  }
  if (defaults.equal_lengths && args.seqlen_q != args.seqlen_kv) {
    return Wrong(
        "seqlen_kv", args.seqlen_kv,
        llvm::formatv("must be seqlen_q = {0}: the request names no align; set \"align\" to "
                      "\"top_left\" or \"bottom_right\"",
                      args.seqlen_q));
  }
  const int64_t at_most = defaults.seqlen_q_at_most;
  if (at_most != 0 && args.seqlen_q > at_most) {
    return Wrong("seqlen_q", args.seqlen_q,
                 llvm::formatv("must be at most {0}: the request's hints promise it", at_most));
  }
  if (problem.packed) return llvm::Error::success();  // Lengths are on the device.
  if (llvm::Error e = CheckMultiple("seqlen_q", args.seqlen_q, plan.spec.seqlen_q_multiple_of)) {
    return e;
  }
  return CheckMultiple("seqlen_kv", args.seqlen_kv, plan.spec.seqlen_kv_multiple_of);
}

/// The sizes that a tensor's strides step over.
struct Extent {
  int64_t batch;
  int64_t seq;
  int64_t heads;
};

enum class Access { kRead, kWrite };

llvm::Error CheckStride(const std::string& name, int64_t stride, int64_t size, int64_t multiple,
                        Access access) {
  if (size <= 1) return llvm::Error::success();
  if (stride < 0 || stride >= kStrideLimit || stride % multiple != 0) {
    return Wrong(name, stride,
                 llvm::formatv("must be from 0 to {0} elements and a multiple of {1}{2}",
                               kStrideLimit - multiple, multiple,
                               multiple == 1 ? "" : " (16 bytes: what TMA and cp.async can take)"));
  }
  if (stride == 0 && access == Access::kWrite) {
    return Wrong(name, stride, "must not be 0: rows of the output would overwrite each other");
  }
  return llvm::Error::success();
}

llvm::Error CheckPointer(const std::string& name, const void* data, int64_t alignment) {
  if (data == nullptr) return Wrong(name, "null", "must be device memory");
  if (reinterpret_cast<uintptr_t>(data) % alignment == 0) return llvm::Error::success();
  return Wrong(name, data, llvm::formatv("must be {0}-byte aligned", alignment));
}

llvm::Error CheckTensor(const char* name, const TensorArg& tensor, const Extent& extent,
                        Access access) {
  const std::string n = name;
  if (llvm::Error e = CheckPointer(n + ".data", tensor.data, kAlignment)) return e;
  const Strides& s = tensor.stride;
  if (llvm::Error e =
          CheckStride(n + ".stride.batch", s.batch, extent.batch, kStrideMultiple, access)) {
    return e;
  }
  if (llvm::Error e = CheckStride(n + ".stride.seq", s.seq, extent.seq, kStrideMultiple, access)) {
    return e;
  }
  return CheckStride(n + ".stride.head", s.head, extent.heads, kStrideMultiple, access);
}

llvm::Error CheckLse(const Problem& problem, const TensorArg& lse, const Extent& extent) {
  if (!problem.lse) {
    if (lse.data == nullptr) return llvm::Error::success();
    return Wrong("lse.data", lse.data, "must be null: the request has \"lse\": false");
  }
  if (llvm::Error e = CheckPointer("lse.data", lse.data, sizeof(float))) return e;
  if (extent.seq > 1 && lse.stride.seq != 1) {
    return Wrong("lse.stride.seq", lse.stride.seq, "must be 1");
  }
  if (llvm::Error e =
          CheckStride("lse.stride.batch", lse.stride.batch, extent.batch, 1, Access::kWrite)) {
    return e;
  }
  return CheckStride("lse.stride.head", lse.stride.head, extent.heads, 1, Access::kWrite);
}

llvm::Error CheckCuSeqlens(bool packed, const char* name, const int32_t* data) {
  if (packed) return CheckPointer(name, data, sizeof(int32_t));
  if (data == nullptr) return llvm::Error::success();
  return Wrong(name, static_cast<const void*>(data), "must be null: the layout is not thd");
}

llvm::Error CheckTensors(const Problem& problem, const ForwardArgs& args) {
  const int64_t batch = problem.packed ? 1 : args.batch;
  const int64_t rows_q = problem.packed ? args.total_q : args.seqlen_q;
  const int64_t rows_kv = problem.packed ? args.total_kv : args.seqlen_kv;
  const Extent q = {batch, rows_q, args.heads_q};
  const Extent kv = {batch, rows_kv, args.heads_kv};
  if (llvm::Error e = CheckCuSeqlens(problem.packed, "cu_seqlens_q", args.cu_seqlens_q)) return e;
  if (llvm::Error e = CheckCuSeqlens(problem.packed, "cu_seqlens_kv", args.cu_seqlens_kv)) return e;
  if (llvm::Error e = CheckTensor("q", args.q, q, Access::kRead)) return e;
  if (rows_kv > 0) {
    if (llvm::Error e = CheckTensor("k", args.k, kv, Access::kRead)) return e;
    if (llvm::Error e = CheckTensor("v", args.v, kv, Access::kRead)) return e;
  }
  if (llvm::Error e = CheckTensor("o", args.o, q, Access::kWrite)) return e;
  return CheckLse(problem, args.lse, q);
}

llvm::Error SetWindow(const char* name, Bound bound, const std::optional<int32_t>& given,
                      const std::optional<int32_t>& fallback, i32& window) {
  if (bound != Bound::kRuntime) {
    if (!given) return llvm::Error::success();
    return Wrong(name, *given, "must not be given: the request's mask has no such window");
  }
  const std::optional<int32_t>& value = given ? given : fallback;
  if (!value) return Wrong(name, "none", "must be given: neither request nor launch has one");
  if (*value < 0) return Wrong(name, *value, "must be 0 or more");
  window = *value;
  return llvm::Error::success();
}

/// Positive and normal in fp32, so that a masked score times the scale is never 0 * infinity.
llvm::Error SetScale(double scale, ForwardParams& params) {
  params.softmax_scale = static_cast<float>(scale);
  params.softmax_scale_log2 = static_cast<float>(scale * std::numbers::log2e);
  if (scale > 0 && std::isnormal(params.softmax_scale) &&
      std::isfinite(params.softmax_scale_log2)) {
    return llvm::Error::success();
  }
  return Wrong("softmax_scale", scale, "must be positive and within fp32's normal range");
}

/// Tiles, and the pieces they are cut into; 0 tiles where no row of o exists.
llvm::Error SetTiles(const KernelPlan& plan, const ForwardArgs& args, ForwardParams& params) {
  const bool no_tokens = plan.spec.problem.packed && args.total_q == 0;
  const int64_t tiles_q = no_tokens ? 0 : (args.seqlen_q + plan.tile_m - 1) / plan.tile_m;
  const int64_t heads = args.heads_q / plan.tile_heads;
  const int64_t splits = MostSplits(plan, args, params);
  int64_t tiles = 0;
  if (__builtin_mul_overflow(tiles_q * heads, args.batch, &tiles) || tiles > kMostTiles / splits) {
    return Wrong("batch", args.batch,
                 llvm::formatv("is too large: {0} tiles of {1} query rows x {2} heads x batch must "
                               "be at most {3}",
                               tiles_q, plan.tile_m, heads, kMostTiles / splits));
  }
  if (splits > 1 && tiles * plan.tile_counters > kSplitCounters) {
    return Wrong("batch", args.batch,
                 llvm::formatv("is too large: {0} tiles of {1} query rows x {2} heads x batch must "
                               "be at most {3} where K/V is split",
                               tiles_q, plan.tile_m, heads, kSplitCounters / plan.tile_counters));
  }
  params.tiles_q = static_cast<i32>(tiles_q);
  params.num_tiles = static_cast<i32>(tiles * splits);
  params.splits = static_cast<i32>(splits);
  if (splits > 1) {
    params.partial_rows =
        static_cast<i32>(std::min<int64_t>(plan.tile_m, args.seqlen_q) * plan.tile_heads);
  }
  return llvm::Error::success();
}

llvm::Error SetWorkspace(const KernelPlan& plan, const ForwardArgs& args, ForwardParams& params) {
  const int64_t needed = WorkspaceBytesOf(plan, params);
  if (needed == 0) return llvm::Error::success();
  const std::string allowed = llvm::formatv(
      "must be {0} bytes of device memory, zeroed before their first launch: the kernel splits K/V "
      "over thread blocks",
      needed);
  if (args.workspace == nullptr) return Wrong("workspace", "null", allowed);
  if (args.workspace_bytes < needed) return Wrong("workspace_bytes", args.workspace_bytes, allowed);
  if (llvm::Error e = CheckPointer("workspace", args.workspace, kWorkspaceAlignment)) return e;
  PlaceWorkspace(plan, args.workspace, params);
  return llvm::Error::success();
}

void CopyArgs(const ForwardArgs& args, ForwardParams& params) {
  params.q = args.q.data;
  params.k = args.k.data;
  params.v = args.v.data;
  params.o = args.o.data;
  params.lse = static_cast<float*>(args.lse.data);
  params.cu_seqlens_q = args.cu_seqlens_q;
  params.cu_seqlens_kv = args.cu_seqlens_kv;
  params.q_stride = args.q.stride;
  params.k_stride = args.k.stride;
  params.v_stride = args.v.stride;
  params.o_stride = args.o.stride;
  params.lse_stride = args.lse.stride;
  params.batch = static_cast<i32>(args.batch);
  params.heads_q = static_cast<i32>(args.heads_q);
  params.heads_kv = static_cast<i32>(args.heads_kv);
  params.seqlen_q = static_cast<i32>(args.seqlen_q);
  params.seqlen_kv = static_cast<i32>(args.seqlen_kv);
}

}  // namespace

char LaunchError::ID = 0;

void LaunchError::log(llvm::raw_ostream& os) const {
  os << argument_ << ' ' << allowed_ << "; got " << value_ << "; nothing was launched";
}

std::error_code LaunchError::convertToErrorCode() const {
  return std::make_error_code(std::errc::invalid_argument);
}

LaunchDefaults LaunchDefaultsOf(const AttentionSpec& spec) {
  return {spec.softmax_scale, spec.mask.left, spec.mask.right, spec.align == Align::kEqualLengths,
          spec.seqlen_q_at_most};
}

/// Everything but the tensors.
static llvm::Expected<ForwardParams> MakeSizes(const KernelPlan& plan,
                                               const LaunchDefaults& defaults,
                                               const ForwardArgs& args) {
  const Problem& problem = plan.spec.problem;
  ForwardParams params = {};
  if (llvm::Error e = CheckCounts(args, problem.packed)) return e;
  if (llvm::Error e = CheckSizes(plan, defaults, args)) return e;
  if (llvm::Error e = SetScale(args.softmax_scale.value_or(defaults.softmax_scale), params)) {
    return e;
  }
  if (llvm::Error e = SetWindow("window_left", problem.left, args.window_left, defaults.window_left,
                                params.window_left)) {
    return e;
  }
  if (llvm::Error e = SetWindow("window_right", problem.right, args.window_right,
                                defaults.window_right, params.window_right)) {
    return e;
  }
  if (llvm::Error e = SetTiles(plan, args, params)) return e;
  return params;
}

llvm::Expected<int64_t> ForwardWorkspaceBytes(const KernelPlan& plan,
                                              const LaunchDefaults& defaults,
                                              const ForwardArgs& args) {
  llvm::Expected<ForwardParams> params = MakeSizes(plan, defaults, args);
  if (!params) return params.takeError();
  return WorkspaceBytesOf(plan, *params);
}

llvm::Expected<ForwardParams> MakeForwardParams(const KernelPlan& plan,
                                                const LaunchDefaults& defaults,
                                                const ForwardArgs& args) {
  llvm::Expected<ForwardParams> params = MakeSizes(plan, defaults, args);
  if (!params) return params.takeError();
  if (params->num_tiles != 0) {
    if (llvm::Error e = CheckTensors(plan.spec.problem, args)) return e;
    if (llvm::Error e = SetWorkspace(plan, args, *params)) return e;
  }
  CopyArgs(args, *params);
  return params;
}

}  // namespace attnjit
