#include "runtime/launch.h"

#include <algorithm>
#include <array>

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FormatVariadic.h"
#include "runtime/schedule.h"
#include "runtime/tensor_map.h"

namespace attnjit {
namespace {

/// Asks the driver where `data` lives. Memory that the driver will not tell about is let through: a
/// launch may not fail for want of a check.
llvm::Error CheckPlace(const Device& device, const char* name, const void* data) {
  if (data == nullptr) return llvm::Error::success();
  unsigned memory_type = 0;
  unsigned managed = 0;
  int ordinal = 0;
  cu::PointerAttribute attributes[] = {cu::kPointerMemoryType, cu::kPointerIsManaged,
                                       cu::kPointerDeviceOrdinal};
  void* values[] = {&memory_type, &managed, &ordinal};
  if (device.driver().pointer_get_attributes(std::size(attributes), attributes, values,
                                             reinterpret_cast<cu::DevicePtr>(data)) !=
      cu::kSuccess) {
    return llvm::Error::success();
  }
  if (memory_type == 0 && !device.reads_pageable_memory()) {
    return llvm::make_error<LaunchError>(
        name, llvm::formatv("{0}, ordinary host memory", data).str(), "must be device memory");
  }
  if (memory_type == cu::kMemoryTypeDevice && managed == 0 && ordinal != device.handle()) {
    return llvm::make_error<LaunchError>(
        name, llvm::formatv("{0} on device {1}", data, ordinal).str(),
        llvm::formatv("must be on device {0}, which the kernel was prepared for", device.ordinal())
            .str());
  }
  return llvm::Error::success();
}

llvm::Error CheckPlaces(const Device& device, const ForwardParams& params) {
  const std::pair<const char*, const void*> pointers[] = {
      {"q.data", params.q},
      {"k.data", params.k},
      {"v.data", params.v},
      {"o.data", params.o},
      {"lse.data", params.lse},
      {"cu_seqlens_q", params.cu_seqlens_q},
      {"cu_seqlens_kv", params.cu_seqlens_kv},
      {"workspace", params.split_counters},
  };
  for (const auto& [name, data] : pointers) {
    if (llvm::Error error = CheckPlace(device, name, data)) return error;
  }
  return llvm::Error::success();
}

/// The context to launch in, current for the calling thread for as long as it lives.
class LaunchContext {
 public:
  explicit LaunchContext(const LaunchTarget& target)
      : driver_(target.device->driver()), function_(target.function.function) {
    cu::Context current = nullptr;
    result_ = driver_.ctx_get_current(&current);
    if (result_ != cu::kSuccess || current == target.device->context()) return;
    if (current != nullptr && target.function.kernel != nullptr && IsOn(*target.device)) {
      // A context of the caller's own on this device: kernels of a library launch in any context.
      function_ = reinterpret_cast<cu::Function>(target.function.kernel);
      return;
    }
    result_ = driver_.ctx_push_current(target.device->context());
    pushed_ = result_ == cu::kSuccess;
  }
  ~LaunchContext() {
    cu::Context popped = nullptr;
    if (pushed_) driver_.ctx_pop_current(&popped);
  }
  LaunchContext(const LaunchContext&) = delete;
  LaunchContext& operator=(const LaunchContext&) = delete;

  llvm::Error TakeError() { return CheckDriver(driver_, "cuCtxPushCurrent", result_); }
  cu::Function function() const { return function_; }

 private:
  bool IsOn(const Device& device) const {
    cu::Device current = -1;
    return driver_.ctx_get_device(&current) == cu::kSuccess && current == device.handle();
  }

  const DriverTable& driver_;
  cu::Function function_;
  cu::Result result_ = cu::kSuccess;
  bool pushed_ = false;
};

/// How a tensor's tiles are loaded or stored.
struct TileBox {
  TileLayout layout;
  int heads = 1;  ///< Side by side in the rows of a box.
};

/// The boxes of q, k, v, o in the order of the entry point's maps; none where it takes no maps.
llvm::SmallVector<TileBox, 4> TileBoxes(const KernelPlan& plan) {
  if (const auto* p = std::get_if<Sm90Plan>(&plan.plan)) {
    return {{p->q, p->pack}, {p->k}, {p->v}};
  }
  if (const auto* p = std::get_if<Sm100Plan>(&plan.plan)) return {{p->q}, {p->k}, {p->v}, {p->o}};
  return {};
}

/// The entry point's parameters: ForwardParams, then the maps of q, k, v and o that it takes.
class KernelArguments {
 public:
  explicit KernelArguments(ForwardParams& params) : params_(params), pointers_{&params} {}

  llvm::Error EncodeMaps(const DriverTable& driver, const KernelPlan& plan,
                         const ForwardArgs& args) {
    const Problem& p = plan.spec.problem;
    const int64_t rows_q = p.packed ? args.total_q : args.seqlen_q;
    const int64_t rows_kv = p.packed ? args.total_kv : args.seqlen_kv;
    // With no keys k and v may be null, which no map can hold; nothing is read through theirs then.
    const void* k = rows_kv > 0 ? params_.k : params_.q;
    const void* v = rows_kv > 0 ? params_.v : params_.q;
    const int64_t batch = p.packed ? 1 : args.batch;
    const struct {
      const char* what;
      const void* data;
      Element element;
      int head_dim;
      int64_t rows;
      int64_t heads;
      const Strides& stride;
    } tensors[] = {
        {"q", params_.q, p.element, p.head_dim_qk, rows_q, args.heads_q, params_.q_stride},
        {"k", k, p.element, p.head_dim_qk, rows_kv, args.heads_kv, params_.k_stride},
        {"v", v, p.element, p.head_dim_v, rows_kv, args.heads_kv, params_.v_stride},
        {"o", params_.o, p.element_o, p.head_dim_v, rows_q, args.heads_q, params_.o_stride},
    };
    const llvm::SmallVector<TileBox, 4> boxes = TileBoxes(plan);
    for (size_t i = 0; i < boxes.size(); ++i) {
      const auto& t = tensors[i];
      const auto& [layout, heads] = boxes[i];
      pointers_[i + 1] = &maps_[i];
      if (llvm::Error e =
              EncodeTensorMap(driver, t.what,
                              {t.data, t.element, t.head_dim, t.rows, t.heads, batch, t.stride,
                               layout.chunk, layout.rows / heads, layout.swizzle_bytes(), heads},
                              maps_[i])) {
        return e;
      }
    }
    return llvm::Error::success();
  }

  void** pointers() { return pointers_.data(); }

 private:
  ForwardParams& params_;
  std::array<cu::TensorMap, 4> maps_;
  std::array<void*, 5> pointers_;
};

ScheduleLimits LimitsOf(const LaunchTarget& target) {
  const int64_t blocks = int64_t{target.device->sm_count()} * target.plan->blocks_per_sm;
  return {std::max<int64_t>(1, blocks / target.plan->cluster), target.device->l2_bytes()};
}

cu::LaunchConfig ConfigFor(const KernelPlan& plan, int64_t clusters, cu::Stream stream) {
  cu::LaunchConfig config;
  config.grid_x = static_cast<unsigned>(plan.cluster * clusters);
  config.block_x = static_cast<unsigned>(plan.threads);
  config.shared_bytes = static_cast<unsigned>(plan.smem_bytes);
  config.stream = stream;
  return config;
}

}  // namespace

llvm::Error LaunchForward(const LaunchTarget& target, const LaunchDefaults& defaults,
                          const ForwardArgs& args, cu::Stream stream) {
  const DriverTable& driver = target.device->driver();
  llvm::Expected<ForwardParams> params = MakeForwardParams(*target.plan, defaults, args);
  if (!params) return params.takeError();
  if (params->num_tiles == 0) return llvm::Error::success();
  if (target.check_pointers) {
    if (llvm::Error error = CheckPlaces(*target.device, *params)) return error;
  }
  LaunchContext context(target);
  if (llvm::Error error = context.TakeError()) return error;
  const ScheduleLimits limits = LimitsOf(target);
  SetSchedule(*target.plan, limits, *params);
  KernelArguments arguments(*params);
  if (llvm::Error error = arguments.EncodeMaps(driver, *target.plan, args)) return error;
  const cu::LaunchConfig config =
      ConfigFor(*target.plan, GridClusters(*target.plan, limits, *params), stream);
  const cu::Result result =
      driver.launch_kernel(&config, context.function(), arguments.pointers(), nullptr);
  if (result == cu::kSuccess) return llvm::Error::success();
  return MakeDriverError(driver, "cuLaunchKernelEx(" + target.plan->name + ")", result);
}

}  // namespace attnjit
